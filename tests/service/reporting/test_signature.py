"""Reports are signed so that anybody can check them later, offline."""

import codecs
import json
import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from joserfc import jws
from joserfc.jwk import ECKey

from service.cli.exit_codes import ExitCode
from service.cli.verify import run
from service.errors import SignatureInvalid, SigningKeyInvalid
from service.reporting.report import Verdict, read
from service.reporting.signature import ReportSigner, canonical, replace_key, verify
from tests import media
from tests.service import reports
from tests.service.command_line import assay
from tests.service.reports import BY_VERDICT
from tests.service.webapp import StandIn, desk


@pytest.fixture
def signer(tmp_path: Path) -> ReportSigner:
    return ReportSigner.at(tmp_path / "keys" / "report.pem")


@pytest.mark.parametrize("verdict", Verdict)
def test_a_report_of_any_verdict_verifies_after_a_round_trip_through_pretty_json(
    signer: ReportSigner, verdict: Verdict
) -> None:
    signed = BY_VERDICT[verdict]()
    signature = signer.sign(signed)
    again = read(signed.model_dump_json(indent=4))
    for text in (again.model_dump_json(indent=1), signed.model_dump_json()):
        assert verify(text, signature, signer.public()) == signer.key_id


def test_a_report_of_an_older_version_verifies_though_members_were_added_since(
    signer: ReportSigner,
) -> None:
    document = json.loads(BY_VERDICT[Verdict.VERIFIED_AI]().model_dump_json())
    del document["engine"]["settings"]
    older = json.dumps(document)
    header = {"alg": "Ed25519", "kid": signer.key_id}
    token = jws.serialize_compact(header, canonical(older), signer._key, algorithms=["Ed25519"])
    head, _, mark = token.split(".")
    assert "settings" in read(older).model_dump_json()
    assert verify(older, f"{head}..{mark}", signer.public()) == signer.key_id


@pytest.mark.parametrize("text", ["", "[", '{"a": 1, "a": 2}', '{"a": NaN}', "[" * 5000, "1e999"])
def test_what_is_no_canonical_json_is_refused(text: str) -> None:
    with pytest.raises(SignatureInvalid):
        canonical(text)


def test_a_changed_report_does_not_verify(signer: ReportSigner) -> None:
    signed = BY_VERDICT[Verdict.LIKELY_SYNTHETIC]()
    forged = signed.model_copy(update={"verdict": Verdict.NO_SIGN_FOUND})
    with pytest.raises(SignatureInvalid):
        verify(forged.model_dump_json(), signer.sign(signed), signer.public())


def test_a_signature_of_another_key_does_not_verify(signer: ReportSigner, tmp_path: Path) -> None:
    report = BY_VERDICT[Verdict.VERIFIED_CAPTURE]()
    stranger = ReportSigner.at(tmp_path / "stranger.pem")
    with pytest.raises(SignatureInvalid):
        verify(report.model_dump_json(), stranger.sign(report), signer.public())


@pytest.mark.parametrize("text", ["", "..", "a.b.c", "eyJhbGciOiJub25lIn0..", "x" * 5000, "\x00"])
def test_what_is_no_signature_is_refused_with_a_code(signer: ReportSigner, text: str) -> None:
    with pytest.raises(SignatureInvalid):
        verify(BY_VERDICT[Verdict.INCONCLUSIVE]().model_dump_json(), text, signer.public())


@pytest.mark.parametrize("keys", [{}, {"keys": ["x"]}, {"keys": [{"a": 1}]}])
def test_what_are_no_keys_vouch_for_nothing(signer: ReportSigner, keys: dict[str, object]) -> None:
    report = BY_VERDICT[Verdict.INCONCLUSIVE]()
    with pytest.raises(SignatureInvalid):
        verify(report.model_dump_json(), signer.sign(report), keys)


NO_KEYS = (
    *("{}", "[]", '{"keys": 1}', "no JSON", '{"keys": []}', '{"keys": ["x"]}', "[" * 100_000),
    '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": 5}]}',
    '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "AAAA"}]}',
    '{"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}',
)


