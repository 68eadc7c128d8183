"""The audio experts: each scores every window of speech by what it alone looks at."""

from collections.abc import Callable, Mapping
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.audio.boosting import Forest
from detectors.audio.encoder import Encoder
from detectors.audio.kernel import KernelMachine
from detectors.audio.network import load_network, logits
from detectors.audio.pooling import pooled
from detectors.audio.speech import SpeechFinder
from detectors.audio.statistics import statistics
from detectors.audio.windows import Piece, pieces, require_speech
from detectors.base import Audio, Judge, Observation, Span
from detectors.errors import CardInvalid
from detectors.zoo.card import ModelCard
from detectors.zoo.weights import verified

Floats = npt.NDArray[np.float32]
Scorer = Callable[[Piece], Floats]


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
        """Score a recording. Raises `NotApplicable` without a second of speech."""
        stretches = require_speech(self._finder, media)
        spans: list[Span] = []
        scores: list[Floats] = []
        for piece in pieces(media.samples, stretches):
            found = self._scorer(piece) * self._slope + self._offset
            scores.append(found)
            for window, score in zip(piece.windows, found, strict=True):
                start, end = piece.seconds(window)
                spans.append(Span(start=start, end=end, raw=float(score), label="speech"))
        return Observation(
            raw=pooled(np.concatenate(scores)),
            spans=tuple(spans),
            facts={
                "speech_seconds": round(sum(stretch.voiced for stretch in stretches), 2),
                "windows": float(len(spans)),
            },
        )


class StatisticsExpert(WindowExpert):
    """Boosted trees on cepstral, phase and modulation statistics."""

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        forest = Forest.load(verified(card, 1))
        return cls(card, lambda piece: forest.logits(statistics(piece)))


class EncoderExpert(WindowExpert):
    """A kernel machine on what a frozen speech-quality encoder notices, beside the statistics."""

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        encoder = Encoder.load(verified(card, 1))
        machine = KernelMachine.load(verified(card, 2))

        def score(piece: Piece) -> Floats:
            return machine.logits(np.hstack([encoder.embed(piece), statistics(piece)]))

        return cls(card, score)


class NetworkExpert(WindowExpert):
    """A compact residual network on linear-band spectrograms."""

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        network = load_network(verified(card, 1))
        return cls(card, lambda piece: logits(network, piece))


def float_setting(card: ModelCard, name: str) -> float:
    """A number from a card's settings. Raises `CardInvalid` when it is not one."""
    value = card.settings.get(name)
    if not isinstance(value, float | int):
        raise CardInvalid(f"{card.name}: setting {name} is not a number")
    return float(value)
