"""The time line of a report in a terminal: shots, speech, faces and scores on one axis."""

from collections.abc import Iterator
from typing import Final

from rich.text import Text

from detectors.result import Finding, Segment
from service.language.spoken import _
from service.reporting.names import called
from service.reporting.report import Report
from service.reporting.timeline import LANES, Part, counted, levels, marks, parts, shown_clock
from service.reporting.wording import CLAIMS, in_words

WIDTH: Final = 48
_BARS: Final = "▁▂▃▄▅▆▇█"
_TOP_LOG10: Final = 2.0  # a hundredfold ratio fills the bar
_NAME: Final = 10  # letters of a row's name


def lines(report: Report) -> Iterator[Text]:
    """Axis, lanes, a row for each detector that decides, and what it marked; nothing if none.

    Scores of detectors without a vote are left to the JSON report.
    """
    timed = [item for item in report.findings if item.segments]
    length = max((segment.end for item in timed for segment in item.segments), default=0.0)
    length = max(length, report.subject.seconds or 0.0)
    if not timed or length <= 0:
        return
    yield Text(f"{'':{_NAME + 3}}0:00{shown_clock(length):>{WIDTH - 4}}", style="bright_black")
    for prefix, name in LANES.items():
        found = parts(timed, prefix)
        if found:
            first, *below = _lane(name, found, length)
            yield first.append(f" {counted(prefix, found)}", style="bright_black")
            yield from below
    for item in [item for item in timed if item.votes]:
        yield Text(f"  {called(item.detector)}", style="bright_black")
        yield _named("").append_text(row(item, length))
    for mark in marks(timed):
        words = in_words(mark.log10_lr, CLAIMS[mark.claim])
        said = _(
            "{start} to {end}: {words}",
            start=shown_clock(mark.start),
            end=shown_clock(mark.end),
            words=words,
        )
        yield Text(f"  {said}")


def row(finding: Finding, length: float) -> Text:
    """One bar a moment: higher leans to synthetic; a dot where nothing was judged."""
    text = Text()
    for index in range(WIDTH):
        text.append_text(_bar(_at(finding.segments, index, length)))
    return text


def _lane(name: str, found: tuple[Part, ...], length: float) -> list[Text]:
    """Parts in two alternating shades; those of one moment on lines below one another."""
    level = levels(found)
    rows = [[" "] * WIDTH for _ in range(max(level.values()) + 1)]
    for number, part in enumerate(found):
        first = min(WIDTH - 1, int(part.start / length * WIDTH))
        last = min(WIDTH, max(first + 1, round(part.end / length * WIDTH)))
        rows[level[part.label]][first:last] = "▒░"[number % 2] * (last - first)
    return [
        _named("" if number else name).append("".join(letters), style="bright_black")
        for number, letters in enumerate(rows)
    ]


def _named(name: str) -> Text:
    return Text(f"  {name:{_NAME}} ")


def _at(segments: tuple[Segment, ...], index: int, length: float) -> float | None:
    """The highest ratio of the segments that a column touches; None when none was judged."""
    start, end = index / WIDTH * length, (index + 1) / WIDTH * length
    ratios = [
        segment.log10_lr
        for segment in segments
        if segment.start < end and segment.end > start and segment.log10_lr is not None
    ]
    return max(ratios, default=None)


def _bar(ratio: float | None) -> Text:
    if ratio is None:
        return Text("·", style="bright_black")
    share = (min(max(ratio, -_TOP_LOG10), _TOP_LOG10) + _TOP_LOG10) / (2 * _TOP_LOG10)
    style = "red" if ratio >= 1 else "yellow" if ratio > 0 else "cyan"
    return Text(_BARS[round(share * (len(_BARS) - 1))], style=style)
