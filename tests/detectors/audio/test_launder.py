"""Launderings keep length and alignment and remove what they should."""

import numpy as np
import pytest

from detectors.base import AUDIO_RATE
from detectors.training.audio_launder import HARDENING, LAUNDERINGS
from tests.sounds import speech_like


def _high_share(samples: np.ndarray) -> float:
    """Share of the energy above 4 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(power[power.size // 2 :].sum() / power.sum())


@pytest.mark.parametrize("name", sorted({*LAUNDERINGS, *HARDENING}))
def test_length_and_type_survive(name: str) -> None:
    speech = speech_like(1.7)
    laundered = {**HARDENING, **LAUNDERINGS}[name](speech, np.random.default_rng(1))
    assert laundered.shape == speech.shape
    assert laundered.dtype == np.float32
    assert np.isfinite(laundered).all()


@pytest.mark.parametrize("name", ["mp3_64k", "opus_24k"])
def test_codecs_come_back_in_time_with_the_original(name: str) -> None:
    speech = speech_like(2.0)
    laundered = LAUNDERINGS[name](speech, np.random.default_rng(1))
    assert np.corrcoef(speech, laundered)[0, 1] > 0.9
    assert not np.array_equal(speech, laundered)


def test_a_telephone_carries_nothing_above_four_kilohertz() -> None:
    rng = np.random.default_rng(1)
    hiss = rng.standard_normal(2 * AUDIO_RATE).astype(np.float32)
    assert _high_share(hiss) > 0.4
    assert _high_share(LAUNDERINGS["telephone"](hiss, rng)) < 0.01


def test_random_launderings_follow_their_generator() -> None:
    speech = speech_like(1.2)
    for launder in HARDENING.values():
        first, again = (launder(speech, np.random.default_rng(5)) for _ in range(2))
        np.testing.assert_array_equal(first, again)
