"""How window scores become the score of a recording."""

import numpy as np
import pytest

from detectors.audio.pooling import pooled


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
