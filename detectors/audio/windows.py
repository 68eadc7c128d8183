"""From a recording to the windows of speech that every audio expert judges.

Sample rate, loudness, leading silence and length separate today's collections of real and synthetic
speech all by themselves, so they are taken away here, for training and for judging alike: only
speech is kept, band-limited and brought to one level, in windows of one length.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from detectors.audio.speech import SpeechFinder, Stretch
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.result import Reason

Floats = npt.NDArray[np.float32]

HOP: Final = 160
"""Samples between frames (10 ms); window edges lie on frames."""

WINDOW: Final = 240
"""Frames in a window (2.4 s)."""

STRIDE: Final = 120
"""Frames between the starts of neighbouring windows (1.2 s)."""

SHORTEST: Final = 64
"""Frames of the shortest stretch of speech that is judged (0.64 s)."""

LEAST_SPEECH: Final = 1.0
"""Seconds of speech below which a recording is not judged."""

_CHUNK: Final = 16 * STRIDE  # frames held in memory at once (19.2 s), however long a stretch is
_LEVEL: Final = 0.1  # root mean square of every normalised piece


@dataclass(frozen=True, slots=True)
class Band:
    """What of the spectrum is judged, in Hz."""

    low: float
    high: float


WIDE: Final = Band(60.0, 7200.0)
"""Above lies what resampling leaves, below hum and offsets."""

NARROW: Final = Band(250.0, 3450.0)
"""What every telephone line and 8 kHz file carries."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Normalised speech with the windows that lie in it."""

    samples: Floats  # shape (frames * HOP,)
    windows: tuple[tuple[int, int], ...]  # frames: first, one past the last
    start: float  # seconds into the recording
    band: Band = WIDE

    def seconds(self, window: tuple[int, int]) -> tuple[float, float]:
        """Where in the recording a window lies: start and end in seconds."""
        first, last = window
        return self.start + first * HOP / AUDIO_RATE, self.start + last * HOP / AUDIO_RATE


def require_speech(finder: SpeechFinder, audio: Audio) -> list[Stretch]:
    """The stretches of speech long enough to judge. Raises `NotApplicable` when there are none."""
    found = finder.stretches(audio.samples)
    voiced = sum(stretch.voiced for stretch in found)
    if audio.seconds < LEAST_SPEECH:
        raise NotApplicable(
            Reason.TOO_SHORT,
            f"The recording lasts {audio.seconds:.2f} s. At least {LEAST_SPEECH:g} s are needed.",
        )
    if not found:
        raise NotApplicable(Reason.NO_SPEECH, "No speech was found in the sound.")
    if voiced < LEAST_SPEECH:
        raise NotApplicable(
            Reason.TOO_SHORT,
            f"It has {voiced:.2f} s of speech. At least {LEAST_SPEECH:g} s are needed.",
        )
    judged = [s for s in found if (s.end - s.start) // HOP >= SHORTEST]
    if not judged:
        raise NotApplicable(
            Reason.TOO_SHORT,
            f"No stretch of speech is as long as {SHORTEST * HOP / AUDIO_RATE:.2f} s.",
        )
    return judged


def pieces(samples: Floats, stretches: list[Stretch], band: Band = WIDE) -> Iterator[Piece]:
    """Cut stretches of speech into normalised pieces of bounded length with their windows."""
    for stretch in stretches:
        frames = (stretch.end - stretch.start) // HOP
        edges = window_edges(frames)
        for first in range(0, len(edges), _CHUNK // STRIDE):
            group = edges[first : first + _CHUNK // STRIDE]
            origin = group[0][0]
            begin = stretch.start + origin * HOP
            speech = samples[begin : stretch.start + group[-1][1] * HOP]
            yield Piece(
                normalised(speech, band),
                tuple((a - origin, b - origin) for a, b in group),
                begin / AUDIO_RATE,
                band,
            )


def window_edges(frames: int) -> list[tuple[int, int]]:
    """Overlapping windows that cover `frames`; the last one is moved back to end at the end."""
    if frames <= WINDOW:
        return [(0, frames)]
    starts = [*range(0, frames - WINDOW, STRIDE), frames - WINDOW]
    return [(start, start + WINDOW) for start in starts]


def normalised(speech: Floats, band: Band = WIDE) -> Floats:
    """Speech limited to a band without phase shift, at one root mean square."""
    limited = signal.sosfiltfilt(_band_pass(band), speech)
    level = float(np.sqrt(np.mean(np.square(limited))))
    return (limited * (_LEVEL / max(level, 1e-6))).astype(np.float32)


@cache
def _band_pass(band: Band) -> npt.NDArray[np.float64]:
    edges = (band.low, band.high)
    return np.asarray(signal.butter(8, edges, "bandpass", fs=AUDIO_RATE, output="sos"))
