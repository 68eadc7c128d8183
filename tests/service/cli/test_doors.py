"""What the commands are given: lists, patterns, words and places that make sense, or a refusal."""

import csv
import io
import json
import os
from pathlib import Path

import pytest

from service.cli.audit.heartbeat import LINE_SECONDS, Lines
from service.cli.audit.patterns import Patterns
from service.cli.audit.selection import Selection
from service.cli.audit.walk import Skip
from service.cli.exit_codes import ExitCode
from tests import media
from tests.service.command_line import assay

PROVENANCE = ("--only", "provenance")
PHOTO = media.jpeg(media.photo_like(160, 120))


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two folders, one with a name that looks like an option, below the working directory."""
    for name in ("a/1.JPG", "a/small/2.jpg", "a/notes.txt", "b/-x.jpg", "b/=y.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(PHOTO)
    (tmp_path / "b/link.jpg").symlink_to("../a/1.JPG")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def named(selection: Selection) -> list[str]:
    return [entry.path for entry in selection.entries()]


def test_one_folder_names_paths_within_it_and_several_name_them_as_given(tree: Path) -> None:
    assert named(Selection((Path("b"),))) == ["./-x.jpg", "./=y.png", "link.jpg"]
    several = Selection((Path("a"), Path("b"), Path("a/small")))
    assert named(several) == [
        *("a/1.JPG", "a/notes.txt", "a/small/2.jpg", "b/-x.jpg", "b/=y.png", "b/link.jpg"),
    ]


def test_patterns_choose_by_name_or_by_path_and_count_what_they_leave_out(tree: Path) -> None:
    chosen = Selection((Path("a"),), patterns=Patterns(("*.jp*g",), ("small",)))
    assert (named(chosen), chosen.excluded) == (["1.JPG"], 2)
    assert named(Selection((Path("a"),), patterns=Patterns(("small/*",)))) == ["small/2.jpg"]


@pytest.mark.parametrize("between", [b"\n", b"\0"])
def test_a_list_is_read_by_lines_or_by_nul(tree: Path, between: bytes) -> None:
    (tree / "list").write_bytes(
        between.join([b"a/1.JPG", b"a", b"b/link.jpg", b"gone", b"a/1.JPG"])
    )
    entries = list(Selection((), listed="list").entries())
    assert [(it.path, it.skipped) for it in entries] == [
        ("a/1.JPG", None),
        ("a", Skip.FOLDER),
        ("b/link.jpg", Skip.SYMLINK),
        ("gone", None),
    ]
    assert isinstance(entries[-1].refused, FileNotFoundError)


def test_what_an_audit_writes_is_not_among_what_it_reads(tree: Path) -> None:
    assert "notes.txt" not in named(Selection((Path("a"),), own=(tree / "a/notes.txt",)))


def test_lines_and_table_name_every_file_alike_with_the_reason_of_each_skip(tree: Path) -> None:
    os.mkfifo(tree / "b/pipe")
    (tree / "b/note.txt").write_text("not media")
    (tree / "b/layers.psd").write_bytes(b"8BPS\x00\x01" + bytes(90))
    (tree / "b/empty.jpg").touch()
    ran = assay("audit", "b", "-o", "-", "--csv", "t.csv", *PROVENANCE, data=tree / "data")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    rows = list(csv.DictReader(io.StringIO((tree / "t.csv").read_text())))
    assert [row["path"] for row in rows] == [line["path"] for line in lines]
    why = {line["path"]: line["skipped"] or line["error"] for line in lines}
    assert why == {
        "./-x.jpg": None,
        "./=y.png": None,
        "empty.jpg": "empty_file",
        "layers.psd": "unsupported_kind",
        "link.jpg": "symlink",
        "note.txt": "not_media",
        "pipe": "special_file",
    }
    assert [row["skipped"] or row["error"] or None for row in rows] == list(why.values())
    assert ran.code == ExitCode.NOT_ANALYSED
    assert "skipped: symlink" in ran.err


def test_a_quiet_audit_of_a_list_from_standard_input_says_nothing(tree: Path) -> None:
    order = ("audit", "--files-from", "-", "-o", "out.jsonl", "-q", *PROVENANCE)
    ran = assay(*order, data=tree / "data", stdin=b"a/1.JPG\0b/-x.jpg\0")
    assert (ran.code, ran.out, ran.err) == (ExitCode.NOTHING_FOUND, "", "")
    assert len((tree / "out.jsonl").read_bytes().splitlines()) == 2


def test_without_a_terminal_progress_is_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str],
) -> None:
    now = [0.0]
    lines = Lines(lambda: now[0])
    for second in range(25):
        now[0] = float(second)
        lines(second, 50, 2.0)
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 24 // LINE_SECONDS
    assert said[0] == "assay: 10 of 50 files, 2.0 files/s, 20 s left"


def test_verdicts_that_fail_can_be_chosen_and_are_checked(tree: Path) -> None:
    order = ("check", "a/1.JPG", *PROVENANCE, "--json", "--fail-on")
    assert assay(*order, "no_sign_found", data=tree / "data").code == ExitCode.FOUND
    assert assay(*order, "none", data=tree / "data").code == ExitCode.NOTHING_FOUND
    wrong = assay(*order, "likely_sintetic", data=tree / "data")
    assert wrong.code == ExitCode.USAGE
    assert "did you mean likely_synthetic?" in " ".join(wrong.err.split())


def test_a_page_goes_to_standard_output_alone(tree: Path) -> None:
    order = ("check", "a/1.JPG", *PROVENANCE, "--html", "-")
    ran = assay(*order, data=tree / "data")
    assert ran.out.startswith("<!doctype html>")
    assert ran.out.rstrip().endswith("</html>")
    assert assay(*order, "--json", data=tree / "data").code == ExitCode.USAGE
    assert assay(*order, "a/small/2.jpg", data=tree / "data").code == ExitCode.USAGE


@pytest.mark.parametrize(
    ("named", "code"),
    [("a", "folder_given"), ("gone.jpg", "unreadable"), ("/dev/null", "empty_file")],
)
def test_what_is_no_file_is_refused_and_the_rest_goes_on(tree: Path, named: str, code: str) -> None:
    ran = assay("check", named, "a/1.JPG", *PROVENANCE, "--json", data=tree / "data")
    assert ran.code == ExitCode.NOT_ANALYSED
    assert f"[{code}]" in ran.err
    assert len(ran.out.splitlines()) == 1
