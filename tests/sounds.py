"""Make speech-like and music-like sound with numpy alone, the same on every machine."""

from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from detectors.base import AUDIO_RATE

Samples = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]

# First four formants in Hz of an adult male voice (Peterson and Barney 1952; F4 is a usual value).
_VOWELS: Final = (
    (730, 1090, 2440, 3400),
    (270, 2290, 3010, 3600),
    (300, 870, 2240, 3300),
    (530, 1840, 2480, 3500),
    (570, 840, 2410, 3300),
    (660, 1720, 2410, 3500),
)
_BANDWIDTHS: Final = (60.0, 90.0, 130.0, 180.0)
_FRAME: Final = 80  # 5 ms: formants and pitch are constant inside one


def speech_like(seconds: float = 4.0, seed: int = 7, *, rate: int = AUDIO_RATE) -> Samples:
    """Formant synthesis of random syllables and short pauses: mono, `rate` Hz, peak 0.8.

    A glottal pulse train with jitter drives four resonators whose centres glide between vowels;
    syllables start with a burst of filtered noise. A voice-activity detector takes it for speech.
    """
    rng = np.random.default_rng(seed)
    pieces: list[Floats] = [np.zeros(AUDIO_RATE // 10)]
    length = pieces[0].size
    while length < seconds * AUDIO_RATE:
        piece = _phrase(rng)
        pieces.append(piece)
        length += piece.size
    voice = np.concatenate(pieces)[: round(seconds * AUDIO_RATE)]
    voice = voice / (np.abs(voice).max() + 1e-9) * 0.8
    voice += rng.normal(0, 3e-4, voice.size)  # a room is never silent
    return _at_rate(voice, rate)


def music_like(seconds: float = 4.0, seed: int = 7, *, rate: int = AUDIO_RATE) -> Samples:
    """Plucked chords without any voice: mono, `rate` Hz, peak 0.8."""
    rng = np.random.default_rng(seed)
    out = np.zeros(round(seconds * AUDIO_RATE))
    beat = AUDIO_RATE // 4
    for start in range(0, out.size, beat):
        root = 110.0 * 2 ** (int(rng.choice([0, 3, 5, 7, 10])) / 12)
        time = np.arange(min(beat * 4, out.size - start)) / AUDIO_RATE
        for ratio in (1.0, 1.26, 1.5, 2.0):
            for harmonic in range(1, 7):
                tone = np.sin(2 * np.pi * root * ratio * harmonic * time)
                out[start : start + time.size] += (
                    tone * np.exp(-time * (2 + 1.5 * harmonic)) / harmonic
                )
    return _at_rate(out / (np.abs(out).max() + 1e-9) * 0.8, rate)


def _at_rate(samples: Floats, rate: int) -> Samples:
    if rate != AUDIO_RATE:
        samples = signal.resample_poly(samples, rate, AUDIO_RATE)
    return np.clip(samples, -1, 1).astype(np.float32)


def _phrase(rng: np.random.Generator) -> Floats:
    """Three to seven syllables, falling in pitch, then a pause."""
    pitch = rng.uniform(105, 150)
    syllables = [
        _syllable(rng, pitch * (1 - 0.04 * index)) for index in range(int(rng.integers(3, 8)))
    ]
    return np.concatenate([*syllables, np.zeros(int(AUDIO_RATE * rng.uniform(0.15, 0.4)))])


def _syllable(rng: np.random.Generator, pitch: float) -> Floats:
    count = int(rng.uniform(0.13, 0.28) * AUDIO_RATE) // _FRAME
    first, second = (np.array(_VOWELS[int(rng.integers(len(_VOWELS)))], float) for _ in range(2))
    blend = np.linspace(0, 1, count)[:, None]
    formants = first * (1 - blend) + second * blend
    source = _glottis(rng, pitch * (1 + 0.06 * np.sin(np.linspace(0, np.pi, count))))
    voiced = _resonate(source, formants)
    envelope = np.hanning(voiced.size * 2)[voiced.size // 2 : voiced.size // 2 + voiced.size]
    voiced = voiced / (voiced.std() + 1e-9) * envelope**0.5
    noise = rng.normal(size=int(rng.uniform(0.02, 0.07) * AUDIO_RATE))
    band = signal.butter(2, [2000, 6500], "bandpass", fs=AUDIO_RATE, output="sos")
    consonant = signal.sosfilt(band, noise) * np.hanning(noise.size) * rng.uniform(0.3, 0.9)
    return np.concatenate([consonant, voiced])


def _glottis(rng: np.random.Generator, pitch: Floats) -> Floats:
    """Impulses at the pitch with 1 % jitter, shaped -12 dB/octave, plus a little breath."""
    per_sample = np.repeat(pitch, _FRAME) * (
        1 + 0.01 * np.repeat(rng.normal(size=pitch.size), _FRAME)
    )
    phase = np.cumsum(per_sample / AUDIO_RATE)
    pulses = np.diff(np.floor(phase), prepend=0.0)
    shaped = signal.lfilter([1.0], [1.0, -1.8, 0.81], pulses)
    radiated: Floats = np.diff(shaped, prepend=0.0)  # lips radiate +6 dB/octave
    return radiated + rng.normal(0, 0.02 * (radiated.std() + 1e-9), radiated.size)


def _resonate(source: Floats, formants: Floats) -> Floats:
    """Cascade of four resonators retuned every frame (Klatt 1980)."""
    out = source
    for index, bandwidth in enumerate(_BANDWIDTHS):
        radius = np.exp(-np.pi * bandwidth / AUDIO_RATE)
        state, blocks = np.zeros(2), []
        for frame, centre in enumerate(formants[:, index]):
            b = -2 * radius * np.cos(2 * np.pi * centre / AUDIO_RATE)
            gain = 1 + b + radius**2
            block, state = signal.lfilter(
                [gain], [1.0, b, radius**2], out[frame * _FRAME : (frame + 1) * _FRAME], zi=state
            )
            blocks.append(block)
        out = np.concatenate(blocks)
    return out
