import csv
import io
from pathlib import Path

import pytest

from provenance.result import Signer, SignerTrust
from service.cli.audit.results_file import Line, ResultsFile, ResultsUnusable, line_for
from service.cli.audit.table import write_table
from service.reporting.report import Profile, Report
from tests.service import reports


def _written(path: Path, count: int) -> list[Line]:
    with ResultsFile(path, "full") as results:
        for index in range(count):
            report = reports.likely_synthetic()
            subject = report.subject.model_copy(update={"sha256": f"{index:064x}"})
            line = line_for(f"{index}.jpg", report.model_copy(update={"subject": subject}), 0.5)
            results.append(line)
        return list(results.lines())


def test_a_line_carries_the_whole_report_and_its_summary(tmp_path: Path) -> None:
    report = reports.likely_synthetic()
    line = line_for("a/b.jpg", report, 1.25)
    assert report.classifiers is not None
    assert line.log10_lr == report.classifiers.log10
    assert (line.verdict, line.kind, line.error) == ("likely_synthetic", "image", None)
    back = Line.decode(line.encode())
    assert Report.model_validate_json(back.body or "") == report
    assert (back.path, back.seconds) == ("a/b.jpg", 1.25)


def test_names_that_are_no_text_survive(tmp_path: Path) -> None:
    name = b"bad\xff\n\xe2\x80\xae.jpg".decode(errors="surrogateescape")
    with ResultsFile(tmp_path / "out.jsonl", "full") as results:
        results.append(Line(path=name, error="unreadable"))
    with ResultsFile(tmp_path / "out.jsonl", "full") as results:
        assert [text for text, _ in results.done.sorted()] == [name]
        with (tmp_path / "out.csv").open("w", errors="surrogateescape", newline="") as file:
            write_table(results.lines(), file)
    assert b"bad\xff" in (tmp_path / "out.csv").read_bytes()


@pytest.mark.parametrize("cut", [1, 3, 40, 1000])
def test_a_torn_last_line_is_cut_and_the_rest_counts_as_done(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "out.jsonl"
    lines = _written(path, 3)
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    with ResultsFile(path, "full") as results:
        assert [text for text, _ in results.done.sorted()] == ["0.jpg", "1.jpg"]
        assert results.tally.verdicts == {"likely_synthetic": 2}
        results.append(lines[2])
    assert path.read_bytes() == whole


def test_lines_of_earlier_runs_are_found_by_content(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    lines = _written(path, 3)
    with ResultsFile(path, "full") as results:
        assert results.original(f"{1:064x}") == lines[1]


@pytest.mark.parametrize(
    "foreign", [b"dear diary", b"dear diary\n", b'{"a": 1}\n', b"\xff\xd8\xff"]
)
def test_a_file_that_is_no_audit_is_refused_and_left_alone(tmp_path: Path, foreign: bytes) -> None:
    path = tmp_path / "mine"
    path.write_bytes(foreign)
    with pytest.raises(ResultsUnusable):
        ResultsFile(path, "full")
    assert path.read_bytes() == foreign


def test_an_audit_of_another_profile_is_not_continued(tmp_path: Path) -> None:
    _written(tmp_path / "out.jsonl", 1)
    with pytest.raises(ResultsUnusable, match="full profile"):
        ResultsFile(tmp_path / "out.jsonl", "provenance")


def test_an_audit_with_a_document_among_its_files_is_continued(tmp_path: Path) -> None:
    report = reports.no_sign_found()
    subject = report.subject.model_copy(update={"kind": None, "media_type": "application/pdf"})
    document = report.model_copy(update={"subject": subject, "profile": Profile.PROVENANCE})
    for profile in ("full", "fast"):
        out = tmp_path / profile
        with ResultsFile(out, profile) as results:
            results.append(line_for("a.pdf", document, 0.5))
        with ResultsFile(out, profile) as results:
            assert [text for text, _ in results.done.sorted()] == ["a.pdf"]


def test_two_audits_never_write_to_one_file(tmp_path: Path) -> None:
    with (
        ResultsFile(tmp_path / "out.jsonl", "full"),
        pytest.raises(ResultsUnusable, match="another audit"),
    ):
        ResultsFile(tmp_path / "out.jsonl", "full")


def test_a_table_never_begins_a_cell_with_a_formula() -> None:
    hostile = reports.credentials_broken()
    assert hostile.provenance is not None
    signer = Signer(organisation="=HYPERLINK(1)\n", trust=SignerTrust.UNTRUSTED)
    found = hostile.provenance.model_copy(
        update={"signer": signer, "claim_generator": "+cmd|' /C calc'!A0"}
    )
    line = line_for("a.jpg", hostile.model_copy(update={"provenance": found}), 0.5)
    out = io.StringIO()
    write_table([line], out)
    (row,) = csv.DictReader(io.StringIO(out.getvalue()))
    assert (row["signer"], row["trust"]) == ("'=HYPERLINK(1)", "untrusted")
    assert row["tool"] == "'+cmd|' /C calc'!A0"
    assert row["profile"] == "full"
    assert not [cell for cell in row.values() if cell[:1] in {"=", "+", "@", "\t"}]
