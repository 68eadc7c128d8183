"""Statistics of one window of speech in which vocoders differ from larynx, room and microphone.

Three families: moments of linear-frequency cepstra and of their differences (spectral fine
structure), coherence of phase over time and over frequency (group delay), which resynthesis from
magnitudes or codes disturbs, and the modulation spectrum (how fast each band's envelope moves).
"""

from itertools import pairwise
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.audio.frontend import BANDS, POINTS, Complexes, Floats, cepstrum, spectrum
from detectors.audio.frontend import log_bands as log_bands_of
from detectors.audio.windows import HOP, Band, Piece
from detectors.base import AUDIO_RATE

_QUIET: Final = np.float32(9.2)  # nepers of power (40 dB) under the loudest frame
_PHASE_BANDS: Final = 16
_LOWEST_PHASE: Final = 125.0  # Hz
_MODULATION_FRAMES: Final = 128
_MODULATION_EDGES: Final = (1, 2, 4, 7, 11, 16, 24, 34, 48, 64)  # bins of 0.78 Hz
_MODULATION_BANDS: Final = 10


def statistics(piece: Piece) -> Floats:
    """One row for each window of a piece, shape (windows, 364)."""
    transform = spectrum(piece.samples)
    bands = log_bands_of(transform, piece.band)
    coefficients = cepstrum(bands)
    rows = []
    for first, last in piece.windows:
        inside = slice(first, last)
        loudness = np.logaddexp.reduce(bands[inside], axis=1)
        loud = loudness > loudness.max() - _QUIET
        rows.append(
            np.concatenate(
                [
                    _moments(coefficients[inside][loud]),
                    _phase(transform[inside], loud, piece.band),
                    _modulation(bands[inside]),
                ]
            )
        )
    return np.asarray(rows, np.float32)


def _moments(series: Floats) -> Floats:
    """Moments of a series and of its first and second differences, shape (7 * columns,)."""
    slope = np.diff(series, axis=0)
    spread, skewness, peakedness = _standardised(series)
    slope_spread, _, slope_peakedness = _standardised(slope)
    return np.concatenate(
        [
            series.mean(0),
            spread,
            skewness,
            peakedness,
            slope_spread,
            slope_peakedness,
            np.diff(slope, axis=0).std(0),
        ]
    )


def _standardised(series: Floats) -> tuple[Floats, Floats, Floats]:
    """Standard deviation, skewness and excess kurtosis of each column."""
    spread = series.std(0) + np.float32(1e-6)
    scaled = (series - series.mean(0)) / spread
    cubes = scaled * scaled * scaled
    return spread, cubes.mean(0), (cubes * scaled).mean(0) - 3


def _phase(transform: Complexes, loud: npt.NDArray[np.bool_], band: Band) -> Floats:
    """Coherence of instantaneous frequency and of group delay in 16 bands, shape (64,)."""
    advance = np.exp(np.float32(-2 * np.pi * HOP / POINTS) * 1j * np.arange(transform.shape[1]))
    turn = _unit(transform[1:] * transform[:-1].conj()) * advance.astype(np.complex64)
    steady = turn[1:] * turn[:-1].conj() * np.abs(transform[2:])
    delay = _unit(transform[:, 1:] * transform[:, :-1].conj())
    bend = delay[:, 1:] * delay[:, :-1].conj()
    weight = np.abs(transform[2:])
    bins = _phase_bins(band)
    over_time = np.stack(
        [np.abs(steady[:, b].sum(1)) / (weight[:, b].sum(1) + np.float32(1e-9)) for b in bins],
        axis=1,
    )[loud[2:]]
    over_frequency = np.stack([np.abs(bend[:, b].mean(1)) for b in bins], axis=1)[loud]
    if not over_time.size:
        over_time = np.zeros((1, _PHASE_BANDS), np.float32)
    return np.concatenate(
        [over_time.mean(0), over_time.std(0), over_frequency.mean(0), over_frequency.std(0)]
    )


def _phase_bins(band: Band) -> list[npt.NDArray[np.intp]]:
    """Bins of the Fourier transform in each band of phase."""
    width = AUDIO_RATE / POINTS
    lowest, highest = max(band.low, _LOWEST_PHASE), band.high
    return np.array_split(
        np.arange(round(lowest / width), round(highest / width) + 1), _PHASE_BANDS
    )


def _modulation(bands: Floats) -> Floats:
    """Log modulation energy by rate (90 Hz and less) and band, less each band's mean: (90,)."""
    coarse = bands.reshape(-1, _MODULATION_BANDS, BANDS // _MODULATION_BANDS).mean(2)
    coarse = coarse - coarse.mean(0)
    missing = _MODULATION_FRAMES - coarse.shape[0]
    if missing > 0:
        coarse = np.pad(coarse, ((0, missing), (0, 0)))
    views = np.lib.stride_tricks.sliding_window_view(coarse, _MODULATION_FRAMES, axis=0)[::32]
    taper = np.hanning(_MODULATION_FRAMES).astype(np.float32)
    energy = np.square(np.abs(np.fft.rfft(views * taper, axis=2))).mean(0)
    rates = [energy[:, low:high].mean(1) for low, high in pairwise(_MODULATION_EDGES)]
    level = np.log(np.asarray(rates, np.float32) + np.float32(1e-9))
    return np.asarray((level - level.mean(0)).ravel(), np.float32)


def _unit(values: Complexes) -> Complexes:
    return np.asarray(values / (np.abs(values) + np.float32(1e-12)), np.complex64)
