"""Calibration and the thresholds that a number of bona fide items can fix."""

import numpy as np
import pytest

from detectors.calibration import alarm, fit, likelihood_ratio, operating_points
from detectors.result import Alarm
from detectors.zoo.card import Calibration, OperatingPoints


def test_a_fit_on_gaussian_scores_finds_the_line_of_theory() -> None:
    rng = np.random.default_rng(1)
    line = fit(rng.normal(0, 1, 20_000), rng.normal(2, 1, 20_000), refits=0)
    slope, intercept = line.pairs[0]
    assert slope * np.log(10) == pytest.approx(2, abs=0.1)
    assert intercept * np.log(10) == pytest.approx(-2, abs=0.1)


def test_a_ratio_is_bounded_by_the_size_of_the_sample() -> None:
    rng = np.random.default_rng(1)
    line = fit(rng.normal(0, 1, 50), rng.normal(9, 1, 50))
    found = likelihood_ratio(1e6, line)
    assert found.log10 == pytest.approx(np.log10(50), abs=1e-3)
    assert found.low <= found.log10 <= found.high


def test_a_new_bona_fide_item_passes_a_threshold_as_seldom_as_it_says() -> None:
    rng = np.random.default_rng(2)
    passed = [
        rng.normal(size=2000) > operating_points(rng.normal(size=199)).fpr_5 for _ in range(200)
    ]
    assert np.mean(passed) == pytest.approx(0.05, abs=0.006)


@pytest.mark.parametrize(("items", "has_one_percent"), [(19, False), (98, False), (99, True)])
def test_a_one_percent_point_takes_ninety_nine_items(items: int, *, has_one_percent: bool) -> None:
    assert (operating_points(np.arange(float(items))).fpr_1 is not None) is has_one_percent


def test_too_few_items_fix_no_threshold_at_all() -> None:
    with pytest.raises(ValueError, match="18 bona fide items cannot"):
        operating_points(np.arange(18.0))


def test_without_a_one_percent_point_no_score_raises_the_stricter_alarm() -> None:
    lenient = OperatingPoints(fpr_5=1.0, bona_fide=52)
    assert alarm(1e9, lenient) is Alarm.FPR_5
    assert alarm(1.0, lenient) is Alarm.NONE
    assert alarm(1e9, OperatingPoints(fpr_5=1.0, fpr_1=2.0, bona_fide=99)) is Alarm.FPR_1


def test_the_interval_covers_what_arithmetic_alone_moves() -> None:
    line = Calibration(pairs=((0.4, 0.0), (0.39, 0.01), (0.41, -0.01)), lowest=-2.0, highest=2.0)
    plain, wide = likelihood_ratio(1.0, line), likelihood_ratio(1.0, line, margin=0.25)
    assert wide.log10 == plain.log10
    assert wide.low == pytest.approx(plain.low - 0.1, abs=0.01)
    assert wide.high == pytest.approx(plain.high + 0.1, abs=0.01)
    other = likelihood_ratio(1.0 + 2 * 0.25, line, margin=0.25)
    assert other.low <= wide.high
    assert likelihood_ratio(99.0, line, margin=0.25).high == line.highest
