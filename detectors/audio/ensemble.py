"""The audio ensemble: experts fused window by window, then pooled like any of them."""

from collections.abc import Mapping
from typing import Final, Self

import numpy as np

from detectors.audio.pooling import pooled
from detectors.base import Observation, Span
from detectors.errors import CardInvalid, NotApplicable
from detectors.result import Reason
from detectors.zoo.card import ModelCard

FIT: Final = "fit "
"""Settings that start so name experts, comma-separated; the value is their weights and a bias."""


class AudioEnsemble:
    """Logistic fusion of window scores, one fit for every set of experts that may be there."""

    def __init__(self, fits: Mapping[tuple[str, ...], tuple[float, ...]]) -> None:
        self._fits = fits

    @classmethod
    def from_card(cls, card: ModelCard) -> Self:
        fits: dict[tuple[str, ...], tuple[float, ...]] = {}
        for key, values in card.settings.items():
            if key.startswith(FIT):
                names = tuple(sorted(key.removeprefix(FIT).split(",")))
                if not isinstance(values, list) or len(values) != len(names) + 1:
                    raise CardInvalid(f"{card.name}: {key!r} needs {len(names)} weights and a bias")
                fits[names] = tuple(values)
        if not fits:
            raise CardInvalid(f"{card.name}: no fusion weights")
        return cls(fits)

    def combine(self, parts: Mapping[str, Observation]) -> Observation:
        """Fuse the experts that observed; `NotApplicable` when there is no fit for them."""
        names = tuple(sorted(parts))
        fit = self._fits.get(names)
        if fit is None:
            raise NotApplicable(Reason.INTERNAL_ERROR, "no expert gave a score to fuse")
        timelines = [parts[name].spans for name in names]
        spans = []
        for windows in zip(*timelines, strict=True):
            raw = fit[-1] + sum(
                weight * (window.raw or 0.0)
                for weight, window in zip(fit[:-1], windows, strict=True)
            )
            first = windows[0]
            spans.append(Span(start=first.start, end=first.end, raw=raw, label=first.label))
        scores = np.asarray([span.raw for span in spans], np.float32)
        return Observation(raw=pooled(scores), spans=tuple(spans), facts=parts[names[0]].facts)
