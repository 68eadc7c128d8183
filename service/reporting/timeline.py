"""What a report says over time, for page and terminal: named parts, marked stretches, a clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from detectors.result import Claim, Finding, Segment
from service.language.figures import as_written
from service.language.spoken import Words, _, n_

MAX_PARTS: Final = 480
MAX_MARKS: Final = 6
MARKED: Final = 0.5
"""log10 LR from which a stretch of a voting detector is marked."""

LANES: Final = Words({"shot": "Shots", "speech": "Speech", "face": "Faces"})
"""How the labels of segments begin, and what the parts so named are called."""

_TOGETHER: Final = 0.25  # seconds between stretches of one label that are shown as one
_MOMENT: Final = 1e-6  # seconds that stretches may share by rounding


@dataclass(frozen=True, slots=True)
class Part:
    """A stretch of the file that detectors name: "shot 3", "speech", "face 1". In seconds."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch in which a voting detector leans to synthetic: where to listen or look first."""

    start: float
    end: float
    log10_lr: float
    detector: str
    claim: Claim


def parts(findings: Iterable[Finding], prefix: str) -> tuple[Part, ...]:
    """The parts whose label begins with `prefix`, by time, neighbours with one label joined."""
    named = {
        (segment.start, segment.end, segment.label)
        for item in findings
        for segment in item.segments
        if segment.label.startswith(prefix)
    }
    found: dict[str, list[Part]] = {}
    for start, end, label in sorted(named):
        own = found.setdefault(label, [])
        if own and start <= own[-1].end + _TOGETHER:
            own[-1] = Part(own[-1].start, max(end, own[-1].end), label)
        else:
            own.append(Part(start, end, label))
    every = (part for own in found.values() for part in own)
    return tuple(sorted(every, key=lambda part: (part.start, part.end))[:MAX_PARTS])


def levels(stretches: Iterable[Part | Segment]) -> dict[str, int]:
    """Which of several levels each label is drawn on: labels that share a moment get two.

    Everything is on level 0 unless stretches of different labels overlap.
    """
    ordered = sorted(stretches, key=lambda item: (item.start, item.end))
    if not _overlap(ordered):
        return dict.fromkeys((item.label for item in ordered), 0)
    ends: dict[str, float] = {}
    for item in ordered:
        ends[item.label] = max(item.end, ends.get(item.label, item.end))
    free: list[float] = []  # when each level is free again
    found: dict[str, int] = {}
    for item in ordered:
        if item.label in found:
            continue
        level = next((n for n, end in enumerate(free) if end <= item.start), len(free))
        free[level : level + 1] = [ends[item.label]]
        found[item.label] = level
    return found


def _overlap(ordered: list[Part | Segment]) -> bool:
    """Whether stretches of different labels, sorted by their start, share a moment."""
    reach, label = 0.0, ""
    for item in ordered:
        if item.start < reach - _MOMENT and item.label != label:
            return True
        if item.end > reach:
            reach, label = item.end, item.label
    return False


def counted(prefix: str, found: tuple[Part, ...]) -> str:
    """ "3 shots", "1 face", "12.5 s of speech"."""
    if prefix == "speech":
        length = sum(part.end - part.start for part in found)
        return _("{seconds} s of speech", seconds=f"{length:.1f}")
    count = len({part.label for part in found})
    if prefix == "shot":
        return n_("{count} shot", "{count} shots", count)
    return n_("{count} face", "{count} faces", count)


def marks(findings: Iterable[Finding]) -> tuple[Mark, ...]:
    """Stretches of voting detectors that lean most to synthetic, touching ones joined."""
    found: list[Mark] = []
    for item in findings:
        own: list[Mark] = []
        for segment in item.segments if item.votes else ():
            ratio = segment.log10_lr
            if ratio is None or ratio < MARKED:
                continue
            last = own[-1] if own else None
            start, highest = segment.start, ratio
            if last is not None and segment.start <= last.end:
                start, highest = last.start, max(ratio, last.log10_lr)
                own.pop()
            own.append(Mark(start, segment.end, highest, item.detector, item.claim))
        found += own
    return tuple(sorted(found, key=lambda mark: (-mark.log10_lr, mark.start))[:MAX_MARKS])


@dataclass(frozen=True, slots=True)
class Marked:
    """How much of what a detector judged over time leans to synthetic, in seconds."""

    seconds: float
    judged: float

    @property
    def share(self) -> float:
        return self.seconds / self.judged

    def in_words(self, claim: str) -> str:
        """A sentence: "Of the 12.0 s that were judged, 6.0 s lean towards “synthetic”."."""
        judged, leaning = f"{self.judged:.1f}", f"{self.seconds:.1f}"
        if judged == leaning:
            return _(
                "All of the {judged} s that were judged lean towards “{claim}”.",
                judged=judged,
                claim=claim,
            )
        return _(
            "Of the {judged} s that were judged, {leaning} s lean towards “{claim}”.",
            judged=judged,
            leaning=leaning,
            claim=claim,
        )


def marked_of(finding: Finding) -> Marked | None:
    """How much of a voting detector's time line is marked; None where nothing is."""
    if not finding.votes:
        return None
    judged = [segment for segment in finding.segments if segment.log10_lr is not None]
    leaning = [item for item in judged if item.log10_lr is not None and item.log10_lr >= MARKED]
    if not leaning:
        return None
    return Marked(_covered(leaning), _covered(judged))


def _covered(stretches: list[Segment]) -> float:
    """Seconds that at least one of the stretches covers."""
    total, reach = 0.0, 0.0
    for item in sorted(stretches, key=lambda segment: segment.start):
        total += max(item.end - max(item.start, reach), 0.0)
        reach = max(reach, item.end)
    return total


def clock(seconds: float) -> str:
    """A time as reports hold it, in English: "0:07", "0:07.5", "1:02:03"; `shown_clock` is for readers."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:04.1f}".removesuffix(".0")
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"


def shown_clock(seconds: float) -> str:
    """A time as the language of the context writes it."""
    return as_written(clock(seconds))
