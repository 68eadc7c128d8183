"""What a picture detector makes of whole files: its thresholds have to hold on them, and its card says so."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from detectors import calibration
from detectors.bench.scores import CLEAN, Score, read_scores
from detectors.training.cards import measured
from detectors.training.image_heads import Scores
from detectors.zoo.card import Calibration, Measured, OperatingPoints

FEWEST: Final = 99  # real files of a delivery; fewer cannot fix a rate of 1 %
RESAMPLES: Final = 2000
SEED: Final = 20261129


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFiles:
    """Files that were judged, by delivery; each by a head that saw none of its source."""

    judged: Mapping[str, list[Score]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `detectors.training.image_delivered` wrote. Raises `ManifestInvalid` for other files."""
        found: dict[str, list[Score]] = defaultdict(list)
        for score in read_scores(path):
            if score.raw is not None:
                found[score.laundering].append(score)
        return cls(judged=found)

    def raised(self, points: OperatingPoints) -> OperatingPoints:
        """Thresholds that real files of no delivery pass more often than they say, never lower ones."""
        own = [
            calibration.operating_points(_standing(scores))
            for scores in map(_real, self.judged.values())
            if len(scores) >= FEWEST
        ]
        strict = [one.fpr_1 for one in (points, *own) if one.fpr_1 is not None]
        lenient = max([points.fpr_5, *(one.fpr_5 for one in own)])
        return points.model_copy(update={"fpr_5": lenient, "fpr_1": max(strict, default=None)})

    def told(self, points: OperatingPoints) -> str:
        """What share of whole real files passes each threshold, for the card."""
        real = _real(self.judged[CLEAN])
        sources = len({score.source for score in real})
        shares = [
            f"the {name} point {share:.1%} (95 % over sources: up to {highest:.1%})"
            for name, threshold in (("1 %", points.fpr_1), ("5 %", points.fpr_5))
            if threshold is not None
            for share, highest in [passing(real, threshold)]
        ]
        return (
            f"Of {len(real)} whole real files of {sources} sources, through the decoder and by heads that "
            f"saw none of their source, {' and '.join(shares)} are passed as published."
        )

    def lines(self, line: Calibration) -> Iterator[Measured]:
        """A line of the card for each delivery."""
        for delivery, scores in self.judged.items():
            how = "as published" if delivery == CLEAN else f"laundered: {delivery}"
            raw = np.array([score.raw for score in scores], np.float64)
            synthetic = np.array([score.synthetic for score in scores])
            yield measured(f"whole files, held-out sources, {how}", raw, synthetic, line)


def passing(real: list[Score], threshold: float) -> tuple[float, float]:
    """Share of real files above a threshold, and the 97.5 % quantile of it over resampled sources."""
    passed: dict[str, list[bool]] = defaultdict(list)
    for score, above in zip(real, _standing(real) > threshold, strict=True):
        passed[score.source].append(bool(above))
    counts = np.array([(sum(each), len(each)) for each in passed.values()], np.float64)
    drawn = np.random.default_rng(SEED).integers(len(counts), size=(RESAMPLES, len(counts)))
    above, sizes = counts[drawn].sum(axis=1).T
    share = counts[:, 0].sum() / counts[:, 1].sum()
    return float(share), float(np.quantile(above / sizes, 0.975))


def _real(scores: list[Score]) -> list[Score]:
    return [score for score in scores if not score.synthetic]


def _standing(scores: list[Score]) -> Scores:
    """Raw scores less their allowances, which is what thresholds are compared with."""
    return np.array([(score.raw or 0.0) - (score.allowance or 0.0) for score in scores], np.float64)
