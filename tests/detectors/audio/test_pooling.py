"""How window scores become the score of a recording."""

import numpy as np
import pytest

from detectors.audio.pooling import LEAST_WINDOWS, InsertRule, insert_score, pooled


def test_one_window_speaks_for_itself() -> None:
    assert pooled(np.array([1.7], np.float32)) == pytest.approx(1.7, abs=1e-6)


def test_a_short_insert_raises_the_score_of_a_long_real_recording() -> None:
    real = np.full(50, -2.5, np.float32)
    tampered = real.copy()
    tampered[20:23] = 5.0
    assert pooled(real) == pytest.approx(-2.5, abs=1e-6)
    assert pooled(tampered) > pooled(real) + 3


@pytest.mark.parametrize("windows", [5, 50, 3000])
def test_length_alone_raises_no_false_alarm(windows: int) -> None:
    """Log ratios that keep their promise: normal, mean -s/2, variance s under the real class."""
    rng = np.random.default_rng(11)
    spread = 3.0
    draws = rng.normal(-spread / 2, np.sqrt(spread), (2000, windows)).astype(np.float32)
    alone = np.mean([pooled(row[:1]) > 3.0 for row in draws])
    together = np.mean([pooled(row) > 3.0 for row in draws])
    assert together <= alone


def test_a_recording_that_is_synthetic_throughout_keeps_the_score_of_its_windows() -> None:
    assert pooled(np.full(400, 2.2, np.float32)) == pytest.approx(2.2, abs=1e-5)


def test_what_moves_a_whole_recording_moves_an_insert_half_as_much() -> None:
    windows = np.full(30, -1.0, np.float32)
    windows[10:12] = 2.0
    assert insert_score(windows) == pytest.approx(2.5)
    assert insert_score(windows + 1) == pytest.approx(3.0)


def test_one_window_alone_is_no_insert() -> None:
    windows = np.full(30, -1.0, np.float32)
    windows[10] = 3.0
    assert insert_score(windows) == pytest.approx(1.5)


def test_a_short_recording_has_nothing_to_stand_out_from() -> None:
    rule = InsertRule(slope=1.0, offset=0.0, growth=0.0)
    assert rule.score(np.zeros(LEAST_WINDOWS - 1, np.float32)) is None
    assert rule.score(np.zeros(LEAST_WINDOWS, np.float32)) == pytest.approx(0.0)


def test_growth_keeps_longer_recordings_from_standing_out_by_length_alone() -> None:
    rule = InsertRule(slope=2.0, offset=1.0, growth=0.5)
    short, long = np.zeros(10, np.float32), np.zeros(1000, np.float32)
    assert rule.score(short) == pytest.approx(1 - np.log(10))
    assert rule.score(long) == pytest.approx(1 - np.log(1000))
