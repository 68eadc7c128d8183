"""Geometry of the pictures in a report: heat map and interval bars, as shares of 1.

Templates turn shares into percent coordinates of SVG without a view box, so pictures stretch with
the preview they lie over while text keeps its size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.result import TWO_VIEWS, UNLIKE, UNSUSPECTED, Alarm, Cell, Finding, LikelihoodRatio
from service.language.spoken import Words, _, n_
from service.reporting.names import called
from service.reporting.wording import CLAIMS, beside_in_words, in_words

FULL_COLOUR: Final = 2.0
"""log10 LR at which a colour is at full strength: a ratio of 100 either way."""

AXIS: Final = 4.0
"""Interval bars run from -AXIS to AXIS in log10 LR; values beyond are drawn at the edge."""

MAX_MAPS: Final = 4
_ROUNDED: Final = 0.0006  # of a share that a finding states to three digits


@dataclass(frozen=True, slots=True)
class Area:
    """One coloured rectangle: edges and opacity in [0, 1], and the words for it."""

    left: float
    top: float
    width: float
    height: float
    tint: str  # "for", "against", "unlike" or "none": a CSS class
    opacity: float
    title: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One detector's view of where a picture looks synthetic."""

    detector: str  # its name for readers
    claim: str
    areas: tuple[Area, ...]
    strongest: tuple[tuple[str, str], ...]  # (place, the most there in words), strongest first
    summary: str
    accuses: bool = True  # drawn in the colours of suspicion


@dataclass(frozen=True, slots=True)
class Interval:
    """A likelihood ratio on the log axis, as shares of its width."""

    low: float
    at: float
    high: float


def interval(lr: LikelihoodRatio) -> Interval:
    """Where the ratio and its interval lie between -AXIS and AXIS."""

    def share(value: float) -> float:
        return (min(max(value, -AXIS), AXIS) + AXIS) / (2 * AXIS)

    return Interval(share(lr.low), share(lr.log10), share(lr.high))


def tint(log10_lr: float | None) -> tuple[str, float]:
    """Colour class and opacity of a ratio; opacity grows linearly to `FULL_COLOUR`."""
    if log10_lr is None:
        return "none", 1.0
    return ("for" if log10_lr > 0 else "against"), min(abs(log10_lr) / FULL_COLOUR, 1.0)


def heat_maps(
    findings: tuple[Finding, ...], asked: tuple[Finding, ...] = ()
) -> tuple[HeatMap, ...]:
    """Maps of the voting detectors that point at places, and of those `asked` for, at most MAX_MAPS.

    A map in the colours of suspicion accuses whatever is written beside it, so a detector that has
    not earned a vote gets none; the places are in the JSON report. One that was asked for by name
    shows what it found unlike the rest in the colour of ink.
    """
    pointing = [item for item in findings if item.cells and item.votes]
    maps = (*map(_heat_map, pointing), *(_ink_map(item) for item in asked if item.cells))
    return maps[:MAX_MAPS]


def unmapped(findings: tuple[Finding, ...]) -> str:
    """Why a picture has no heat map, where its answer came without one."""
    voting = [item for item in findings if item.votes]
    if any(item.alarm is not Alarm.NONE for item in voting):
        return ""
    if any(item.facts.get(UNSUSPECTED) for item in voting):
        return _(
            "No heat map was drawn. A map shows where a suspicion comes from, and here the score "
            "is below the point of suspicion."
        )
    if not any(item.facts.get(TWO_VIEWS) for item in voting):
        return ""
    return _(
        "No heat map was drawn. After the whole picture and its middle at full size the score was "
        "already so far below the point of suspicion that the classifier looked no further."
    )


def _heat_map(finding: Finding) -> HeatMap:
    claim = CLAIMS[finding.claim]
    ranked = sorted(finding.cells, key=lambda cell: -cell.log10_lr)
    areas = tuple(
        Area(
            cell.left,
            cell.top,
            cell.right - cell.left,
            cell.bottom - cell.top,
            *tint(cell.log10_lr),
            in_words(cell.log10_lr, claim),
        )
        for cell in finding.cells
    )
    places: dict[str, str] = {}
    for cell in ranked:  # a place stands where its highest cell does
        places.setdefault(whereabouts(cell), in_words(cell.log10_lr, claim))
    summary = n_(
        "{count} area was judged. The highest score, {place}, gives {words}.",
        "{count} areas were judged. The highest score, {place}, gives {words}.",
        len(areas),
        place=whereabouts(ranked[0]),
        words=in_words(ranked[0].log10_lr, claim),
    )
    return HeatMap(called(finding.detector), claim, areas, tuple(places.items()), summary)


def _ink_map(finding: Finding) -> HeatMap:
    areas = tuple(
        Area(
            cell.left,
            cell.top,
            cell.right - cell.left,
            cell.bottom - cell.top,
            "unlike",
            tint(cell.log10_lr)[1],
            _("unlike the rest"),
        )
        for cell in _unlike(finding)
    )
    name, words = called(finding.detector), beside_in_words(finding)
    return HeatMap(name, _("unlike the rest"), areas, (), words, accuses=False)


def _unlike(finding: Finding) -> Iterator[Cell]:
    """The highest cells, as many as make up the share of the picture that is unlike the rest."""
    left = finding.facts.get(UNLIKE, 0.0)
    for cell in sorted(finding.cells, key=lambda cell: -cell.log10_lr):
        left -= (cell.right - cell.left) * (cell.bottom - cell.top)
        if left < -_ROUNDED:
            return
        yield cell


_PLACES: Final = Words(
    dict(
        enumerate(
            (
                "upper left",
                "upper centre",
                "upper right",
                "middle left",
                "centre",
                "middle right",
                "lower left",
                "lower centre",
                "lower right",
            )
        )
    )
)


def whereabouts(cell: Cell) -> str:
    """Where in the picture the middle of a cell lies: "upper right", "centre"."""
    third = min(int((cell.left + cell.right) * 1.5), 2)
    level = min(int((cell.top + cell.bottom) * 1.5), 2)
    return _PLACES[3 * level + third]
