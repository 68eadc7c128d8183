"""What all audio experts need of a recording, found once however many of them ask."""

import weakref
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from detectors.audio.band import HeardSpeech, heard_speech
from detectors.audio.speech import SpeechFinder
from detectors.audio.statistics import statistics
from detectors.audio.windows import Piece, pieces
from detectors.base import Audio
from detectors.zoo.sharing import EachThread

Floats = npt.NDArray[np.float32]


@dataclass(slots=True)
class Listening:
    """The speech of one recording and the statistics of its windows."""

    speech: HeardSpeech
    _rows: dict[float, Floats] = field(default_factory=dict)  # by where a piece starts

    def pieces(self, audio: Audio) -> Iterator[tuple[Piece, Floats]]:
        """Every piece of the speech with the statistics of its windows, shape (windows, 364)."""
        for piece in pieces(audio.samples, self.speech.stretches, self.speech.band):
            if piece.start not in self._rows:
                self._rows[piece.start] = statistics(piece)
            yield piece, self._rows[piece.start]


@dataclass(slots=True)
class _Last:
    """What a thread listened to last; forgotten with the samples."""

    samples: "weakref.ref[npt.NDArray[np.float32]] | None" = None
    listening: Listening | None = None


_LAST = EachThread(_Last)


def listen(finder: SpeechFinder, audio: Audio) -> Listening:
    """Find the speech to judge, unless this thread just did. Raises `NotApplicable` as `heard_speech`.

    Recordings are told apart by their array of samples, which nobody writes to.
    """
    last = _LAST.get()
    known = last.samples() if last.samples is not None else None
    if known is not audio.samples or last.listening is None:
        last.samples = last.listening = None
        last.listening = Listening(heard_speech(finder, audio))
        last.samples = weakref.ref(audio.samples)
    return last.listening
