"""What an audit is besides its lines: CSV, Parquet, a page with charts."""

import csv
import re
from pathlib import Path

import pyarrow.parquet
import pytest

from service.cli.audit import summary as summing
from service.cli.audit import table as tables
from service.cli.audit.results_file import Line, line_for
from service.cli.audit.summary import OTHERS, UNKNOWN, Bar, summed_up, write_summary
from service.cli.audit.table import COLUMNS, ParquetMissing, write_parquet, write_table
from service.cli.exit_codes import ExitCode
from service.reporting.report import NotChecked, Report, Verdict
from service.reporting.unasked import NOT_ASKED
from tests.service import reports
from tests.service.cli.test_audit import PROVENANCE
from tests.service.command_line import assay

ODD = b"b/bad\xff.jpg".decode(errors="surrogateescape")
FORMULA = "=HYPERLINK(1)"


def taken(report: Report, camera: str, at: str) -> Report:
    provenance = (report.provenance or reports.bare()).model_copy(
        update={"camera": camera, "taken_at": at}
    )
    return report.model_copy(update={"provenance": provenance})


LINES = (
    line_for("a/1.jpg", taken(reports.likely_synthetic(), FORMULA, "2024-05-01T10:00:00"), 0.5),
    line_for("a/2.jpg", taken(reports.verified_capture(), "", ""), 0.5),
    line_for("b/<b>.jpg", taken(reports.likely_synthetic(), "Canon", "2024-06-01T10:00:00"), 0.5),
    Line(path=ODD, error="empty_file", message="no byte arrived"),
    Line(path="b/notes.txt", skipped="not_media"),
)


def charted(lines: tuple[Line, ...], chart: int) -> dict[str, Bar]:
    return {bar.name: bar for bar in summed_up(lines).charts[chart].bars()}


def test_parquet_has_the_rows_of_the_lines_with_numbers_as_numbers(tmp_path: Path) -> None:
    write_parquet(LINES, tmp_path / "out.parquet")
    found = pyarrow.parquet.read_table(tmp_path / "out.parquet")
    rows = found.to_pylist()
    assert tuple(found.column_names) == COLUMNS
    assert [row["path"] for row in rows] == [
        "a/1.jpg",
        "a/2.jpg",
        "b/<b>.jpg",
        "b/bad\\udcff.jpg",
        "b/notes.txt",
    ]
    assert rows[0]["camera"] == FORMULA
    assert rows[0]["log10_lr"] == pytest.approx(LINES[0].log10_lr)
    assert (rows[3]["verdict"], rows[3]["error"]) == (None, "empty_file")
    assert rows[1]["camera"] is None


def test_the_reason_is_why_something_was_not_judged_and_not_what_nobody_asks() -> None:
    report = reports.likely_synthetic()
    gaps = tuple(
        NotChecked(what="x", reason=reason, statement="s.")
        for reason in (NOT_ASKED, "too_small", "no_speech")
    )
    line = line_for("a.jpg", report.model_copy(update={"not_checked": gaps}), 0.1)
    assert tables.row_of(line)["reason"] == "too_small; no_speech"


def test_parquet_is_written_a_group_of_rows_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "GROUP", 2)
    write_parquet(LINES, tmp_path / "out.parquet")
    assert pyarrow.parquet.ParquetFile(tmp_path / "out.parquet").num_row_groups == 3


def test_parquet_that_is_not_finished_is_not_there(tmp_path: Path) -> None:
    def lines() -> object:
        yield LINES[0]
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        write_parquet(lines(), tmp_path / "out.parquet")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_without_its_library_parquet_is_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pyarrow", None)
    with pytest.raises(ParquetMissing):
        tables.check_parquet()


def test_a_spreadsheet_takes_no_camera_for_a_formula(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    with path.open("w", errors="surrogateescape", newline="") as file:
        write_table(LINES, file)
    with path.open(errors="surrogateescape", newline="") as file:
        assert next(csv.DictReader(file))["camera"] == f"'{FORMULA}"


def test_verdicts_are_counted_by_month_camera_signer_and_folder() -> None:
    months, cameras, signers, folders = (charted(LINES, index) for index in range(4))
    assert {"2024-05", "2024-06"} < set(months)
    assert cameras[FORMULA].total == cameras["Canon"].total == cameras[UNKNOWN].total == 1
    assert signers[reports.SIGNER_NAME].segments[0].verdict is Verdict.VERIFIED_CAPTURE
    assert (folders["a"].total, folders["b"].total) == (2, 1)
    assert [part.width for part in folders["a"].segments] == [0.5, 0.5]
    assert folders["a"].segments[1].left == 0.5


def test_more_groups_than_are_told_apart_are_counted_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(summing, "MOST_GROUPS", 2)
    many = tuple(line_for(f"{n}/x.jpg", reports.likely_synthetic(), 0.5) for n in range(5))
    folders = charted(many, 3)
    assert (len(folders), folders[OTHERS].total) == (3, 3)


def test_groups_without_a_bar_of_their_own_share_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(summing, "SHOWN_GROUPS", 2)
    many = tuple(line_for(f"{n}/x.jpg", reports.likely_synthetic(), 0.5) for n in range(5))
    chart = summed_up(many).charts[3]
    assert [bar.total for bar in chart.bars()] == [1, 1, 3]
    assert chart.hidden == 3


def test_the_page_needs_nothing_from_elsewhere_and_runs_nothing(tmp_path: Path) -> None:
    write_summary(LINES, tmp_path / "out.html")
    document = (tmp_path / "out.html").read_text()
    assert "default-src &#39;none&#39;" in document
    assert not re.search(r"<script|https?:|\son\w+=|\sstyle=|src=", document)
    assert "<b>.jpg" not in document
    assert "empty_file" in document
    assert "bad\\udcff.jpg" in document
    assert "2024-05" in document


def test_an_audit_writes_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "archive" / "empty.jpg").write_bytes(b"")
    outs = [tmp_path / name for name in ("o.jsonl", "o.csv", "o.parquet", "o.html")]
    named = zip(("--out", "--csv", "--parquet", "--html"), outs, strict=True)
    options = [word for pair in named for word in pair]
    ran = assay("audit", tmp_path / "archive", *options, *PROVENANCE, data=tmp_path)
    assert ran.code == ExitCode.NOT_ANALYSED
    assert all(path.stat().st_size for path in outs)
