"""What other sources may give: figures with intervals over sources drawn anew, and within sources."""

from collections.abc import Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.bench.metrics import Estimate, Roc
from detectors.bench.scores import Score
from detectors.bench.shares import Share, share
from detectors.result import Closed

DRAWS: Final = 1000
LEAST: Final = 10
"""Sources with judged items below which an interval over them says nothing."""

_SEED: Final = 7

Floats = npt.NDArray[np.float64]


class OverSources(Closed):
    """Figures of judged items, each with the 95 % interval over sources drawn with replacement.

    `within` is the share of pairs of one source, a bona fide item and a synthetic one, that are in the
    right order, each source counting once: what remains where the look of a source tells nothing.
    """

    sources: int
    auc: Estimate
    tpr_at_fpr_1: Estimate
    tpr_at_fpr_5: Estimate
    within: Estimate | None = (
        None  # None: fewer than `LEAST` sources, or draws without any, hold both
    )
    suspected_bona_fide: Estimate | None = None  # over the card's 5 % point
    suspected_synthetic: Estimate | None = None
    accused_bona_fide: Estimate | None = None  # over its 1 % point
    accused_synthetic: Estimate | None = None
    changed: Estimate | None = None
    """Items that the 1 % point accuses as published and not in this delivery, or the other way round."""
    flipped: Estimate | None = None
    """Items accused in one of both and not even suspected in the other."""


def over_sources(
    scores: Sequence[Score],
    *,
    suspects: float | None = None,
    accuses: float | None = None,
    published: Sequence[Score] = (),
) -> OverSources | None:
    """Figures of scores of one condition; None with under `LEAST` sources or without both classes.

    `suspects` and `accuses` are the points of a card, on raw scores without what an item is allowed;
    `published` has the same items before the delivery that `scores` are of.
    """
    judged = [score for score in scores if score.raw is not None]
    names, source = np.unique([score.source for score in judged], return_inverse=True)
    synthetic = np.array([score.synthetic for score in judged], np.bool_)
    if names.size < LEAST or synthetic.all() or not synthetic.any():
        return None
    raw = np.array([score.raw for score in judged], np.float64)
    standing = raw - np.array([score.allowance or 0.0 for score in judged])
    drawn = _draws(names.size)
    weights = drawn[:, source]
    both = (weights @ synthetic > 0) & (weights @ ~synthetic > 0)
    drawn, weights = drawn[both], weights[both]
    curve = Roc.of(raw, synthetic, weights)
    shares = {
        f"{done}_{kind}": _estimate(weights[:, own] @ (standing[own] > point), weights[:, own])
        for done, point in (("suspected", suspects), ("accused", accuses))
        if point is not None
        for kind, own in (("bona_fide", ~synthetic), ("synthetic", synthetic))
    }
    return OverSources(
        sources=names.size,
        auc=_estimate(curve.auc()),
        tpr_at_fpr_1=_estimate(curve.tpr_at(0.01)),
        tpr_at_fpr_5=_estimate(curve.tpr_at(0.05)),
        within=_within(raw, synthetic, source, drawn),
        **shares,
        **_turns(judged, published, suspects, accuses),
    )


def share_over_sources(hits: Sequence[bool], sources: Sequence[str]) -> Share | None:
    """The share of items that `hits` marks, with the interval over sources drawn anew or that of so many
    items, whichever reaches further on either side; None of nothing.
    """
    found = share(sum(hits), len(hits))
    names, source = np.unique(sources, return_inverse=True)
    if found is None or names.size < LEAST:
        return found
    weights = _draws(names.size)[:, source]
    drawn = _estimate(weights @ np.array(hits, np.float64), weights)
    wider = {"low": min(found.low, drawn.low), "high": max(found.high, drawn.high)}
    return found.model_copy(update=wider)


def _turns(
    judged: Sequence[Score],
    published: Sequence[Score],
    suspects: float | None,
    accuses: float | None,
) -> dict[str, Estimate]:
    """Shares `changed` and `flipped` of the items that were judged before and after."""
    before = {(s.source, s.path): s for s in published if s.raw is not None}
    pairs = [
        (before[key], score) for score in judged if (key := (score.source, score.path)) in before
    ]
    names, source = np.unique([score.source for _, score in pairs], return_inverse=True)
    if suspects is None or accuses is None or names.size < LEAST:
        return {}
    stand = np.array([[(s.raw or 0.0) - (s.allowance or 0.0) for s in pair] for pair in pairs])
    accused, clear = stand > accuses, stand <= suspects
    one_only = accused[:, 0] != accused[:, 1]
    opposed = (accused & clear[:, ::-1]).any(axis=1)
    weights = _draws(names.size)[:, source]
    return {
        "changed": _estimate(weights @ one_only, weights),
        "flipped": _estimate(weights @ opposed, weights),
    }


def _draws(sources: int) -> Floats:
    """How often each source is drawn, (draws + 1, sources); row 0 is the data."""
    even = np.full(sources, 1 / sources)
    rows = np.random.default_rng(_SEED).multinomial(sources, even, DRAWS)
    return np.vstack([np.ones(sources), rows])


def _within(
    raw: Floats, synthetic: npt.NDArray[np.bool_], source: npt.NDArray[np.intp], drawn: Floats
) -> Estimate | None:
    right, pairs = np.zeros(drawn.shape[1]), np.zeros(drawn.shape[1])
    for number in range(drawn.shape[1]):
        own = source == number
        made, real = raw[own & synthetic], raw[own & ~synthetic]
        gaps = made[:, None] - real[None]
        right[number], pairs[number] = ((gaps > 0) + (gaps == 0) / 2).sum(), gaps.size
    held = pairs > 0
    if held.sum() < LEAST or (drawn[:, held].sum(axis=1) == 0).any():
        return None
    return _estimate(drawn[:, held] @ (right[held] / pairs[held]), drawn[:, held])


def _estimate(values: Floats, weights: Floats | None = None) -> Estimate:
    """The first value and the middle 95 % of the others; with `weights`, values are sums of those."""
    means = values if weights is None else values / weights.sum(axis=1)
    low, high = np.quantile(means[1:], [0.025, 0.975])
    value, low, high = (round(float(number), 4) for number in (means[0], low, high))
    return Estimate(value=value, low=min(low, value), high=max(high, value))
