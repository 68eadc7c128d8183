"""What a picture detector makes of whole files: its thresholds have to hold on them, and its card says so."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np

from detectors import calibration
from detectors.bench.result import Result, at_points
from detectors.bench.scores import CLEAN, Score, read_scores
from detectors.bench.sources import over_sources
from detectors.registry import Spec
from detectors.training.cards import measured
from detectors.training.image_heads import Scores
from detectors.zoo.card import Calibration, Measured, OperatingPoints
from detectors.zoo.card import Scores as CardScores

PROTOCOL: Final = "python -m detectors.training.image_delivered: whole files through the decoder, 12 folds of sources"
FEWEST: Final = 99  # real files of a delivery; fewer cannot fix a rate of 1 %
PARTS: Final = 10
"""Parts of the sources, each of which is asked about by thresholds of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WholeFiles:
    """Files that were judged, by delivery; each by a head that saw none of its source."""

    every: Sequence[Score]
    judged: Mapping[str, list[Score]]

    @classmethod
    def read(cls, path: Path) -> Self:
        """What `detectors.training.image_delivered` wrote. Raises `ManifestInvalid` for other files."""
        every, judged = read_scores(path), defaultdict[str, list[Score]](list)
        for score in every:
            if score.raw is not None:
                judged[score.laundering].append(score)
        return cls(every=every, judged=judged)

    def result(self, spec: Spec, points: OperatingPoints) -> Result:
        """What the bench says of these files at the thresholds of a card."""
        published = [score for score in self.every if score.laundering == CLEAN]
        sources = len({score.source for score in published})
        again = len({score.path for score in self.every if score.laundering != CLEAN})
        return at_points(
            self.every,
            spec,
            points,
            protocol=PROTOCOL,
            data=f"{len(published):,} published pictures of {sources} repositories; {again:,} of them in "
            "the other deliveries",
        )

    def raised(self, points: OperatingPoints) -> OperatingPoints:
        """Thresholds that real files pass no more often than they say, never lower ones.

        Files of all deliveries count together: the highest of each alone would be set by two files.
        """
        return _raised(points, self._real())

    def unseen(self, points: OperatingPoints) -> tuple[float, float]:
        """Shares of real files that pass the 1 % and the 5 % point where `points` are raised by the files
        of other sources alone, over `PARTS` parts of the sources. Files of all deliveries count.
        """
        real = self._real()
        sources = sorted({score.source for score in real})
        parts = {source: place % PARTS for place, source in enumerate(sources)}
        passed: list[tuple[bool, bool]] = []
        for part in range(PARTS):
            left = [score for score in real if parts[score.source] == part]
            raised = _raised(points, [score for score in real if parts[score.source] != part])
            strict = np.inf if raised.fpr_1 is None else raised.fpr_1
            passed += [(one > strict, one > raised.fpr_5) for one in _standing(left)]
        accused, suspected = np.mean(passed, axis=0)
        return float(accused), float(suspected)

    def told(self, points: OperatingPoints, before: OperatingPoints) -> str:
        """What share of whole real files passes each threshold, for the card; nothing of few sources.

        `before` are the thresholds that were raised to `points`.
        """
        every = [score for scores in self.judged.values() for score in scores]
        published = _shares(self.judged[CLEAN], points)
        if not published:
            return "Too few sources of whole files were there to say how many real ones pass a threshold."
        accused, suspected = self.unseen(before)
        return (
            f"Whole real files through the decoder, by heads that saw none of their source: {published} as "
            f"published, and {_shares(every, points)} in all deliveries measured here. By thresholds that "
            f"knew none of their source either {accused:.1%} and {suspected:.1%} of the latter pass."
        )

    def lie(self) -> CardScores:
        """How scores of files as published lie, as thresholds see them."""
        made = [score for score in self.judged[CLEAN] if score.synthetic]
        return calibration.distribution(_standing(self._real(CLEAN)), _standing(made))

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


def _raised(points: OperatingPoints, real: list[Score]) -> OperatingPoints:
    if len(real) < FEWEST:
        return points
    own = calibration.operating_points(_standing(real))
    strict = [one.fpr_1 for one in (points, own) if one.fpr_1 is not None]
    lenient = max(points.fpr_5, own.fpr_5)
    return points.model_copy(update={"fpr_5": lenient, "fpr_1": max(strict, default=None)})


def _line(how: str, scores: list[Score], line: Calibration) -> Measured:
    """One line of the card, with the interval of its AUC over sources where there are enough."""
    raw = np.array([score.raw for score in scores], np.float64)
    synthetic = np.array([score.synthetic for score in scores])
    found = over_sources(scores)
    if found is not None:
        how = f"{how} (AUC 95 % over sources {found.auc.low:.3f} to {found.auc.high:.3f})"
    return measured(f"whole files, held-out sources, {how}", raw, synthetic, line)


def _shares(scores: list[Score], points: OperatingPoints) -> str:
    """How many real files pass each threshold, in words."""
    found = over_sources(scores, suspects=points.fpr_5, accuses=points.fpr_1)
    if found is None:
        return ""
    real = sum(not score.synthetic for score in scores)
    told = [
        f"{share.value:.1%} pass the {name} point (95 % over sources: up to {share.high:.1%})"
        for name, share in (
            ("1 %", found.accused_bona_fide),
            ("5 %", found.suspected_bona_fide),
        )
        if share is not None
    ]
    return f"of {real}, {' and '.join(told)}"


def _standing(scores: list[Score]) -> Scores:
    """Raw scores less their allowances, which is what thresholds are compared with."""
    return np.array([(score.raw or 0.0) - (score.allowance or 0.0) for score in scores], np.float64)
