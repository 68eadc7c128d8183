"""Speech is looked for once in a recording, and anew in the next one."""

import numpy as np
import numpy.typing as npt
import pytest

from detectors.audio import listening
from detectors.audio.listening import listen
from detectors.audio.speech import SpeechFinder, Stretch
from detectors.audio.statistics import statistics
from detectors.audio.windows import Piece
from detectors.base import AUDIO_RATE, Audio
from detectors.registry import card_of, named
from detectors.zoo.weights import verified
from tests.sounds import speech_like


class CountingFinder(SpeechFinder):
    searches = 0

    def stretches(self, samples: npt.NDArray[np.float32]) -> list[Stretch]:
        self.searches += 1
        return super().stretches(samples)


def _recording(seconds: float) -> Audio:
    samples = speech_like(seconds).astype(np.float32)
    return Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")


def test_experts_that_ask_of_one_recording_get_one_search_and_the_same_statistics(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    finder = CountingFinder(verified(card_of(named("audio.statistics"))))
    calls: list[float] = []

    def counted(piece: Piece) -> npt.NDArray[np.float32]:
        calls.append(piece.start)
        return statistics(piece)

    monkeypatch.setattr(listening, "statistics", counted)
    talk, other = _recording(3.0), _recording(4.0)
    first = [rows for _, rows in listen(finder, talk).pieces(talk)]
    again = [rows for _, rows in listen(finder, talk).pieces(talk)]
    assert finder.searches == 1
    assert len(calls) == len(first)
    assert all(a is b for a, b in zip(first, again, strict=True))
    end = listen(finder, other).speech.stretches[-1].end
    assert finder.searches == 2
    assert end > talk.samples.size
