"""What an audit remembers does not grow with the archive; how it walks through wide and deep ones."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from service.cli.audit import walk as walking
from service.cli.audit.on_disk import NumbersByText
from service.cli.audit.results_file import Line, ResultsFile
from service.cli.audit.selection import Selection
from service.cli.audit.walk import walk

MEBIBYTE = 1024**2


def _peak(folder: Path, out: Path, count: int) -> int:
    """Bytes of Python objects while every file is found and put on record."""
    tracemalloc.start()
    with ResultsFile(out, "provenance") as results:
        for number, entry in enumerate(Selection((folder, folder)).entries()):
            results.append(Line(path=entry.path, sha256=f"{number:064x}", error="unreadable"))
    with ResultsFile(out, "provenance") as again:
        assert len(again.done) == count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def test_ten_times_the_files_take_no_more_memory(tmp_path: Path) -> None:
    peaks = []
    for count in (2_000, 20_000):
        folder = tmp_path / str(count)
        folder.mkdir()
        for number in range(count):
            (folder / f"{number:06}.jpg").touch()
        peaks.append(_peak(folder, tmp_path / f"{count}.jsonl", count))
    assert peaks[1] - peaks[0] < MEBIBYTE


def test_a_wide_folder_is_walked_in_the_order_of_a_narrow_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (b"b.jpg", b"a.jpg", "é.jpg".encode(), b"\xff.jpg", "\U0001f4f7.jpg".encode()):
        (tmp_path / os.fsdecode(name)).touch()
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "c.jpg").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    narrow = list(walk(tmp_path))
    monkeypatch.setattr(walking, "MANY", 2)
    assert list(walk(tmp_path)) == narrow
    assert len(narrow) == 7


def test_numbers_are_kept_once_and_found_again() -> None:
    held = NumbersByText()
    assert held.add("\udcff", 7)
    assert not held.add("\udcff", 8)
    assert (held.get("\udcff"), held.get("x"), len(held)) == (7, None, 1)
    held.close()


@pytest.mark.parametrize("separator", [b"\0", b"\n", b"\r\n"])
def test_a_list_from_a_pipe_can_be_asked_for_twice(tmp_path: Path, separator: bytes) -> None:
    code = (
        "from service.cli.audit.selection import Selection; s = Selection((), '-');"
        "print([[e.path for e in s.entries()] for _ in range(2)])"
    )
    names = b"/a.jpg" + separator + b"/b.jpg" + separator + b"/a.jpg"
    ran = subprocess.run([sys.executable, "-c", code], input=names, capture_output=True, check=True)
    assert ran.stdout.decode().strip() == str([["/a.jpg", "/b.jpg"]] * 2)


@pytest.mark.parametrize("depth", [1_200, 2_500])
def test_folders_of_any_depth_are_walked_or_named(tmp_path: Path, depth: int) -> None:
    top = tmp_path / "top"
    top.mkdir()
    folder = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=folder)
        below = os.open("d", os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below
    os.close(os.open("x.jpg", os.O_CREAT | os.O_WRONLY, dir_fd=folder))
    os.close(folder)
    try:
        (found,) = walk(top)
    finally:
        subprocess.run(["rm", "-rf", str(top)], check=True)
    if depth == 1_200:
        assert (found.path, found.refused) == ("d/" * depth + "x.jpg", None)
    else:
        assert found.refused is not None
        assert found.refused.strerror == "File name too long"
