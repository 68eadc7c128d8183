"""Describe sound so that excerpts of it are found after lossy compression: spectral landmarks.

The method is that of Wang ("An industrial-strength audio search algorithm", 2003): peaks of the
spectrogram are joined in pairs, and each pair's two frequencies and the time between them make one
mark. Marks survive compression and noise because peaks do, and need no alignment because a mark
knows nothing of when it occurs. A copy is a set of marks at the same distances from each other,
that is with one common shift.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

RATE: Final = 16_000
"""Samples per second of every recording that is described."""

HOP: Final = 256
"""Samples from one frame of the spectrogram to the next: 16 ms."""

FRAME_SECONDS: Final = HOP / RATE

STORED_MARKS: Final = 20
"""Marks of every second that are stored, those of the strongest peaks."""

ASKED_MARKS: Final = 80
"""Marks of every second that are looked up: an excerpt begins anywhere, so which marks are the
strongest of a second is not the same in it."""

MAX_SECONDS: Final = 3600
"""What is described of one recording, from its beginning."""

_WINDOW: Final = 1024
_LOW, _HIGH = 10, 245  # bins of 15.6 Hz that peaks are looked for in: 160 Hz to 3.8 kHz
_APART: Final = (10, 12)  # frames and bins around a peak in which nothing is stronger
_FLOOR: Final = 1e-4  # of full scale: what is quieter is silence
_AHEAD: Final = (4, 64)  # frames from the first peak of a pair to the second
_BAND: Final = 64  # bins between the two at most
_BLOCK: Final = 2048  # frames held at once: the spectrogram of an hour takes 220 MB
_FAN: Final = 4  # partners of one peak

_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The marks of a recording, the frames they begin at and how strong their peaks are.

    In the order of time.
    """

    marks: _Ints
    frames: _Ints
    power: _Floats

    def strongest(self, per_second: int) -> "Landmarks":
        """Those of the strongest peaks of every second."""
        second = (self.frames * FRAME_SECONDS).astype(np.int64)
        order = np.lexsort((-self.power, second))
        ranked = second[order]
        kept = order[np.arange(len(order)) - np.searchsorted(ranked, ranked) < per_second]
        kept = kept[np.argsort(self.frames[kept], kind="stable")]
        return Landmarks(self.marks[kept], self.frames[kept], self.power[kept])


def describe(samples: _Floats) -> Landmarks:
    """The landmarks of mono samples in [-1, 1] at `RATE`; none in silence."""
    return Landmarks(*_pairs(*_peaks(samples[: MAX_SECONDS * RATE]))).strongest(ASKED_MARKS)


def _peaks(samples: _Floats) -> tuple[_Ints, _Ints, _Floats]:
    """Frames, bins and strengths of the local maxima of the spectrogram, in the order of time."""
    count = max(0, (len(samples) - _WINDOW) // HOP + 1)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    window = np.hanning(_WINDOW).astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::HOP]
    found = [
        _peaks_between(pieces, window, first, min(first + _BLOCK, count))
        for first in range(0, count, _BLOCK)
    ]
    frames, bins, strength = (np.concatenate(part) for part in zip(*found, strict=True))
    return frames, bins, strength


def _peaks_between(
    pieces: _Floats, window: _Floats, first: int, last: int
) -> tuple[_Ints, _Ints, _Floats]:
    """The peaks of some frames, compared with their neighbours in and around them."""
    before = max(0, first - _APART[0])
    spectra = np.fft.rfft(pieces[before : last + _APART[0]] * window, axis=1)[:, :_HIGH]
    level = np.log(np.abs(spectra) / _WINDOW + _FLOOR)
    top = cv2.dilate(level, np.ones((2 * _APART[0] + 1, 2 * _APART[1] + 1), np.uint8))
    loud = level > np.log(2 * _FLOOR)
    loud[:, :_LOW] = False
    inside = slice(first - before, last - before)
    frames, bins = np.nonzero((level == top)[inside] & loud[inside])
    return frames + first, bins, level[inside][frames, bins]


def _pairs(frames: _Ints, bins: _Ints, strength: _Floats) -> tuple[_Ints, _Ints, _Floats]:
    """Join each peak with the next few ones near it in time and frequency."""
    marks, starts, power = [], [], []
    for step in range(1, 4 * _FAN + 1):
        if len(frames) <= step:
            break
        first, second = slice(None, -step), slice(step, None)
        apart = frames[second] - frames[first]
        across = bins[second] - bins[first]
        fits = (apart >= _AHEAD[0]) & (apart < _AHEAD[1]) & (np.abs(across) <= _BAND)
        marks.append(((bins[first] * 256 + bins[second]) * 64 + apart)[fits])
        starts.append(frames[first][fits])
        power.append((strength[first] + strength[second])[fits])
    if not marks:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    return np.concatenate(marks), np.concatenate(starts), np.concatenate(power)
