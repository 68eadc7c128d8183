"""`assay check`, `show` and `trust` as programs, on media made here."""

import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.cli.exit_codes import ExitCode
from service.reporting.report import Report, Verdict
from tests import bad_media, media, signing
from tests.service.command_line import Ran, assay

PROVENANCE = ("--only", "provenance")


@pytest.fixture(scope="module")
def authority() -> signing.Authority:
    return signing.Authority.create()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, authority: signing.Authority) -> Path:
    folder = tmp_path_factory.mktemp("media")
    photo = media.jpeg(media.photo_like(640, 480))
    actions = [signing.action(source_type=signing.CAPTURED)]
    signed = signing.sign(photo, authority.issue(), actions=actions).data
    (folder / "plain.jpg").write_bytes(photo)
    (folder / "signed.jpg").write_bytes(signed)
    (folder / "appended.jpg").write_bytes(signed + b"x")
    (folder / "declared.jpg").write_bytes(media.declared_ai_jpeg(256, 256))
    (folder / "root.pem").write_text(authority.root_pem)
    return folder


def _report(text: str) -> Report:
    return Report.model_validate_json(text)


def test_a_plain_photo_shows_nothing_and_exits_with_zero(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", *PROVENANCE, folder / "plain.jpg", data=tmp_path)
    assert ran.code == ExitCode.NOTHING_FOUND
    assert "No sign found" in ran.out
    assert "Only provenance was asked for" in ran.out
    assert ran.err == ""


def test_a_file_that_declares_ai_exits_with_one_and_says_so(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", *PROVENANCE, folder / "declared.jpg", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    assert "Declared AI" in ran.out


def test_a_signer_counts_once_the_operator_trusts_the_list(folder: Path, tmp_path: Path) -> None:
    signed = ("check", *PROVENANCE, "--json", folder / "signed.jpg")
    assert _report(assay(*signed, data=tmp_path).out).verdict is not Verdict.VERIFIED_CAPTURE
    added = assay("trust", "add", folder / "root.pem", "--name", "desk", data=tmp_path)
    assert added.code == 0
    assert _report(assay(*signed, data=tmp_path).out).verdict is Verdict.VERIFIED_CAPTURE
    assert "desk" in assay("trust", "list", data=tmp_path).out
    assert assay("trust", "remove", "desk", data=tmp_path).code == 0
    assert _report(assay(*signed, data=tmp_path).out).verdict is not Verdict.VERIFIED_CAPTURE


def test_a_file_changed_after_signing_is_broken(folder: Path, tmp_path: Path) -> None:
    ran = assay("check", *PROVENANCE, "--json", folder / "appended.jpg", data=tmp_path)
    assert ran.code == ExitCode.FOUND
    assert _report(ran.out).verdict is Verdict.CREDENTIALS_BROKEN


def test_many_inputs_give_one_json_line_each(folder: Path, tmp_path: Path) -> None:
    files = [folder / "plain.jpg", folder / "declared.jpg"]
    ran = assay("check", *PROVENANCE, "--json", *files, data=tmp_path)
    assert [_report(line).subject.name for line in ran.out.splitlines()] == [
        "plain.jpg",
        "declared.jpg",
    ]


def test_standard_input_is_analysed(folder: Path, tmp_path: Path) -> None:
    data = (folder / "declared.jpg").read_bytes()
    ran = assay("check", *PROVENANCE, "--json", "-", data=tmp_path, stdin=data)
    assert _report(ran.out).verdict is Verdict.DECLARED_AI


def test_one_unreadable_input_does_not_stop_the_others(folder: Path, tmp_path: Path) -> None:
    files = [folder / "gone.jpg", folder / "plain.jpg"]
    ran = assay("check", *PROVENANCE, "--json", *files, data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert _report(ran.out).subject.name == "plain.jpg"
    assert ran.err == f"assay: {folder}/gone.jpg: No such file or directory [unreadable]\n"


def test_a_pdf_is_written_that_says_it_is_not_signed(folder: Path, tmp_path: Path) -> None:
    out, keys = tmp_path / "one.pdf", tmp_path / "keys.json"
    keys.write_text('{"keys": []}')
    made = assay("check", *PROVENANCE, folder / "plain.jpg", "--pdf", out, data=tmp_path)
    assert out.read_bytes().startswith(b"%PDF-1.7")
    assert f"wrote {out}" in made.err
    assert "No sign found" in assay("show", out, data=tmp_path).out
    refused = assay("verify-report", out, "--keys", keys, data=tmp_path)
    assert refused.code == ExitCode.NOT_ANALYSED
    assert "[signature_invalid]" in refused.err


def test_standard_output_takes_one_document(folder: Path, tmp_path: Path) -> None:
    plain = folder / "plain.jpg"
    printed = assay("check", *PROVENANCE, plain, "--json", "--pdf", "-", data=tmp_path)
    assert printed.code == ExitCode.USAGE
    assert "[usage]" in printed.err
    both = assay("check", *PROVENANCE, plain, "--html", "-", "--pdf", "-", data=tmp_path)
    assert both.code == ExitCode.USAGE


def test_html_reports_are_written_to_a_file_or_into_a_folder(folder: Path, tmp_path: Path) -> None:
    one, many = tmp_path / "one.html", tmp_path / "many"
    photo, declared = folder / "plain.jpg", folder / "declared.jpg"
    assay("check", *PROVENANCE, photo, "--html", one, data=tmp_path)
    assay("check", *PROVENANCE, photo, declared, "--html", many, data=tmp_path)
    assert "plain.jpg" in one.read_text()
    assert sorted(path.name.split("-")[0] for path in many.iterdir()) == [
        "declared.jpg",
        "plain.jpg",
    ]
    refused = assay("check", *PROVENANCE, photo, declared, "--html", one, data=tmp_path)
    assert refused.code == ExitCode.USAGE


@pytest.mark.parametrize(
    "asked", [(*PROVENANCE, "--fast"), (*PROVENANCE, "--thorough"), ("--fast", "--thorough")]
)
def test_options_that_ask_for_more_and_less_exclude_each_other(
    asked: tuple[str, ...], folder: Path, tmp_path: Path
) -> None:
    ran = assay("check", *asked, folder / "plain.jpg", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert asked[-1] in ran.err


REFUSED = {
    "empty.jpg": "empty_file",
    "text.jpg": "unsupported_kind",
    "archive.zip": "unsupported_kind",
    "noise.bin": "unsupported_kind",
}


@pytest.fixture(scope="module")
def bad_inputs(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """What one command says about every bad input at once."""
    folder = tmp_path_factory.mktemp("bad")
    for name, make in bad_media.BAD_INPUTS.items():
        (folder / name).write_bytes(make())
    files = [folder / name for name in bad_media.BAD_INPUTS]
    return assay("check", "--json", *files, data=folder)


@pytest.mark.parametrize("name", list(bad_media.BAD_INPUTS))
def test_bad_input_ends_in_a_code_or_in_a_report(name: str, bad_inputs: Ran) -> None:
    reports = {report.subject.name for report in map(_report, bad_inputs.out.splitlines())}
    refusals = [line for line in bad_inputs.err.splitlines() if f"/{name}: " in line]
    if name in REFUSED:
        assert name not in reports
        assert [line.rpartition(" ")[2] for line in refusals] == [f"[{REFUSED[name]}]"]
    else:
        assert name in reports
        assert not refusals


def test_bad_input_never_ends_in_a_traceback(bad_inputs: Ran) -> None:
    assert bad_inputs.code in {ExitCode.NOT_ANALYSED, ExitCode.FOUND}
    assert "Traceback" not in bad_inputs.err


def test_a_file_over_the_limit_is_refused(folder: Path, tmp_path: Path) -> None:
    limit = {"ASSAY_UPLOADS__IMAGE_BYTES": "1000"}
    ran = assay("check", folder / "plain.jpg", data=tmp_path, more=limit)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[file_too_large]" in ran.err


def test_a_hostile_name_is_shown_without_control_characters(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "evil\x1b]0;gotcha\x07\u202egpj.exe\n[red]"
    path.write_bytes((folder / "plain.jpg").read_bytes())
    ran = assay("check", *PROVENANCE, path, data=tmp_path)
    assert not {"\x1b", "\x07", "\u202e"} & set(ran.out)
    assert "[red]" in ran.out
    gone = assay("check", tmp_path / "no\x1b[31m\u202e", data=tmp_path)
    assert not {"\x1b", "\u202e"} & set(gone.err)


@pytest.fixture
def local_server(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """A web server on the loopback address, and the requests that reached it."""
    asked: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(204)
            self.end_headers()

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_an_address_inside_the_own_network_is_refused(
    local_server: tuple[str, list[str]], tmp_path: Path
) -> None:
    address, asked = local_server
    ran = assay("check", f"{address}/photo.jpg", data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[url_refused]" in ran.err
    assert asked == []


def test_a_remote_manifest_is_reported_and_never_fetched(
    local_server: tuple[str, list[str]], tmp_path: Path, authority: signing.Authority
) -> None:
    address, asked = local_server
    path = tmp_path / "remote.jpg"
    photo = media.jpeg(media.photo_like(320, 240))
    pointer = f"{address}/manifest.c2pa"
    signed = signing.sign(photo, authority.issue(), embed=False, remote_url=pointer)
    path.write_bytes(signed.data)
    ran = assay("check", *PROVENANCE, "--json", path, data=tmp_path)
    assert "remote_manifest" in {item.reason for item in _report(ran.out).not_checked}
    assert asked == []


def test_a_report_is_read_back_in_and_shown_the_same(folder: Path, tmp_path: Path) -> None:
    photo = folder / "declared.jpg"
    report = tmp_path / "report.json"
    report.write_text(assay("check", *PROVENANCE, "--json", photo, data=tmp_path).out)
    shown = assay("show", report, data=tmp_path)
    assert shown.code == ExitCode.FOUND
    assert "Declared AI" in shown.out
    piped = assay("show", "-", data=tmp_path, stdin=report.read_bytes())
    assert piped.out == shown.out


@pytest.mark.parametrize(
    "text", ["", "nonsense", "[]", '{"schema_version": "99"}', '{"verdict": NaN}']
)
def test_what_is_no_report_is_refused_by_code(text: str, tmp_path: Path) -> None:
    ran = assay("show", "-", data=tmp_path, stdin=text.encode())
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[report_invalid]" in ran.err


def test_a_report_with_a_field_too_many_is_refused(folder: Path, tmp_path: Path) -> None:
    photo = folder / "plain.jpg"
    fields = json.loads(assay("check", *PROVENANCE, "--json", photo, data=tmp_path).out)
    altered = json.dumps({**fields, "authentic": True}).encode()
    ran = assay("show", "-", data=tmp_path, stdin=altered)
    assert "authentic" in ran.err
    assert "[report_invalid]" in ran.err


@pytest.mark.parametrize("content", [b"", b"no certificate here", b"\x00" * 64])
def test_a_trust_list_without_a_certificate_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "list.pem"
    path.write_bytes(content)
    ran = assay("trust", "add", path, data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "[trust_list_invalid]" in ran.err


def test_removing_an_unknown_trust_list_is_an_error_with_a_code(tmp_path: Path) -> None:
    assert "[trust_list_unknown]" in assay("trust", "remove", "nobody", data=tmp_path).err
