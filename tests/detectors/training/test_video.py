"""What the calibration of films rests on."""

import numpy as np

from detectors.training.video import operating_points
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
