"""`assay audit` as a program: order, duplicates, resuming after kill -9."""

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from service.cli.exit_codes import ExitCode
from service.reporting.report import Report
from tests import media
from tests.service.command_line import ASSAY, assay, environment

PROVENANCE = ("--only", "provenance")
PHOTO = media.jpeg(media.photo_like(160, 120))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Five files of which two have the same content, one declares AI and two cannot be used."""
    folder = tmp_path / "archive"
    contents = {
        "b/copy.jpg": PHOTO,
        "a.jpg": PHOTO,
        "declared.jpg": media.declared_ai_jpeg(128, 128),
        "b/empty.jpg": b"",
        "b/notes.txt": b"not media",
    }
    for name, content in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def test_every_media_file_gets_one_line_in_walking_order(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    ran = assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    assert ran.code == ExitCode.FOUND
    lines = _lines(out)
    assert [line["path"] for line in lines] == [
        "a.jpg",
        "b/copy.jpg",
        "b/empty.jpg",
        "b/notes.txt",
        "declared.jpg",
    ]
    assert set(lines[0]) >= {
        "path",
        "sha256",
        "kind",
        "verdict",
        "log10_lr",
        "error",
        "seconds",
        "report",
    }
    assert [line["error"] for line in lines] == [None, None, "empty_file", None, None]
    assert [line["skipped"] for line in lines] == [None, None, None, "not_media", None]
    assert [line["verdict"] for line in lines][::4] == ["no_sign_found", "declared_ai"]
    for line in lines:
        if line["report"] is not None:
            assert Report.model_validate(line["report"]).subject.sha256 == line["sha256"]
    assert "1" in next(row for row in ran.out.splitlines() if "not_media" in row)


def test_a_repeated_content_is_analysed_once(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assay("audit", archive, "--out", out, *PROVENANCE, "--jobs", "4", data=tmp_path)
    original, copy = _lines(out)[:2]
    assert (original["duplicate_of"], copy["duplicate_of"]) == (None, "a.jpg")
    assert copy["report"] == original["report"]


def test_the_second_run_repeats_nothing_and_answers_the_same(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    first = assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    written = out.read_bytes()
    second = assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    assert (second.code, out.read_bytes()) == (first.code, written)


def test_a_copy_found_by_a_later_run_reuses_the_report(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    (archive / "z.jpg").write_bytes(PHOTO)
    assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    last = _lines(out)[-1]
    assert (last["path"], last["duplicate_of"]) == ("z.jpg", "a.jpg")


def test_a_killed_audit_goes_on_where_it_was(tmp_path: Path) -> None:
    folder, out = tmp_path / "archive", tmp_path / "out.jsonl"
    folder.mkdir()
    names = [f"{index:04}.jpg" for index in range(600)]
    for index, name in enumerate(names):
        (folder / name).write_bytes(PHOTO + index.to_bytes(4, "big"))
    command = [*ASSAY, "audit", str(folder), "--out", str(out), *PROVENANCE]
    with subprocess.Popen(
        command,
        env=environment(tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as killed:
        deadline = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.005)
        killed.send_signal(signal.SIGKILL)
    before = out.read_bytes()
    kept = before[: before.rfind(b"\n") + 1]
    assert 0 < kept.count(b"\n") < len(names)
    ran = assay("audit", folder, "--out", out, *PROVENANCE, data=tmp_path)
    assert ran.code == ExitCode.NOTHING_FOUND
    assert [line["path"] for line in _lines(out)] == names
    assert out.read_bytes().startswith(kept)


def test_an_interrupted_audit_says_so_by_its_exit_code(tmp_path: Path) -> None:
    folder, out = tmp_path / "archive", tmp_path / "out.jsonl"
    folder.mkdir()
    for index in range(600):
        (folder / f"{index:04}.jpg").write_bytes(PHOTO + index.to_bytes(4, "big"))
    command = [*ASSAY, "audit", str(folder), "--out", str(out), *PROVENANCE]
    with subprocess.Popen(
        command, env=environment(tmp_path), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    ) as running:
        deadline = time.monotonic() + 60
        while not (out.exists() and out.stat().st_size) and time.monotonic() < deadline:
            time.sleep(0.005)
        running.send_signal(signal.SIGINT)
        _, said = running.communicate(timeout=60)
    assert running.returncode == ExitCode.INTERRUPTED
    assert b"Traceback" not in said
    assert all(line["verdict"] for line in _lines(out))


def test_a_line_of_an_audit_is_shown_as_a_report(archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.jsonl"
    assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    shown = assay("show", out, "--line", "5", data=tmp_path)
    assert shown.code == ExitCode.FOUND
    assert "declared.jpg" in shown.out
    whole = assay("show", out, data=tmp_path)
    assert (whole.code, "--line N" in whole.err) == (ExitCode.NOT_ANALYSED, True)
    blamed = assay("recheck", out, archive / "a.jpg", data=tmp_path)
    assert blamed.err.startswith(f"assay: {out}: this is an audit")
    failed = assay("show", out, "--line", "3", data=tmp_path)
    assert "empty_file" in failed.err
    assert "skipped: not_media" in assay("show", out, "--line", "4", data=tmp_path).err
    assert "there is no line 9" in assay("show", out, "--line", "9", data=tmp_path).err


def test_a_file_that_is_no_audit_is_not_overwritten(archive: Path, tmp_path: Path) -> None:
    precious = tmp_path / "thesis.txt"
    precious.write_text("years of work")
    ran = assay("audit", archive, "--out", precious, *PROVENANCE, data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "[output_invalid]" in ran.err
    assert precious.read_text() == "years of work"


def test_the_table_has_a_row_for_every_line(archive: Path, tmp_path: Path) -> None:
    out, table = tmp_path / "out.jsonl", tmp_path / "out.csv"
    assay("audit", archive, "--out", out, *PROVENANCE, "--csv", table, data=tmp_path)
    assert len(table.read_text().splitlines()) == 1 + len(_lines(out))


def test_a_damaged_trust_store_ends_the_audit_before_it_fails_every_file(
    archive: Path, tmp_path: Path
) -> None:
    (tmp_path / "trust").mkdir()
    (tmp_path / "trust" / "manifest--bad.json").write_text("{}")
    out = tmp_path / "out.jsonl"
    ran = assay("audit", archive, "--out", out, *PROVENANCE, data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "[trust_store_damaged]" in ran.err
    assert _lines(out) == []
