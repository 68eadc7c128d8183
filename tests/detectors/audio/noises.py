"""Sounds without any speech, and one that only sings, for the tests of the speech gate."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from detectors.base import AUDIO_RATE
from tests.sounds import music_like

Samples = npt.NDArray[np.float32]
Sound = npt.NDArray[np.float64]
SECONDS: Final = 6
_COUNT: Final = SECONDS * AUDIO_RATE
_VOWELS: Final = (
    ((730, 90), (1090, 110), (2440, 170)),
    ((270, 60), (2290, 100), (3010, 170)),
    ((300, 60), (870, 100), (2240, 170)),
    ((530, 60), (1840, 100), (2480, 170)),
)


def _tone(_: np.random.Generator) -> Sound:
    return np.sin(2 * np.pi * 440 * np.arange(_COUNT) / AUDIO_RATE)


def _organ(rng: np.random.Generator) -> Sound:
    times = np.arange(_COUNT // 6) / AUDIO_RATE
    chords = []
    for root in 110 * 2 ** (rng.integers(0, 24, 6) / 12):
        pitches = root * 2 ** (np.array([0, 4, 7, 12]) / 12)
        chords.append(
            sum(np.sin(2 * np.pi * p * k * times) / k for p in pitches for k in range(1, 9))
        )
    return np.concatenate(chords)


def _drums(rng: np.random.Generator) -> Sound:
    sound = np.zeros(_COUNT + AUDIO_RATE)
    times = np.arange(AUDIO_RATE // 3) / AUDIO_RATE
    for beat, start in enumerate(range(0, _COUNT, AUDIO_RATE // 4)):
        kick = np.sin(2 * np.pi * 55 * times) * np.exp(-12 * times)
        snare = rng.standard_normal(times.size) * np.exp(-25 * times)
        sound[start : start + times.size] += (kick, snare)[beat % 2]
    return sound[:_COUNT]


def _hiss(rng: np.random.Generator) -> Sound:
    return rng.standard_normal(_COUNT)


def _rain(rng: np.random.Generator) -> Sound:
    sound = 0.2 * rng.standard_normal(_COUNT)
    drop = np.exp(-np.arange(200) / 20)
    for start in rng.integers(0, _COUNT - 200, _COUNT // 80):
        pitch = rng.uniform(1500, 6000) / AUDIO_RATE
        sound[start : start + 200] += 2 * drop * np.sin(2 * np.pi * pitch * np.arange(200))
    return sound


def _singing(rng: np.random.Generator) -> Sound:
    """Long vowels on the notes of a scale, with vibrato."""
    notes = []
    for length in [AUDIO_RATE] * SECONDS:
        times = np.arange(length) / AUDIO_RATE
        pitch = 200 * 2 ** (rng.integers(0, 12) / 12) * (1 + 0.015 * np.sin(35 * times))
        pulses = np.diff(np.floor(np.cumsum(pitch) / AUDIO_RATE), prepend=0)
        for centre, width in _VOWELS[rng.integers(len(_VOWELS))]:
            radius = np.exp(-np.pi * width / AUDIO_RATE)
            turn = -2 * radius * np.cos(2 * np.pi * centre / AUDIO_RATE)
            pulses = signal.lfilter([1], [1, turn, radius**2], pulses)
        notes.append(pulses / np.abs(pulses).max())
    return np.concatenate(notes)


_MAKERS: Final[Mapping[str, Callable[[np.random.Generator], Sound]]] = MappingProxyType(
    {
        "tone": _tone,
        "organ": _organ,
        "drums": _drums,
        "hiss": _hiss,
        "rain": _rain,
        "singing": _singing,
        "plucked chords": lambda _: music_like(SECONDS).astype(np.float64),
        "silence": lambda _: np.zeros(_COUNT),
    }
)
NAMES: Final = tuple(_MAKERS)


def noise(name: str, seed: int) -> Samples:
    """One of NAMES, mono at AUDIO_RATE, peak 0.5 or silent."""
    sound = _MAKERS[name](np.random.default_rng(seed))
    peak = float(np.abs(sound).max()) or 1.0
    return (0.5 * sound / peak).astype(np.float32)
