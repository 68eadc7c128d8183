"""The time line of a report: scores, shots, speech and faces over one axis, as shares of 1."""

from dataclasses import dataclass
from itertools import groupby
from typing import Final

from detectors.result import Finding, Segment
from service.language.reading import told
from service.language.spoken import _
from service.rendering.charts import Area, tint
from service.reporting.names import called
from service.reporting.timeline import LANES, Part, counted, levels, marks, parts, shown_clock
from service.reporting.wording import CLAIMS, in_words, strength

MAX_COLUMNS: Final = 480

_STEPS: Final = (0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200)


@dataclass(frozen=True, slots=True)
class Lane:
    """Where the parts of a file lie that detectors name: shots, speech, faces."""

    prefix: str  # how the labels of its parts begin
    name: str
    areas: tuple[Area, ...]
    summary: str


@dataclass(frozen=True, slots=True)
class Row:
    """One detector's view of when."""

    detector: str  # its name for readers
    claim: str
    areas: tuple[Area, ...]
    stretches: tuple[tuple[str, str, str], ...]  # (from, to, in words)


@dataclass(frozen=True, slots=True)
class Marked:
    """A stretch that leans to synthetic, in words, and where it lies."""

    start: float  # seconds
    left: float
    width: float
    words: str


@dataclass(frozen=True, slots=True)
class TimeLine:
    """Lanes, and the rows of detectors that vote, over one time axis."""

    lanes: tuple[Lane, ...]
    rows: tuple[Row, ...]
    marks: tuple[Marked, ...]  # strongest first
    ticks: tuple[tuple[float, str], ...]  # (share of the width, label)
    seconds: float


def time_line(findings: tuple[Finding, ...], seconds: float | None) -> TimeLine | None:
    """The detectors that judged stretches of time, over the length of the file."""
    timed = [item for item in findings if item.segments]
    length = max((segment.end for item in timed for segment in item.segments), default=0.0)
    length = max(length, seconds or 0.0)
    if not timed or length <= 0:
        return None
    return TimeLine(
        lanes=_lanes(timed, length),
        rows=tuple(_row(item, length) for item in timed if item.votes),
        marks=_marked(timed, length),
        ticks=_ticks(length),
        seconds=length,
    )


def _ticks(length: float) -> tuple[tuple[float, str], ...]:
    step = next((step for step in _STEPS if length / step <= 8), _STEPS[-1])
    count = int(length / step) + 1
    return tuple((index * step / length, shown_clock(index * step)) for index in range(count))


def _lanes(timed: list[Finding], length: float) -> tuple[Lane, ...]:
    found = ((prefix, name, parts(timed, prefix)) for prefix, name in LANES.items())
    return tuple(
        Lane(prefix, name, _placed(own, length), counted(prefix, own))
        for prefix, name, own in found
        if own
    )


def _placed(own: tuple[Part, ...], length: float) -> tuple[Area, ...]:
    """Parts in two alternating shades; those of one moment lie one below another."""
    level = levels(own)
    height = 1 / (max(level.values()) + 1)
    return tuple(
        Area(
            part.start / length,
            level[part.label] * height,
            (part.end - part.start) / length,
            height,
            f"part{number % 2}",
            1.0,
            _(
                "{part}, {start} to {end}",
                part=told(part.label),
                start=shown_clock(part.start),
                end=shown_clock(part.end),
            ),
        )
        for number, part in enumerate(own)
    )


def _marked(timed: list[Finding], length: float) -> tuple[Marked, ...]:
    return tuple(
        Marked(
            mark.start,
            mark.start / length,
            (mark.end - mark.start) / length,
            _spanned(mark.start, mark.end, in_words(mark.log10_lr, CLAIMS[mark.claim])),
        )
        for mark in marks(timed)
    )


def _row(finding: Finding, length: float) -> Row:
    claim = CLAIMS[finding.claim]
    drawn = coarsen(finding.segments)
    level = levels(drawn)
    height = 1 / (max(level.values()) + 1)
    areas = tuple(
        Area(
            segment.start / length,
            level[segment.label] * height,
            (segment.end - segment.start) / length,
            height,
            *tint(segment.log10_lr),
            _spanned(segment.start, segment.end, _judged(segment, claim)),
        )
        for segment in drawn
    )
    return Row(called(finding.detector), claim, areas, _stretches(finding.segments, claim))


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
    label = f" ({told(segment.label)})" if segment.label else ""
    if segment.log10_lr is None:
        return f"{_('not judged')}{label}"
    return f"{in_words(segment.log10_lr, claim)}{label}"


def _spanned(start: float, end: float, words: str) -> str:
    return _(
        "{start} to {end}: {words}", start=shown_clock(start), end=shown_clock(end), words=words
    )


def _stretches(segments: tuple[Segment, ...], claim: str) -> tuple[tuple[str, str, str], ...]:
    """Neighbours that read the same, as one line each: the words behind the picture."""

    def reading(segment: Segment) -> tuple[str, bool, str]:
        if segment.log10_lr is None:
            return "", False, segment.label
        return strength(segment.log10_lr), segment.log10_lr > 0, segment.label

    runs = (tuple(run) for _, run in groupby(segments, key=reading))
    return tuple(
        (shown_clock(run[0].start), shown_clock(run[-1].end), _judged(run[0], claim))
        for run in runs
    )[:MAX_COLUMNS]
