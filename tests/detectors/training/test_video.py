"""What the calibration of films rests on."""

import csv
from pathlib import Path

import numpy as np

from detectors.training.video import metadata_baseline, operating_points
from detectors.zoo.card import OperatingPoints

PICTURES = OperatingPoints(fpr_5=50.0, fpr_1=60.0, bona_fide=2000)


def test_clips_no_more_prone_to_false_alarms_than_pictures_take_their_one_percent_point() -> None:
    found = operating_points(np.arange(52.0), PICTURES)
    assert (found.fpr_5, found.fpr_1, found.bona_fide) == (50.0, 60.0, 52)


def test_clips_with_more_false_alarms_than_pictures_get_no_one_percent_point() -> None:
    assert operating_points(np.arange(52.0) + 1, PICTURES).fpr_1 is None


def test_one_real_clip_beyond_the_one_percent_point_of_pictures_forbids_it() -> None:
    clips = np.append(np.arange(51.0), 61.0)
    assert operating_points(clips, PICTURES).fpr_1 is None


def test_without_thresholds_for_pictures_there_is_no_one_percent_point() -> None:
    assert operating_points(np.arange(52.0), None).fpr_1 is None
    assert operating_points(np.arange(52.0), OperatingPoints(fpr_5=99, bona_fide=50)).fpr_1 is None


def test_the_baseline_sees_only_size_rate_and_length(tmp_path: Path) -> None:
    with (tmp_path / "m.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["path", "label", "source_repo", "width", "height", "fps", "seconds"])
        for index in range(40):
            label, fps = ("ai_generated", 8) if index % 2 else ("real", 30)
            writer.writerow([f"{index}.mp4", label, f"site {index % 5}", 512, 512, fps, 2])
        writer.writerow(["swap.mp4", "face_swap", "site 1", 512, 512, 30, 2])
    assert metadata_baseline(tmp_path / "m.csv") == 1.0
