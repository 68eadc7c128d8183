"""What metadata alone tells about films."""

import csv
from collections.abc import Sequence
from pathlib import Path

import pytest

from detectors.training.video_metadata import CLIPS, SOURCES, alone

COLUMNS = ("path", "source_repo", "pair", "width", "height", "fps", "seconds", "codec")


def manifest(folder: Path, rows: Sequence[tuple[object, ...]]) -> Path:
    path = folder / "manifest.csv"
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


@pytest.mark.parametrize("held_out", [SOURCES, CLIPS])
@pytest.mark.parametrize("tell", ["fps", "codec"])
def test_a_rate_or_codec_of_their_own_gives_generated_clips_away(
    tmp_path: Path, held_out: str, tell: str
) -> None:
    rows = []
    for index in range(40):
        made = index % 2
        fps, codec = (8 if made and tell == "fps" else 30), "vp9" if made else "h264"
        codec = codec if tell == "codec" else "h264"
        rows.append((f"{index}.mp4", f"site {index % 5}", "", 512, 512, fps, 2, codec))
    clips = {f"{index}.mp4": bool(index % 2) for index in range(40)}
    found = alone(manifest(tmp_path, rows), clips, held_out)
    assert found.auc is not None
    assert found.auc.value == 1.0
    assert (found.bona_fide, found.synthetic) == (20, 20)


def test_swaps_that_share_everything_with_their_originals_are_not_told_apart(
    tmp_path: Path,
) -> None:
    rows = [
        (f"{index}-{way}.mp4", "site", f"pair {index}", 300 + 9 * index, 200, 25, 3, "h264")
        for index in range(20)
        for way in ("real", "swap")
    ]
    clips = {str(row[0]): "swap" in str(row[0]) for row in rows}
    found = alone(manifest(tmp_path, rows), clips, CLIPS)
    assert found.auc is not None
    assert found.auc.value == pytest.approx(0.5, abs=0.05)


def test_clips_that_are_not_asked_for_play_no_part(tmp_path: Path) -> None:
    rows = [
        (f"{index}.mp4", f"site {index % 4}", "", 512, 512, 8 + 22 * (index % 2), 2, "h264")
        for index in range(21)
    ]
    clips = {f"{index}.mp4": bool(index % 2) for index in range(20)}
    assert alone(manifest(tmp_path, rows), clips, CLIPS).bona_fide == 10
