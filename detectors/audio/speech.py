"""Where in a recording somebody speaks: silero-vad run by onnxruntime, without torch."""

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.base import AUDIO_RATE
from detectors.zoo.sessions import session

Floats = npt.NDArray[np.float32]

FRAME: Final = 512
"""Samples judged at once by silero-vad at 16 kHz (32 ms)."""

_CONTEXT: Final = 64  # samples of the frame before that each frame is shown with
_WINDOW: Final = 256  # frames judged with one memory (8.2 s), from an empty one
_HOP: Final = 192  # frames between their starts: where they overlap, the surer one counts
_QUIET: Final = 0.02  # of the level of the loudest frames: a pause
_PAUSE: Final = 10  # frames of a pause after which the memory starts anew ...
_PASSAGE: Final = 62  # ... unless the last start is nearer than this
_ON: Final = 0.5  # speech begins above this probability ...
_OFF: Final = 0.35  # ... and ends below this one
_PAD: Final = 0.05  # seconds kept on either side of speech
_GAP: Final = 0.5  # pauses up to this many seconds stay inside a stretch
_LEVEL: Final = 0.1  # root mean square the recording is brought to before it is judged

CERTAIN: Final = 0.7
"""Mean probability that a stretch must reach to count as speech.

What silero-vad takes for speech in music and in synthesised singing reached 0.68 at most; 98 % of
spoken clips lie above 0.69.
"""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Speech without a long pause: samples `start` to `end` (exclusive)."""

    start: int
    end: int
    voiced: float  # seconds in it that the voice activity detector calls speech

    @property
    def seconds(self) -> float:
        return (self.end - self.start) / AUDIO_RATE


class SpeechFinder:
    """Voice activity detection (silero-vad 6, MIT) over whole recordings."""

    def __init__(self, weights: Path) -> None:
        self._session = session(weights, "input", "h", "c")

    def probabilities(self, samples: Floats) -> Floats:
        """P(speech) of each frame of `FRAME` samples, shape (ceil(samples / FRAME),).

        The network remembers what it heard: after half a minute of music it overlooks speech. So it
        hears passages between pauses, in overlapping windows, each with an empty memory and at a
        level of its own.
        """
        count = -(-samples.size // FRAME)
        frames = np.zeros((count, FRAME), np.float32)
        frames.reshape(-1)[: samples.size] = samples
        speech = np.zeros(count, np.float32)
        for first, last in _passages(frames):
            for start in range(first, max(first + 1, last - (_WINDOW - _HOP)), _HOP):
                window = slice(start, min(start + _WINDOW, last))
                speech[window] = np.maximum(speech[window], self._heard(frames[window]))
        return speech

    def _heard(self, frames: Floats) -> Floats:
        """P(speech) of frames that nothing was heard before."""
        level = float(np.sqrt(np.vdot(frames, frames) / frames.size))
        levelled = np.clip(frames * np.float32(_LEVEL / max(level, 1e-4)), -1.0, 1.0)
        contexts = np.vstack([np.zeros((1, _CONTEXT), np.float32), levelled[:-1, -_CONTEXT:]])
        empty = np.zeros((1, 1, 128), np.float32)
        (speech,) = self._session.run(
            ["speech_probs"], {"input": np.hstack([contexts, levelled]), "h": empty, "c": empty}
        )
        return np.asarray(speech, np.float32).reshape(-1)

    def stretches(self, samples: Floats) -> list[Stretch]:
        """Stretches of certain speech in the order they are spoken; pauses over 0.5 s split them."""
        speech = self.probabilities(samples)
        active = _with_hysteresis(speech)
        edges = np.flatnonzero(np.diff(np.concatenate([[False], active, [False]]).astype(np.int8)))
        pad, gap = round(_PAD * AUDIO_RATE), round(_GAP * AUDIO_RATE)
        found: list[Stretch] = []
        for begin, finish in edges.reshape(-1, 2) * FRAME:
            start, end = max(0, int(begin) - pad), min(samples.size, int(finish) + pad)
            voiced = (min(int(finish), samples.size) - int(begin)) / AUDIO_RATE
            if found and start - found[-1].end <= gap:
                last = found.pop()
                found.append(Stretch(last.start, end, last.voiced + voiced))
            else:
                found.append(Stretch(start, end, voiced))
        return [stretch for stretch in found if _certainty(stretch, speech) >= CERTAIN]


def _certainty(stretch: Stretch, speech: Floats) -> float:
    """Mean probability of speech over a stretch."""
    return float(speech[stretch.start // FRAME : -(-stretch.end // FRAME)].mean())


def _passages(frames: Floats) -> list[tuple[int, int]]:
    """Frames from the start of one pause to that of the next: first, one past the last."""
    levels = np.sqrt(np.einsum("ij,ij->i", frames, frames) / FRAME)
    if not levels.size:
        return []
    quiet = levels < _QUIET * np.percentile(levels, 95)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], quiet, [False]]).astype(np.int8)))
    starts = [0]
    for begin, end in edges.reshape(-1, 2):
        if end - begin >= _PAUSE and begin - starts[-1] >= _PASSAGE:
            starts.append(int(begin))
    return list(pairwise([*starts, len(frames)]))


def _with_hysteresis(speech: Floats) -> npt.NDArray[np.bool_]:
    """Frames from one above `_ON` until one below `_OFF`."""
    state = np.where(speech >= _ON, 1, np.where(speech < _OFF, 0, -1))
    decided = np.maximum.accumulate(np.where(state >= 0, np.arange(state.size), 0))
    return np.asarray(state[decided] == 1)
