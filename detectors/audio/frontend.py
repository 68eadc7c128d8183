"""Spectra of normalised speech: 25 ms Hann frames every 10 ms and 80 linear bands.

Linear bands, not mel, because vocoders and neural codecs leave most of their traces above 4 kHz,
where mel bands are coarse (Sahidullah et al. 2015).
"""

from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import fft

from detectors.audio.windows import HOP, WIDE, Band
from detectors.base import AUDIO_RATE

Floats = npt.NDArray[np.float32]
Complexes = npt.NDArray[np.complex64]

BANDS: Final = 80
"""Linear bands that what is judged of the spectrum is cut into."""

_FRAME: Final = 400  # samples (25 ms)
POINTS: Final = 512
"""Of the Fourier transform."""

_FLOOR: Final = 1e-7  # power added before the logarithm


def spectrum(samples: Floats) -> Complexes:
    """Short-time Fourier transform, shape (samples / HOP, 257): frame i is centred on i * HOP."""
    padded = np.pad(samples, (_FRAME // 2, _FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FRAME)[::HOP]
    tapered = frames[: samples.size // HOP] * np.hanning(_FRAME).astype(np.float32)
    return np.asarray(fft.rfft(tapered, POINTS), np.complex64)


def log_bands(transform: Complexes, band: Band = WIDE) -> Floats:
    """Natural log power in each of `BANDS`, shape (frames, BANDS)."""
    power = np.square(transform.real) + np.square(transform.imag)
    return np.asarray(np.log(power @ _filters(band) + _FLOOR), np.float32)


def cepstrum(bands: Floats, count: int = 30) -> Floats:
    """Linear-frequency cepstral coefficients, shape (frames, count)."""
    return np.asarray(fft.dct(bands, axis=1, norm="ortho")[:, :count], np.float32)


@cache
def _filters(band: Band) -> Floats:
    """Triangular filters, shape (257, BANDS)."""
    edges = np.linspace(band.low, band.high, BANDS + 2)
    bins = np.linspace(0, AUDIO_RATE / 2, POINTS // 2 + 1)[:, None]
    rising = (bins - edges[:-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[2:] - bins) / (edges[2:] - edges[1:-1])
    return np.clip(np.minimum(rising, falling), 0, None).astype(np.float32)