@pytest.mark.parametrize("text", NO_KEYS, ids=range(len(NO_KEYS)))
def test_a_file_that_holds_no_keys_is_named_and_accuses_no_report(
    signer: ReportSigner, tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    report = BY_VERDICT[Verdict.INCONCLUSIVE]()
    document, mark, keys = (tmp_path / name for name in ("report.json", "report.jws", "keys.json"))
    document.write_text(report.model_dump_json())
    mark.write_text(signer.sign(report))
    keys.write_text(text)
    assert run(document, signature=mark, keys=keys) is ExitCode.NOT_ANALYSED
    said = capsys.readouterr().err
    assert ("keys.json: no set of keys" in said, "does not fit" in said) == (True, False)


def test_what_else_stands_among_keys_is_passed_over(signer: ReportSigner) -> None:
    report = BY_VERDICT[Verdict.INCONCLUSIVE]()
    others = ["x", {"kty": "OKP", "crv": "Ed25519", "x": 5}, {"kty": "new", "kid": "1"}]
    keys = {"keys": [*others, *signer.public()["keys"]]}
    assert verify(report.model_dump_json(), signer.sign(report), keys) == signer.key_id


def test_a_byte_order_mark_and_a_signature_that_is_no_text_are_read_through(
    signer: ReportSigner, tmp_path: Path
) -> None:
    report = BY_VERDICT[Verdict.INCONCLUSIVE]()
    document, mark, keys = (tmp_path / name for name in ("report.json", "report.jws", "keys.json"))
    document.write_bytes(codecs.BOM_UTF8 + report.model_dump_json().encode())
    mark.write_text(signer.sign(report))
    keys.write_text(json.dumps(signer.public()))
    assert run(document, signature=mark, keys=keys) is ExitCode.NOTHING_FOUND
    mark.write_bytes(b"\xff\xfe\x00")
    assert run(document, signature=mark, keys=keys) is ExitCode.FOUND


def test_the_published_key_is_public_and_the_file_is_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "report.pem"
    (key,) = ReportSigner.at(path).public()["keys"]
    assert "d" not in key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_processes_that_start_together_share_one_key(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "report.pem"
    with ThreadPoolExecutor(8) as pool:
        signers = list(pool.map(ReportSigner.at, [path] * 8))
    assert len({signer.key_id for signer in signers}) == 1
    assert [entry.name for entry in path.parent.iterdir()] == ["report.pem"]


@pytest.mark.parametrize("kind", ["text", "elliptic"])
def test_a_key_file_of_another_sort_is_refused(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "report.pem"
    pem = b"not a key" if kind == "text" else ECKey.generate_key("P-256").as_pem(private=True)
    path.write_bytes(pem)
    with pytest.raises(SigningKeyInvalid):
        ReportSigner.at(path)


def test_a_pdf_from_the_service_verifies_and_reads_like_the_report(tmp_path: Path) -> None:
    api = desk(tmp_path, StandIn(reports.likely_synthetic))
    scan_id = api.send(media.jpeg(media.photo_like(64, 64)))
    api.work()
    pdf, keys = tmp_path / "report.pdf", tmp_path / "keys.json"
    pdf.write_bytes(api.client.get(f"/v1/scans/{scan_id}/report?format=pdf").content)
    keys.write_bytes(api.client.get("/.well-known/assay-keys.json").content)
    verified = assay("verify-report", pdf, "--keys", keys, data=tmp_path)
    assert verified.code == ExitCode.NOTHING_FOUND
    assert "unchanged since" in verified.out
    shown = assay("show", pdf, data=tmp_path)
    assert shown.code == ExitCode.FOUND
    assert "Likely synthetic" in shown.out
    again = tmp_path / "again.pdf"
    assay("show", pdf, "--pdf", again, data=tmp_path)
    assert assay("verify-report", again, "--keys", keys, data=tmp_path).code == 0


def test_what_the_service_serves_verifies_on_the_command_line(tmp_path: Path) -> None:
    api = desk(tmp_path, StandIn(reports.likely_synthetic))
    scan_id = api.send(media.jpeg(media.photo_like(64, 64)))
    api.work()
    served = {
        "report.json": f"/v1/scans/{scan_id}/report",
        "report.jws": f"/v1/scans/{scan_id}/signature",
        "keys.json": "/.well-known/assay-keys.json",
        "report.html": f"/v1/scans/{scan_id}/report?format=html&lang=de",
    }
    for name, address in served.items():
        (tmp_path / name).write_bytes(api.client.get(address).content)
    asked = (
        *("verify-report", tmp_path / "report.json", "--signature", tmp_path / "report.jws"),
        *("--keys", tmp_path / "keys.json"),
    )
    assert assay(*asked, data=tmp_path).code == ExitCode.NOTHING_FOUND

    page = tmp_path / "report.html"
    saved = ("verify-report", page, *asked[2:])
    verified = assay(*saved, data=tmp_path)
    assert verified.code == ExitCode.NOTHING_FOUND
    assert "the page around it was not checked" in " ".join(verified.out.split())
    assert assay("show", page, data=tmp_path).code == ExitCode.FOUND
    page.write_text(page.read_text().replace("likely_synthetic", "no_sign_found"))
    assert assay(*saved, data=tmp_path).code == ExitCode.FOUND
    page.write_text("<html><p>A page of somebody else.</p></html>")
    refused = assay(*saved, data=tmp_path)
    assert (refused.code, "[report_invalid]" in refused.err) == (ExitCode.NOT_ANALYSED, True)

    text = (tmp_path / "report.json").read_text()
    (tmp_path / "report.json").write_text(text.replace("likely_synthetic", "no_sign_found"))
    forged = assay(*asked, data=tmp_path)
    assert forged.code == ExitCode.FOUND
    assert "[signature_invalid]" in forged.err


def test_a_replaced_key_stays_published_and_its_reports_verify(tmp_path: Path) -> None:
    path, record = tmp_path / "report.pem", tmp_path / "published.json"
    old = ReportSigner.at(path, record)
    report = reports.no_sign_found()
    signature = old.sign(report)
    replace_key(path)
    first = old.key_id
    new = ReportSigner.at(path, record)
    assert new.key_id != first
    current, retired = new.public()["keys"]
    assert current["kid"] == new.key_id
    assert "exp" not in current
    assert retired["exp"] >= retired["iat"]
    assert verify(report.model_dump_json(), signature, new.public()) == first


def test_a_retired_key_does_not_vouch_for_a_report_of_later(tmp_path: Path) -> None:
    path, record = tmp_path / "report.pem", tmp_path / "published.json"
    old = ReportSigner.at(path, record)
    made = datetime.now(UTC) + timedelta(days=3)
    report = reports.no_sign_found().model_copy(update={"analysed_at": made})
    signature = old.sign(report)
    replace_key(path)
    published = ReportSigner.at(path, record).public()
    with pytest.raises(SignatureInvalid, match="retired"):
        verify(report.model_dump_json(), signature, published)


def test_a_running_process_signs_with_the_key_that_replaced_its_own(tmp_path: Path) -> None:
    path, record = tmp_path / "report.pem", tmp_path / "published.json"
    running, report = ReportSigner.at(path, record), reports.no_sign_found()
    before = running.key_id
    replace_key(path)
    signature = running.sign(report)
    keys = running.public()
    assert verify(report.model_dump_json(), signature, keys) == running.key_id != before
    assert [key["kid"] for key in keys["keys"]] == [running.key_id, before]


def test_a_replacement_that_is_no_key_leaves_the_one_in_use(tmp_path: Path) -> None:
    path = tmp_path / "report.pem"
    running, report = ReportSigner.at(path), reports.no_sign_found()
    before = running.key_id
    path.write_text("no key")
    assert verify(report.model_dump_json(), running.sign(report), running.public()) == before
