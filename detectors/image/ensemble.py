"""The voice of the image experts: logistic fusion by weights fitted on held-out scores."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Self

from detectors.base import Observation, Patch
from detectors.errors import CardInvalid, NotApplicable
from detectors.result import Reason
from detectors.zoo.card import ModelCard

CLIP: Final = "image.clip"
CNN: Final = "image.cnn"


class ImageEnsemble:
    """Log odds linear in the experts' scores. A missing expert is not imputed: the fit made
    without it is used, whose smaller slope gives a ratio nearer to zero."""

    def __init__(self, fits: Mapping[tuple[str, ...], list[float]]) -> None:
        self._fits = fits

    @classmethod
    def from_card(cls, card: ModelCard) -> Self:
        """Read one fit a set of experts from the card's settings: weights, then the bias."""
        fits: dict[tuple[str, ...], list[float]] = {}
        sets: tuple[tuple[str, ...], ...] = ((CLIP, CNN), (CLIP,), (CNN,))
        for experts in sets:
            fit = card.settings.get("+".join(experts))
            if not isinstance(fit, list) or len(fit) != len(experts) + 1:
                raise CardInvalid(f"model card {card.name}: no fit for {' and '.join(experts)}")
            fits[experts] = fit
        return cls(fits)

    def combine(self, parts: Mapping[str, Observation]) -> Observation:
        """Fuse the experts that ran; cells are fused like the score.

        The map is the network's, which covers the whole picture, unless it has no weight.
        """
        experts = tuple(name for name in (CLIP, CNN) if name in parts)
        if not experts:
            raise NotApplicable(Reason.OUT_OF_DOMAIN, "No image expert applies to this picture.")
        scores = {name: parts[name].raw for name in experts}
        weights = self._fits[experts]
        local = experts[-1] if weights[len(experts) - 1] > 0 else experts[0]
        return Observation(
            raw=self._fuse(scores),
            patches=tuple(
                _rescored(patch, self._fuse({**scores, local: patch.raw}))
                for patch in parts[local].patches
            ),
            facts={name: score for name, score in scores.items()},
        )

    def _fuse(self, scores: Mapping[str, float]) -> float:
        *weights, bias = self._fits[tuple(scores)]
        return bias + sum(
            weight * score for weight, score in zip(weights, scores.values(), strict=True)
        )


def _rescored(patch: Patch, raw: float) -> Patch:
    return replace(patch, raw=raw)
