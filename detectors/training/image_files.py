"""What a picture detector makes of whole files: its thresholds have to hold on them, and its card says so."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from detectors import calibration
from detectors.bench.metrics import Roc
from detectors.bench.scores import CLEAN, Score, read_scores
from detectors.training.cards import measured
from detectors.training.image_heads import Scores
from detectors.zoo.card import Calibration, Measured, OperatingPoints

FEWEST: Final = 99  # real files of a delivery; fewer cannot fix a rate of 1 %
RESAMPLES: Final = 500
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
        """Thresholds that real files pass no more often than they say, never lower ones.

        Files of all deliveries count together: the highest of each alone would be set by two files.
        """
        real = self._real()
        if len(real) < FEWEST:
            return points
        own = calibration.operating_points(_standing(real))
        strict = [one.fpr_1 for one in (points, own) if one.fpr_1 is not None]
        lenient = max(points.fpr_5, own.fpr_5)
        return points.model_copy(update={"fpr_5": lenient, "fpr_1": max(strict, default=None)})

    def told(self, points: OperatingPoints) -> str:
        """What share of whole real files passes each threshold, for the card."""
        published = self._real(CLEAN)
        sources = len({score.source for score in published})
        return (
            f"Of {len(published)} whole real files of {sources} sources, through the decoder and by heads "
            f"that saw none of their source, {_shares(published, points)} as published; of those of all "
            f"deliveries measured here {_shares(self._real(), points)}."
        )

    def _real(self, delivery: str = "") -> list[Score]:
        """Real files of one delivery, or of all."""
        chosen = [self.judged[delivery]] if delivery else self.judged.values()
        return [score for scores in chosen for score in scores if not score.synthetic]

    def lines(self, line: Calibration) -> Iterator[Measured]:
        """Lines of the card: every delivery, and published files of all generators but the commonest."""
        for delivery, scores in self.judged.items():
            how = "as published" if delivery == CLEAN else f"laundered: {delivery}"
            yield _line(how, scores, line)
            if delivery == CLEAN:
                made = Counter(score.generator for score in scores if score.synthetic)
                ((name, _),) = made.most_common(1)
                others = [score for score in scores if score.generator != name]
                yield _line(f"{how}, all but {name}", others, line)


def passing(real: list[Score], threshold: float) -> tuple[float, float]:
    """Share of real files above a threshold, and its 97.5 % quantile where sources are drawn anew."""
    weights = _drawn_anew(real)
    above = _standing(real) > threshold
    shares = weights @ above / weights.sum(axis=1)
    return float(above.mean()), float(np.quantile(shares, 0.975))


def _line(how: str, scores: list[Score], line: Calibration) -> Measured:
    """One line of the card, with the interval of its AUC over sources."""
    raw = np.array([score.raw for score in scores], np.float64)
    synthetic = np.array([score.synthetic for score in scores])
    weights = _drawn_anew(scores)
    both = (weights[:, synthetic].sum(axis=1) > 0) & (weights[:, ~synthetic].sum(axis=1) > 0)
    low, high = np.quantile(Roc.of(raw, synthetic, weights[both]).auc(), (0.025, 0.975))
    interval = f"AUC 95 % over sources {low:.3f} to {high:.3f}"
    return measured(f"whole files, held-out sources, {how} ({interval})", raw, synthetic, line)


def _drawn_anew(scores: list[Score]) -> Scores:
    """How often each file is there when its sources are drawn with replacement: (resamples, files)."""
    names, of = np.unique([score.source for score in scores], return_inverse=True)
    rng = np.random.default_rng(SEED)
    counts = rng.multinomial(len(names), np.full(len(names), 1 / len(names)), size=RESAMPLES)
    return np.asarray(counts[:, of], np.float64)


def _shares(real: list[Score], points: OperatingPoints) -> str:
    """How many pass each threshold, in words."""
    told = []
    for name, threshold in (("1 %", points.fpr_1), ("5 %", points.fpr_5)):
        if threshold is not None:
            share, highest = passing(real, threshold)
            told.append(
                f"{share:.1%} pass the {name} point (95 % over sources: up to {highest:.1%})"
            )
    return " and ".join(told)


def _standing(scores: list[Score]) -> Scores:
    """Raw scores less their allowances, which is what thresholds are compared with."""
    return np.array([(score.raw or 0.0) - (score.allowance or 0.0) for score in scores], np.float64)
