"""Geometry of the pictures in a report: heat map, time line and interval bars, as shares of 1.

Templates turn shares into percent coordinates of SVG without a view box, so pictures stretch with
the preview they lie over while text keeps its size.
"""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from detectors.result import Cell, Finding, LikelihoodRatio, Segment
from service.wording import CLAIMS, in_words, strength

FULL_COLOUR: Final = 2.0
"""log10 LR at which a colour is at full strength: a ratio of 100 either way."""

AXIS: Final = 4.0
"""Interval bars run from -AXIS to AXIS in log10 LR; values beyond are drawn at the edge."""

MAX_MAPS: Final = 4
MAX_COLUMNS: Final = 480
_STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Area:
    """One coloured rectangle: edges and opacity in [0, 1], and the words for it."""

    left: float
    top: float
    width: float
    height: float
    tint: str  # "for", "against" or "none": a CSS class
    opacity: float
    title: str


@dataclass(frozen=True, slots=True)
class HeatMap:
    """One detector's view of where a picture looks synthetic."""

    detector: str
    claim: str
    areas: tuple[Area, ...]
    strongest: tuple[tuple[str, str], ...]  # (place, the most there in words), strongest first
    summary: str


@dataclass(frozen=True, slots=True)
class Row:
    """One detector's view of when."""

    detector: str
    claim: str
    areas: tuple[Area, ...]
    stretches: tuple[tuple[str, str, str], ...]  # (from, to, in words)


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Every detector's rows over one time axis."""

    rows: tuple[Row, ...]
    ticks: tuple[tuple[float, str], ...]  # (share of the width, label)
    seconds: float


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


# --- where --------------------------------------------------------------------------------------


def heat_maps(findings: tuple[Finding, ...]) -> tuple[HeatMap, ...]:
    """Maps of the detectors that point at places, those that vote first, at most MAX_MAPS."""
    pointing = sorted((item for item in findings if item.cells), key=lambda item: not item.votes)
    return tuple(_heat_map(item) for item in pointing[:MAX_MAPS])


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
    places = {whereabouts(cell): in_words(cell.log10_lr, claim) for cell in reversed(ranked)}
    summary = (
        f"{len(areas)} areas were judged; the strongest, {whereabouts(ranked[0])}, "
        f"gives {in_words(ranked[0].log10_lr, claim)}."
    )
    return HeatMap(finding.detector, claim, areas, tuple(reversed(places.items())), summary)


def whereabouts(cell: Cell) -> str:
    """Where in the picture the middle of a cell lies: "upper right", "centre"."""
    third = ("left", "centre", "right")[min(int((cell.left + cell.right) * 1.5), 2)]
    level = ("upper", "middle", "lower")[min(int((cell.top + cell.bottom) * 1.5), 2)]
    if level == "middle":
        return third if third == "centre" else f"middle {third}"
    return f"{level} {third}"


# --- when ---------------------------------------------------------------------------------------


def time_line(findings: tuple[Finding, ...], seconds: float | None) -> TimeLine | None:
    """The detectors that judged stretches of time, over the length of the file."""
    timed = [item for item in findings if item.segments]
    length = max((segment.end for item in timed for segment in item.segments), default=0.0)
    length = max(length, seconds or 0.0)
    if not timed or length <= 0:
        return None
    return TimeLine(tuple(_row(item, length) for item in timed), _ticks(length), length)


def clock(seconds: float) -> str:
    """A time as a person reads it: "0:07", "0:07.5", "1:02:03"."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:04.1f}".removesuffix(".0")
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def _ticks(length: float) -> tuple[tuple[float, str], ...]:
    step = next((step for step in _STEPS if length / step <= 8), _STEPS[-1])
    count = int(length / step) + 1
    return tuple((index * step / length, clock(index * step)) for index in range(count))


def _row(finding: Finding, length: float) -> Row:
    claim = CLAIMS[finding.claim]
    areas = tuple(
        Area(
            segment.start / length,
            0.0,
            (segment.end - segment.start) / length,
            1.0,
            *tint(segment.log10_lr),
            f"{clock(segment.start)} to {clock(segment.end)}: {_judged(segment, claim)}",
        )
        for segment in coarsen(finding.segments)
    )
    return Row(finding.detector, claim, areas, _stretches(finding.segments, claim))


def coarsen(segments: tuple[Segment, ...], most: int = MAX_COLUMNS) -> tuple[Segment, ...]:
    """At most `most` segments: neighbours merged, each keeping the highest ratio among them."""
    size = -(-len(segments) // most)
    if size <= 1:
        return segments
    return tuple(_merged(segments[at : at + size]) for at in range(0, len(segments), size))


def _merged(group: tuple[Segment, ...]) -> Segment:
    highest = max(
        (item for item in group if item.log10_lr is not None),
        key=lambda item: item.log10_lr or 0.0,
        default=group[0],
    )
    return Segment(
        start=group[0].start,
        end=group[-1].end,
        log10_lr=highest.log10_lr,
        label=highest.label,
    )


def _judged(segment: Segment, claim: str) -> str:
    label = f" ({segment.label})" if segment.label else ""
    if segment.log10_lr is None:
        return f"not judged{label}"
    return f"{in_words(segment.log10_lr, claim)}{label}"


def _stretches(segments: tuple[Segment, ...], claim: str) -> tuple[tuple[str, str, str], ...]:
    """Neighbours that read the same, as one line each: the words behind the picture."""

    def reading(segment: Segment) -> tuple[str, bool, str]:
        if segment.log10_lr is None:
            return "", False, segment.label
        return strength(segment.log10_lr), segment.log10_lr > 0, segment.label

    runs = (tuple(run) for _, run in groupby(segments, key=reading))
    return tuple((clock(run[0].start), clock(run[-1].end), _judged(run[0], claim)) for run in runs)[
        :MAX_COLUMNS
    ]
