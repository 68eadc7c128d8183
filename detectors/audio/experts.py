"""The audio experts: each scores every window of speech by what it alone looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.audio.band import require_wide_speech
from detectors.audio.boosting import Forest
from detectors.audio.condition import ConditionModel, facts
from detectors.audio.encoder import Encoder
from detectors.audio.kernel import KernelMachine
from detectors.audio.pooling import pooled
from detectors.audio.speech import SpeechFinder
from detectors.audio.statistics import statistics
from detectors.audio.windows import Piece, pieces
from detectors.base import Audio, Judge, Observation, Span
from detectors.errors import CardInvalid
from detectors.result import NARROW_BAND_SECONDS
from detectors.zoo.card import ModelCard
from detectors.zoo.weights import verified

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of a piece's windows, and where an expert tells it, the likeness of each condition."""

    scores: Floats  # (windows,)
    likeness: Floats | None = None  # (windows, conditions)


Scorer = Callable[[Piece], Judged]


class WindowExpert:
    """Finds speech, scores its windows, pools them; what scores is up to the subclass.

    The first weight file of a card is the voice activity detector, the rest are the expert's own.
    The settings `slope` and `offset` turn its output into natural log likelihood ratios.
    """

    def __init__(self, card: ModelCard, scorer: Scorer) -> None:
        self._finder = SpeechFinder(verified(card))
        self._scorer = scorer
        self._slope, self._offset = float_setting(card, "slope"), float_setting(card, "offset")

    def observe(self, media: Audio) -> Observation:
        """Score a recording. Raises `NotApplicable` without a second of wide-band speech."""
        speech = require_wide_speech(self._finder, media)
        spans: list[Span] = []
        scores: list[Floats] = []
        likeness: list[Floats] = []
        for piece in pieces(media.samples, speech.stretches):
            judged = self._scorer(piece)
            found = judged.scores * self._slope + self._offset
            scores.append(found)
            if judged.likeness is not None:
                likeness.append(judged.likeness)
            for window, score in zip(piece.windows, found, strict=True):
                start, end = piece.seconds(window)
                spans.append(Span(start=start, end=end, raw=float(score), label="speech"))
        return Observation(
            raw=pooled(np.concatenate(scores)),
            spans=tuple(spans),
            facts={
                "speech_seconds": round(sum(stretch.voiced for stretch in speech.stretches), 2),
                **({NARROW_BAND_SECONDS: speech.narrow} if speech.narrow else {}),
                "windows": float(len(spans)),
                **(facts(np.concatenate(likeness)) if likeness else {}),
            },
        )


class StatisticsExpert(WindowExpert):
    """Boosted trees on cepstral, phase and modulation statistics; estimates the condition too."""

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        forest = Forest.load(verified(card, 1))
        conditions = ConditionModel.load(verified(card, 2))

        def score(piece: Piece) -> Judged:
            rows = statistics(piece)
            return Judged(forest.logits(rows), conditions.likeness(rows))

        return cls(card, score)


class EncoderExpert(WindowExpert):
    """A kernel machine on what a frozen speech-quality encoder notices, beside the statistics."""

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        encoder = Encoder.load(verified(card, 1))
        machine = KernelMachine.load(verified(card, 2))

        def score(piece: Piece) -> Judged:
            return Judged(machine.logits(np.hstack([encoder.embed(piece), statistics(piece)])))

        return cls(card, score)


def float_setting(card: ModelCard, name: str) -> float:
    """A number from a card's settings. Raises `CardInvalid` when it is not one."""
    value = card.settings.get(name)
    if not isinstance(value, float | int):
        raise CardInvalid(f"{card.name}: setting {name} is not a number")
    return float(value)
