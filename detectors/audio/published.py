"""Published speech detectors as pulled: their networks on windows of speech, as they expect them."""

from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from detectors.audio.band import require_wide_speech
from detectors.audio.speech import SpeechFinder, Stretch
from detectors.base import AUDIO_RATE, Audio, Observation, Span
from detectors.zoo.card import ModelCard, WeightSource
from detectors.zoo.public.build import built
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import number
from detectors.zoo.weights import verified

Floats = npt.NDArray[np.float32]

MOST_WINDOWS: Final = 24
"""Windows judged in one recording, spread over its speech; the others are said to be unjudged."""


class PublishedSpeechDetector:
    """Mean logit of "synthetic" over windows of speech.

    Samples reach the network as they were recorded: unlike our own experts, these were trained on
    levels, bands and silences as they are. `window` on the card is the samples of one window; shorter
    speech is repeated until it fills one, as its authors do.
    """

    def __init__(self, network: nn.Module, finder: SpeechFinder, card: ModelCard) -> None:
        self._network = network
        self._finder = finder
        self._window = int(number(card, "window"))

    @classmethod
    def from_files(cls, card: ModelCard, files: tuple[Path, ...]) -> Self:
        """The card also names the voice activity detector, in an installed package."""
        packaged = [w.source is WeightSource.PACKAGE for w in card.weights].index(True)
        finder = SpeechFinder(verified(card, packaged))
        return cls(built(PublicCard.read(card.name), files), finder, card)

    def observe(self, media: Audio) -> Observation:
        """Score a recording. Raises `NotApplicable` without a second of wide-band speech."""
        stretches = require_wide_speech(self._finder, media).stretches
        places = [place for stretch in stretches for place in windows(stretch, self._window)]
        chosen = {places[i] for i in evenly(len(places), MOST_WINDOWS)}
        raws = {place: self._logit(media.samples[slice(*place)]) for place in sorted(chosen)}
        spans = tuple(
            Span(
                start=start / AUDIO_RATE,
                end=end / AUDIO_RATE,
                raw=raws.get((start, end)),
                label="speech",
            )
            for start, end in places
        )
        return Observation(
            raw=float(np.mean(list(raws.values()))),
            spans=spans,
            facts={"windows": float(len(places)), "windows_judged": float(len(raws))},
        )

    def _logit(self, speech: Floats) -> float:
        repeats = -(-self._window // speech.size)
        window = torch.from_numpy(np.tile(speech, repeats)[: self._window])
        with torch.inference_mode():
            return float(self._network(window[None])[0, 0])


def windows(stretch: Stretch, size: int) -> list[tuple[int, int]]:
    """Neighbouring windows of a stretch, in samples; the last one is moved back to end at its end."""
    if stretch.end - stretch.start <= size:
        return [(stretch.start, stretch.end)]
    starts = [*range(stretch.start, stretch.end - size, size), stretch.end - size]
    return [(start, start + size) for start in starts]


def evenly(count: int, most: int) -> list[int]:
    """At most `most` of the numbers below `count`, spread from the first to the last."""
    if count <= most:
        return list(range(count))
    return [round(place) for place in np.linspace(0, count - 1, most)]
