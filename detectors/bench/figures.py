"""The picture of one detector's scores: ROC curves of every laundering, and reliability."""

from collections.abc import Iterator, Sequence
from html import escape
from itertools import groupby
from math import log10
from typing import Final

import numpy as np

from detectors.bench.metrics import ECE_BINS, Bools, Floats, Roc
from detectors.bench.result import calibrated
from detectors.bench.scores import CLEAN, Score

SIDE: Final = 320
LEFT: Final = 60
TOP: Final = 48
GAP: Final = 100
LOWEST_RATE: Final = 0.001
_COLOURS: Final = ("#1b4f8a", "#b3541e", "#5a7d2a", "#7b3f8c", "#8a6d1b", "#2a7d74", "#a33", "#555")
_STYLE: Final = (
    "text{font:12px system-ui,sans-serif;fill:#222}.axis{stroke:#888;fill:none}"
    ".grid{stroke:#ddd}.curve{fill:none;stroke-width:1.6}.title{font-weight:600}"
)


def figure(scores: Sequence[Score], title: str) -> str:
    """An SVG of two panels: ROC on a logarithmic false-positive axis, and reliability.

    Reliability is of the clean items: the share that is synthetic among those given each posterior
    at equal priors, classes weighed to be equal, ratios calibrated as the bench does it.
    """
    judged = [score for score in calibrated(scores) if score.raw is not None]
    width, height = LEFT + 2 * SIDE + GAP + 30, TOP + SIDE + 60
    body = [*_roc(judged), *_reliability([s for s in judged if s.laundering == CLEAN])]
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">',
            f"<title>{escape(title)}</title><style>{_STYLE}</style>",
            f'<rect width="{width}" height="{height}" fill="#fff"/>',
            f'<text class="title" x="{LEFT}" y="20">{escape(title)}</text>',
            *body,
            "</svg>\n",
        ]
    )


def _roc(scores: Sequence[Score]) -> Iterator[str]:
    decades = [10.0**power for power in range(round(log10(LOWEST_RATE)), 1)]
    yield from _panel(
        LEFT,
        "false positives",
        "true positives",
        [(_rate(rate), f"{rate:.1%}".replace(".0%", "%")) for rate in decades],
    )
    by_name = sorted(scores, key=lambda score: (score.laundering != CLEAN, score.laundering))
    for index, (name, part) in enumerate(groupby(by_name, key=lambda score: score.laundering)):
        members = list(part)
        raw = np.array([score.raw for score in members], np.float64)
        curve = Roc.of(raw, np.array([score.synthetic for score in members]))
        colour = _COLOURS[index % len(_COLOURS)]
        line = " ".join(f"{_x(LEFT, _rate(fpr)):.1f},{_y(tpr):.1f}" for fpr, tpr in _thinned(curve))
        yield f'<polyline class="curve" stroke="{colour}" points="{line}"/>'
        words = f"{name}: AUC {float(curve.auc()[0]):.3f}"
        yield f'<text x="{LEFT + 12}" y="{TOP + 18 + 15 * index}" style="fill:{colour}">{escape(words)}</text>'


def _reliability(scores: Sequence[Score]) -> Iterator[str]:
    left = LEFT + SIDE + GAP
    quarters = [(share, f"{share:.0%}") for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
    yield from _panel(left, "stated probability, equal priors", "share synthetic", quarters)
    yield f'<path class="axis" stroke-dasharray="4 4" d="M{left} {_y(0)}L{_x(left, 1)} {_y(1)}"/>'
    ratios = np.array([score.log10_lr for score in scores], np.float64)
    synthetic = np.array([score.synthetic for score in scores], np.bool_)
    for stated, found, weight in _bins(ratios, synthetic):
        radius = 3 + 12 * weight**0.5
        yield (
            f'<circle cx="{_x(left, stated):.1f}" cy="{_y(found):.1f}" r="{radius:.1f}" '
            f'fill="{_COLOURS[0]}" fill-opacity=".75"/>'
        )


def _bins(ratios: Floats, synthetic: Bools) -> Iterator[tuple[float, float, float]]:
    """Mean posterior, share synthetic and weight of each bin that has items."""
    weights = np.where(synthetic, 0.5 / synthetic.sum(), 0.5 / (~synthetic).sum())
    posterior = 1 / (1 + 10.0**-ratios)
    places = np.minimum((posterior * ECE_BINS).astype(int), ECE_BINS - 1)
    for place in np.unique(places):
        inside = places == place
        total = float(weights[inside].sum())
        yield (
            float(weights[inside] @ posterior[inside]) / total,
            float(weights[inside & synthetic].sum()) / total,
            total,
        )


def _panel(left: float, across: str, up: str, ticks: Sequence[tuple[float, str]]) -> Iterator[str]:
    for share, words in ticks:
        x = _x(left, share)
        yield f'<path class="grid" d="M{x:.1f} {_y(0)}V{_y(1)}"/>'
        yield f'<text x="{x:.1f}" y="{_y(0) + 18}" text-anchor="middle">{words}</text>'
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        y = _y(share)
        yield f'<path class="grid" d="M{left} {y}H{left + SIDE}"/>'
        yield f'<text x="{left - 8}" y="{y + 4}" text-anchor="end">{share:.0%}</text>'
    yield f'<rect class="axis" x="{left}" y="{TOP}" width="{SIDE}" height="{SIDE}"/>'
    yield f'<text x="{left + SIDE / 2}" y="{_y(0) + 40}" text-anchor="middle">{across}</text>'
    middle = TOP + SIDE / 2
    yield (
        f'<text x="{left - 46}" y="{middle}" text-anchor="middle" '
        f'transform="rotate(-90 {left - 46} {middle})">{up}</text>'
    )


def _thinned(curve: Roc) -> Iterator[tuple[float, float]]:
    """The corners of a curve that differ by a pixel or more."""
    last = (-9.0, -9.0)
    for fpr, tpr in zip(curve.fpr[0], curve.tpr[0], strict=True):
        here = (_x(0, _rate(float(fpr))), _y(float(tpr)))
        if abs(here[0] - last[0]) + abs(here[1] - last[1]) >= 1:
            yield float(fpr), float(tpr)
            last = here
    yield 1.0, 1.0


def _rate(rate: float) -> float:
    """Place of a false-positive rate on the logarithmic axis, in [0, 1]."""
    return 1 - log10(max(rate, LOWEST_RATE)) / log10(LOWEST_RATE)


def _x(left: float, share: float) -> float:
    return left + SIDE * share


def _y(share: float) -> float:
    return TOP + SIDE * (1 - share)
