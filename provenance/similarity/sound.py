"""Describe sound so that excerpts of it are found after lossy compression: spectral landmarks.

The method is that of Wang ("An industrial-strength audio search algorithm", 2003): peaks of the
spectrogram are joined in pairs, and each pair's two frequencies and the time between them make one
mark. Marks survive compression and noise because peaks do, and need no alignment because a mark
knows nothing of when it occurs. A copy is a set of marks at the same distances from each other,
that is with one common shift.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import ndimage

RATE: Final = 16_000
"""Samples per second of every recording that is described."""

HOP: Final = 512
"""Samples from one frame of the spectrogram to the next: 32 ms."""

FRAME_SECONDS: Final = HOP / RATE

MARKS_PER_SECOND: Final = 12
"""Marks kept of every second, those of the strongest peaks."""

MAX_MARKS: Final = 43_200
"""Marks of one recording: an hour's."""

_WINDOW: Final = 1024
_LOW, _HIGH = 10, 245  # bins of 15.6 Hz that peaks are looked for in: 160 Hz to 3.8 kHz
_APART: Final = (7, 15)  # frames and bins around a peak in which nothing is stronger
_FLOOR: Final = 1e-4  # of full scale: what is quieter is silence
_AHEAD: Final = (2, 64)  # frames from the first peak of a pair to the second
_BAND: Final = 64  # bins between the two at most
_FAN: Final = 4  # partners of one peak

_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Landmarks:
    """The marks of a recording and the frames they begin at, in the order of time."""

    marks: _Ints
    frames: _Ints


def describe(samples: _Floats) -> Landmarks:
    """The landmarks of mono samples in [-1, 1] at `RATE`; none in silence."""
    frames, bins, strength = _peaks(samples)
    marks, starts, power = _pairs(frames, bins, strength)
    kept = _strongest_of_each_second(starts, power)[:MAX_MARKS]
    return Landmarks(marks[kept], starts[kept])


def _peaks(samples: _Floats) -> tuple[_Ints, _Ints, _Floats]:
    """Frames, bins and strengths of the local maxima of the spectrogram, in the order of time."""
    count = max(0, (len(samples) - _WINDOW) // HOP + 1)
    if not count:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32)
    window = np.hanning(_WINDOW).astype(np.float32)
    pieces = np.lib.stride_tricks.sliding_window_view(samples, _WINDOW)[::HOP]
    level = np.empty((count, _HIGH), np.float32)
    for start in range(0, count, 2048):  # a chunk of frames at a time, whatever the length
        chunk = np.fft.rfft(pieces[start : start + 2048] * window, axis=1)[:, :_HIGH]
        level[start : start + 2048] = np.log(np.abs(chunk) / _WINDOW + _FLOOR)
    top = ndimage.maximum_filter(level, size=(2 * _APART[0] + 1, 2 * _APART[1] + 1))
    loud = level > np.log(2 * _FLOOR)
    loud[:, :_LOW] = False
    frames, bins = np.nonzero((level == top) & loud)
    return frames, bins, level[frames, bins]


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


def _strongest_of_each_second(starts: _Ints, power: _Floats) -> _Ints:
    """Places of the marks that are kept, in the order of time."""
    second = (starts * FRAME_SECONDS).astype(np.int64)
    order = np.lexsort((-power, second))
    sorted_seconds = second[order]
    first = np.searchsorted(sorted_seconds, sorted_seconds, side="left")
    kept = order[np.arange(len(order)) - first < MARKS_PER_SECOND]
    return np.asarray(kept[np.argsort(starts[kept], kind="stable")], np.int64)
