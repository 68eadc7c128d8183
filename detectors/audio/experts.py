"""The audio experts: each scores every window of speech by what it alone looks at."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.audio.band import JUDGED_NARROW
from detectors.audio.boosting import Forest
from detectors.audio.condition import LINE, ConditionModel, certain, facts
from detectors.audio.encoder import Encoder
from detectors.audio.heads import Heads
from detectors.audio.listening import listen
from detectors.audio.pooling import pooled
from detectors.audio.speech import SpeechFinder
from detectors.audio.windows import NARROW, WIDE, Band, Piece
from detectors.base import Audio, Judge, Observation, Span
from detectors.errors import CardInvalid
from detectors.result import NARROW_BAND_SECONDS, SPEECH_SECONDS
from detectors.zoo.card import ModelCard
from detectors.zoo.weights import verified

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Judged:
    """Scores of a piece's windows, and where an expert tells it, the likeness of each condition."""

    scores: Floats  # (windows,)
    likeness: Floats | None = None  # (windows, conditions)


Scorer = Callable[[Piece, Floats], Judged]
"""Judges a piece by its samples and the statistics of its windows, shape (windows, 364)."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From an expert's output to natural log likelihood ratios."""

    slope: float
    offset: float

    @classmethod
    def of(cls, card: ModelCard, prefix: str = "") -> Self:
        names = (f"{prefix}slope", f"{prefix}offset")
        return cls(*(float_setting(card, name) for name in names))


class WindowExpert:
    """Finds speech, scores its windows, pools them; what scores is up to the subclass.

    The first weight file of a card is the voice activity detector, the rest are the expert's own.
    """

    def __init__(self, card: ModelCard, scorers: Mapping[Band, tuple[Scorer, Scale]]) -> None:
        """`scorers` has what judges speech of each band."""
        self._finder = SpeechFinder(verified(card))
        self._scorers = scorers

    def observe(self, media: Audio) -> Observation:
        """Score a recording. Raises `NotApplicable` without a second of speech it can judge."""
        heard = listen(self._finder, media)
        speech = heard.speech
        scorer, scale = self._scorers[speech.band]
        spans: list[Span] = []
        scores: list[Floats] = []
        likeness: list[Floats] = []
        for piece, rows in heard.pieces(media):
            judged = scorer(piece, rows)
            found = judged.scores * scale.slope + scale.offset
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
                SPEECH_SECONDS: round(sum(stretch.voiced for stretch in speech.stretches), 2),
                **({NARROW_BAND_SECONDS: speech.narrow} if speech.narrow else {}),
                **({JUDGED_NARROW: 1.0} if speech.band is NARROW else {}),
                "windows": float(len(spans)),
                **(facts(np.concatenate(likeness)) if likeness else {}),
            },
        )


class StatisticsExpert(WindowExpert):
    """Boosted trees on cepstral, phase and modulation statistics; estimates the condition too.

    Speech of a telephone's band has trees of its own, which see no more than every line carries.
    """

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        conditions = ConditionModel.load(verified(card, 2))
        wide, narrow = (Forest.load(verified(card, number)) for number in (1, 3))
        return cls.of(card, wide, narrow, conditions)

    @classmethod
    def of(
        cls, card: ModelCard, forest: Forest, narrow: Forest, conditions: ConditionModel
    ) -> Self:
        """Other trees for both bands than the card's, on its scales."""

        def score(_: Piece, rows: Floats) -> Judged:
            return Judged(forest.logits(rows), conditions.likeness(rows))

        def score_narrow(_: Piece, rows: Floats) -> Judged:
            return Judged(narrow.logits(rows), certain(LINE, len(rows)))

        return cls(
            card,
            {
                WIDE: (score, Scale.of(card)),
                NARROW: (score_narrow, Scale.of(card, "narrow_")),
            },
        )


class EncoderExpert(WindowExpert):
    """Heads on what a frozen speech recogniser notices, beside the statistics.

    Speech of a telephone's band has heads of its own.
    """

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        wide = Heads.load(verified(card, 2), verified(card, 3))
        narrow = Heads.load(verified(card, 4), verified(card, 5))
        return cls.of(card, Encoder.load(verified(card, 1)), wide, narrow)

    @classmethod
    def of(cls, card: ModelCard, encoder: Encoder, wide: Heads, narrow: Heads) -> Self:
        """Other heads for both bands than the card's, on its scales."""

        def scorer(heads: Heads) -> Scorer:
            def score(piece: Piece, rows: Floats) -> Judged:
                return Judged(heads.logits(np.hstack([encoder.embed(piece), rows])))

            return score

        return cls(
            card,
            {
                WIDE: (scorer(wide), Scale.of(card)),
                NARROW: (scorer(narrow), Scale.of(card, "narrow_")),
            },
        )


def float_setting(card: ModelCard, name: str) -> float:
    """A number from a card's settings. Raises `CardInvalid` when it is not one."""
    value = card.settings.get(name)
    if not isinstance(value, float | int):
        raise CardInvalid(f"{card.name}: setting {name} is not a number")
    return float(value)
