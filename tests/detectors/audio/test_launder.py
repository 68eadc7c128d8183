"""Launderings keep length and alignment and remove what they should."""

import numpy as np
import pytest

from detectors.base import AUDIO_RATE
from detectors.training.audio_launder import LAUNDERINGS
from tests.sounds import speech_like


def _high_share(samples: np.ndarray) -> float:
    """Share of the energy above 4 kHz."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float(power[power.size // 2 :].sum() / power.sum())


@pytest.mark.parametrize("name", sorted(LAUNDERINGS))
def test_length_and_type_survive(name: str) -> None:
    speech = speech_like(1.7)
    laundered = LAUNDERINGS[name](speech)
    assert laundered.shape == speech.shape
    assert laundered.dtype == np.float32
    assert np.isfinite(laundered).all()


@pytest.mark.parametrize("name", ["mp3_64k", "opus_24k"])
def test_codecs_come_back_in_time_with_the_original(name: str) -> None:
    speech = speech_like(2.0)
    laundered = LAUNDERINGS[name](speech)
    assert np.corrcoef(speech, laundered)[0, 1] > 0.9
    assert not np.array_equal(speech, laundered)


def test_a_telephone_carries_nothing_above_four_kilohertz() -> None:
    rng = np.random.default_rng(1)
    hiss = rng.standard_normal(2 * AUDIO_RATE).astype(np.float32)
    assert _high_share(hiss) > 0.4
    assert _high_share(LAUNDERINGS["telephone"](hiss)) < 0.01
