"""Turn raw scores into calibrated log10 likelihood ratios, and fix operating points."""

import math

import numpy as np
import numpy.typing as npt

from detectors.result import Alarm, LikelihoodRatio
from detectors.zoo.card import Calibration, OperatingPoints, Scores

LN10 = math.log(10.0)
QUANTILES = 41
"""Of held-out scores: 2.5 % of a class lie between two of them."""

Floats = npt.NDArray[np.float64]


def fit(bona_fide: Floats, synthetic: Floats, *, refits: int = 40, seed: int = 7) -> Calibration:
    """Fit raw -> log10 LR on held-out scores by logistic regression with equal priors.

    The refits are bootstrap resamples of both classes. The ratio is bounded by what the sample
    can show: no more than about one error in the class sizes (Vergeer et al. 2016).
    """
    rng = np.random.default_rng(seed)
    pairs = [_logistic(bona_fide, synthetic)]
    for _ in range(refits):
        pairs.append(
            _logistic(rng.choice(bona_fide, bona_fide.size), rng.choice(synthetic, synthetic.size))
        )
    slope, intercept = pairs[0]
    scores = np.concatenate([bona_fide, synthetic])
    ratios = slope * np.quantile(scores, [0.001, 0.999]) + intercept
    return Calibration(
        pairs=tuple((round(a, 6), round(b, 6)) for a, b in pairs),
        lowest=round(max(float(ratios.min()), -math.log10(synthetic.size)), 4),
        highest=round(min(float(ratios.max()), math.log10(bona_fide.size)), 4),
    )


def operating_points(bona_fide: Floats) -> OperatingPoints:
    """Thresholds with the finite-sample guarantee of split conformal prediction.

    A new bona fide item exceeds the k-th largest of n exchangeable ones with probability at most
    k / (n + 1) (Vovk et al. 2005), so the threshold for rate a is the floor(a (n + 1))-th largest.
    Under 99 items there is no threshold for 1 %; under 19 none at all: raises `ValueError`.
    """
    ordered = np.sort(bona_fide)[::-1]
    size = ordered.size

    def threshold(rate: float) -> float | None:
        rank = math.floor(rate * (size + 1))
        return float(ordered[rank - 1]) if rank >= 1 else None

    lenient = threshold(0.05)
    if lenient is None:
        raise ValueError(f"{size} bona fide items cannot fix a 5 % false-positive rate")
    return OperatingPoints(fpr_5=lenient, fpr_1=threshold(0.01), bona_fide=size)


def distribution(
    bona_fide: Floats, synthetic: Floats, items: tuple[int, int] | None = None
) -> Scores:
    """How held-out raw scores of each class lie, for what comes in to be compared with.

    `items` of each class, where one has several scores, of several deliveries.
    """
    counts = items or (bona_fide.size, synthetic.size)
    steps = np.linspace(0.0, 1.0, QUANTILES)
    real, made = (
        tuple(float(score) for score in np.quantile(side, steps).round(3))
        for side in (bona_fide, synthetic)
    )
    return Scores(
        bona_fide=real,
        synthetic=made,
        bona_fide_items=counts[0],
        synthetic_items=counts[1],
    )


def likelihood_ratio(
    raw: float, calibration: Calibration, *, margin: float = 0.0
) -> LikelihoodRatio:
    """Calibrated log10 LR of one raw score with its 95 % interval.

    The interval is that of the bootstrap refits over all raw scores within `margin`, which the
    arithmetic alone may move.
    """
    slopes, intercepts = np.array(calibration.pairs).T

    def ratios(score: float) -> Floats:
        clipped = np.clip(slopes * score + intercepts, calibration.lowest, calibration.highest)
        return np.asarray(clipped, np.float64)

    best = float(ratios(raw)[0])
    ends = [ratios(raw - margin)[1:], ratios(raw + margin)[1:]]
    if not ends[0].size:  # never refitted
        ends = [ratios(raw - margin), ratios(raw + margin)]
    bounds = [np.quantile(end, [0.025, 0.975]) for end in ends]
    return LikelihoodRatio(
        log10=best,
        low=min(best, *(float(low) for low, _ in bounds)),
        high=max(best, *(float(high) for _, high in bounds)),
    )


def local_ratio(raw: float, calibration: Calibration) -> float:
    """log10 LR of one patch or span; its line differs from the file's where the card says so."""
    slope, intercept = calibration.pairs[0]
    if calibration.local_slope is not None and calibration.local_intercept is not None:
        slope, intercept = calibration.local_slope, calibration.local_intercept
    return float(np.clip(slope * raw + intercept, calibration.lowest, calibration.highest))


def alarm(raw: float, points: OperatingPoints) -> Alarm:
    """The strictest operating point that `raw` exceeds."""
    if points.fpr_1 is not None and raw > points.fpr_1:
        return Alarm.FPR_1
    return Alarm.FPR_5 if raw > points.fpr_5 else Alarm.NONE


def _logistic(bona_fide: Floats, synthetic: Floats) -> tuple[float, float]:
    """Slope and intercept of log10 LR by class-balanced, lightly regularised Newton steps."""
    scores = np.concatenate([bona_fide, synthetic])
    labels = np.concatenate([np.zeros(bona_fide.size), np.ones(synthetic.size)])
    weights = np.where(labels == 1, 0.5 / synthetic.size, 0.5 / bona_fide.size)
    centre, scale = float(scores.mean()), float(scores.std()) or 1.0
    design = np.stack([(scores - centre) / scale, np.ones_like(scores)], axis=1)
    ridge = np.diag([1.0 / scores.size, 0.0])  # keeps separable samples finite
    beta = np.zeros(2)
    for _ in range(50):
        p = 1.0 / (1.0 + np.exp(-(design @ beta)))
        gradient = design.T @ (weights * (p - labels)) + ridge @ beta
        hessian = (design * (weights * p * (1.0 - p))[:, None]).T @ design + ridge
        step = np.linalg.solve(hessian + 1e-9 * np.eye(2), gradient)
        beta -= np.clip(step, -2.0, 2.0)
        if float(np.abs(step).max()) < 1e-8:
            break
    slope, intercept = beta[0] / scale, beta[1] - beta[0] * centre / scale
    return float(slope / LN10), float(intercept / LN10)
