"""The audio ensemble: experts fused window by window, then pooled like any of them."""

from collections.abc import Mapping
from operator import mul
from typing import Final, Self

import numpy as np

from detectors.audio.band import JUDGED_NARROW
from detectors.audio.condition import CONDITIONS, PREFIX
from detectors.audio.pooling import InsertRule, pooled
from detectors.base import Observation, Span
from detectors.errors import CardInvalid, NotApplicable
from detectors.result import Reason
from detectors.zoo.card import ModelCard

FIT: Final = "fit "
"""Settings that start so name experts, comma-separated; the value is their weights and a bias."""

NARROW_FIT: Final = "narrow fit "
"""The same for speech that was judged in the band of a telephone."""

ALLOWANCES: Final = "allowances"
"""Setting: how much higher genuine speech scores in each of `CONDITIONS`."""

INSERTS: Final = "inserts"
"""Setting: the three numbers of the `InsertRule`."""


Fits = Mapping[tuple[str, ...], tuple[float, ...]]
"""Weights and bias by the experts they are for, in the order of their names."""


class AudioEnsemble:
    """Logistic fusion of window scores, one fit for each band and set of experts that may be there.

    A recording's score is that of its pooled windows or, where one stretch stands out from the
    rest of a longer recording, the higher one of that stretch.
    """

    def __init__(
        self,
        fits: Fits,
        narrow_fits: Fits,
        allowances: tuple[float, ...],
        inserts: InsertRule,
    ) -> None:
        self._fits = fits
        self._narrow_fits = narrow_fits
        self._allowances = allowances
        self._inserts = inserts

    @classmethod
    def from_card(cls, card: ModelCard) -> Self:
        return cls(
            _fits(card, FIT),
            _fits(card, NARROW_FIT),
            _numbers(card, ALLOWANCES, len(CONDITIONS)),
            InsertRule(*_numbers(card, INSERTS, 3)),
        )

    def combine(self, parts: Mapping[str, Observation]) -> Observation:
        """Fuse the experts that observed; `NotApplicable` when there is no fit for them."""
        names = tuple(sorted(parts))
        facts = {name: value for seen in parts.values() for name, value in seen.facts.items()}
        fit = (self._narrow_fits if facts.get(JUDGED_NARROW) else self._fits).get(names)
        if fit is None:
            raise NotApplicable(Reason.INTERNAL_ERROR, "No expert gave a score to fuse.")
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
        throughout, insert = pooled(scores), self._inserts.score(scores)
        return Observation(
            raw=throughout if insert is None else max(throughout, insert),
            allowance=self._allowance(facts),
            spans=tuple(spans),
            facts=facts,
        )

    def _allowance(self, facts: Mapping[str, float]) -> float:
        """By the estimated condition; without an estimate, that of the least favourable one."""
        likeness = [facts.get(PREFIX + name) for name in CONDITIONS]
        known = [value for value in likeness if value is not None]
        if len(known) < len(CONDITIONS):
            return max(self._allowances)
        return float(sum(map(mul, known, self._allowances)))


def _fits(card: ModelCard, prefix: str) -> Fits:
    """The fits of one band. Raises `CardInvalid` without any or when one is not as long as it has to be."""
    fits: dict[tuple[str, ...], tuple[float, ...]] = {}
    for key, values in card.settings.items():
        if key.startswith(prefix):
            names = tuple(sorted(key.removeprefix(prefix).split(",")))
            if not isinstance(values, list) or len(values) != len(names) + 1:
                raise CardInvalid(f"{card.name}: {key!r} needs {len(names)} weights and a bias")
            fits[names] = tuple(values)
    if not fits:
        raise CardInvalid(f"{card.name}: no setting starts with {prefix!r}")
    return fits


def _numbers(card: ModelCard, setting: str, count: int) -> tuple[float, ...]:
    values = card.settings.get(setting)
    if not isinstance(values, list) or len(values) != count:
        raise CardInvalid(f"{card.name}: {setting!r} needs {count} numbers")
    return tuple(values)
