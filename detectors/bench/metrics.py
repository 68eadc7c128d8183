"""Figures of merit of a detector, each with a bootstrap interval.

Scores are raw (any scale, higher meaning more synthetic); ratios are calibrated log10 likelihood
ratios. Every figure is a function of sorted scores and item weights, so that one pass over a
matrix of resample counts gives all bootstrap values at once.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.result import Closed

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

RESAMPLES: Final = 400
ECE_BINS: Final = 10


class Estimate(Closed):
    """A figure with its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


class Metrics(Closed):
    """One line of results. Figures that need both classes, or ratios, are null without them."""

    bona_fide: int  # items, abstentions included
    synthetic: int
    coverage: float  # share of items the detector did not abstain on
    auc: Estimate | None = None
    eer: Estimate | None = None
    tpr_at_fpr_1: Estimate | None = None
    tpr_at_fpr_5: Estimate | None = None
    cllr: Estimate | None = None
    ece: Estimate | None = None
    flagged_bona_fide: Estimate | None = None  # shares over the 5 % operating point
    flagged_synthetic: Estimate | None = None
    accused_bona_fide: Estimate | None = None  # the same over the 1 % operating point
    accused_synthetic: Estimate | None = None
    judged_bona_fide: int | None = None  # items that were not abstained on; earlier results lack it
    judged_synthetic: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Items to be measured: raw scores and calibrated ratios with NaN for abstentions."""

    synthetic: Bools
    raw: Floats
    ratio: Floats
    allowance: Floats | None = None  # added to the threshold item by item

    def take(self, chosen: Bools) -> "Sample":
        return Sample(
            synthetic=self.synthetic[chosen],
            raw=self.raw[chosen],
            ratio=self.ratio[chosen],
            allowance=None if self.allowance is None else self.allowance[chosen],
        )

    @property
    def standing(self) -> Floats:
        """Raw scores as they are compared with a threshold."""
        return self.raw if self.allowance is None else self.raw - self.allowance


def measure(
    sample: Sample,
    *,
    threshold: float | None = None,
    accuses: float | None = None,
    seed: int = 7,
) -> Metrics:
    """All figures of one sample; `threshold` and `accuses` are the 5 % and 1 % points on raw scores.

    Items are resampled within their class, so an interval says how much chance is in the choice of
    items, not in the choice of sources.
    """
    judged = sample.take(~np.isnan(sample.raw))
    bona_fide, synthetic = (int((judged.synthetic == label).sum()) for label in (False, True))
    estimates: dict[str, Estimate] = {}
    if bona_fide and synthetic:
        weights = _resamples(judged.synthetic, seed)
        estimates |= _discrimination(judged, weights)
        if not np.isnan(judged.ratio).any():
            estimates["cllr"] = _estimate(cllr(judged.ratio, judged.synthetic, weights))
            estimates["ece"] = _estimate(calibration_error(judged.ratio, judged.synthetic, weights))
    for done, point in (("flagged", threshold), ("accused", accuses)):
        if point is not None:
            estimates |= _over(judged, point, done, seed)
    return Metrics(
        bona_fide=int((~sample.synthetic).sum()),
        synthetic=int(sample.synthetic.sum()),
        coverage=judged.raw.size / max(1, sample.raw.size),
        judged_bona_fide=bona_fide,
        judged_synthetic=synthetic,
        **estimates,
    )


@dataclass(frozen=True, slots=True)
class Roc:
    """ROC points of every row of weights, as the threshold falls: rates rise from 0 to 1."""

    fpr: Floats  # (rows, thresholds + 1)
    tpr: Floats

    @classmethod
    def of(cls, scores: Floats, synthetic: Bools, weights: Floats | None = None) -> "Roc":
        """Points by `weights` of shape (rows, items), ones by default; equal scores make one."""
        rows = np.ones((1, scores.size)) if weights is None else weights
        order = np.argsort(-scores, kind="stable")
        ordered, sorted_rows = scores[order], rows[:, order]
        starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))

        def rates(members: Bools) -> Floats:
            counts = np.add.reduceat(sorted_rows * members[order], starts, axis=1)
            summed = np.cumsum(counts, axis=1)
            return np.concatenate([np.zeros((len(summed), 1)), summed / summed[:, -1:]], axis=1)

        return cls(rates(~synthetic), rates(synthetic))

    def auc(self) -> Floats:
        """Area under the curve, ties counting half; one value a row."""
        steps = np.diff(self.fpr, axis=1)
        middles = (self.tpr[:, 1:] + self.tpr[:, :-1]) / 2
        return np.asarray((steps * middles).sum(axis=1))

    def equal_error_rate(self) -> Floats:
        """Where misses and false alarms are equal, on straight lines between the points."""
        gap = self.fpr - (1 - self.tpr)  # rises from -1 to 1
        after = np.argmax(gap >= 0, axis=1)[:, None]
        before = after - 1
        low, high = (np.take_along_axis(gap, index, axis=1) for index in (before, after))
        share = -low / (high - low)
        start, end = (np.take_along_axis(self.fpr, index, axis=1) for index in (before, after))
        return np.asarray((start + share * (end - start))[:, 0])

    def tpr_at(self, fpr: float) -> Floats:
        """Highest true-positive rate of the points whose false-positive rate is at most `fpr`."""
        return np.asarray(np.where(self.fpr <= fpr + 1e-12, self.tpr, 0.0).max(axis=1))


def cllr(ratios: Floats, synthetic: Bools, weights: Floats | None = None) -> Floats:
    """Log-likelihood-ratio cost of log10 ratios (Bruemmer and du Preez 2006).

    0 is a perfect system, 1 one that says nothing; above 1 it misleads.
    """
    natural = ratios * np.log(10.0)
    costs = np.logaddexp(0.0, np.where(synthetic, -natural, natural)) / np.log(2.0)
    rows = _balanced(synthetic, weights)
    return np.asarray(rows @ costs)


def calibration_error(ratios: Floats, synthetic: Bools, weights: Floats | None = None) -> Floats:
    """Expected calibration error of P(synthetic) at equal priors, in ten equal bins."""
    posterior = 1.0 / (1.0 + np.exp(-np.clip(ratios * np.log(10.0), -60, 60)))
    bins = np.minimum((posterior * ECE_BINS).astype(np.intp), ECE_BINS - 1)
    member = np.eye(ECE_BINS)[bins]
    rows = _balanced(synthetic, weights)
    expected, actual = (rows * posterior) @ member, (rows * synthetic) @ member
    return np.asarray(np.abs(expected - actual).sum(axis=1))


def _balanced(synthetic: Bools, weights: Floats | None) -> Floats:
    """Rows of weights scaled so that each class sums to one half: equal priors."""
    rows = np.ones((1, synthetic.size)) if weights is None else weights
    of_synthetic, of_bona_fide = rows * synthetic, rows * ~synthetic
    return np.asarray(
        0.5 * of_synthetic / of_synthetic.sum(axis=1, keepdims=True)
        + 0.5 * of_bona_fide / of_bona_fide.sum(axis=1, keepdims=True)
    )


def _discrimination(judged: Sample, weights: Floats) -> dict[str, Estimate]:
    curve = Roc.of(judged.raw, judged.synthetic, weights)
    return {
        "auc": _estimate(curve.auc()),
        "eer": _estimate(curve.equal_error_rate()),
        "tpr_at_fpr_1": _estimate(curve.tpr_at(0.01)),
        "tpr_at_fpr_5": _estimate(curve.tpr_at(0.05)),
    }


def _over(judged: Sample, threshold: float, done: str, seed: int) -> dict[str, Estimate]:
    """Share of each class over a fixed threshold; classes without items are left out."""
    rng = np.random.default_rng(seed)
    found: dict[str, Estimate] = {}
    for name, label in ((f"{done}_bona_fide", False), (f"{done}_synthetic", True)):
        over = judged.standing[judged.synthetic == label] > threshold
        if over.size:
            share = float(over.mean())
            drawn = rng.binomial(over.size, share, RESAMPLES) / over.size
            found[name] = _estimate(np.concatenate([[share], drawn]))
    return found


def _resamples(synthetic: Bools, seed: int) -> Floats:
    """Counts of each item in RESAMPLES bootstrap samples drawn within class; row 0 is the data."""
    rng = np.random.default_rng(seed)
    rows = np.ones((RESAMPLES + 1, synthetic.size))
    for label in (False, True):
        members = np.flatnonzero(synthetic == label)
        even = np.full(members.size, 1 / members.size)
        rows[1:, members] = rng.multinomial(members.size, even, RESAMPLES)
    return rows


def _estimate(values: Floats) -> Estimate:
    """The first value with the percentile interval of the others."""
    low, high = np.quantile(values[1:], [0.025, 0.975])
    value, low, high = (round(float(number), 4) for number in (values[0], low, high))
    return Estimate(value=value, low=min(low, value), high=max(high, value))
