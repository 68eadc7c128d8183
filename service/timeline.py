"""What a report says over time, for page and terminal: named parts, marked stretches, a clock."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from detectors.result import Claim, Finding

MAX_PARTS: Final = 480
MAX_MARKS: Final = 6
MARKED: Final = 0.5
"""log10 LR from which a stretch of a voting detector is marked."""

LANES: Final = (("shot", "Shots"), ("speech", "Speech"), ("face", "Faces"))
"""How the labels of segments begin, and what the parts so named are called."""

_TOGETHER: Final = 0.25  # seconds between stretches of one label that are shown as one


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
    """The parts whose label begins with `prefix`, neighbours with one label joined."""
    named = {
        (segment.start, segment.end, segment.label)
        for item in findings
        for segment in item.segments
        if segment.label.startswith(prefix)
    }
    found: list[Part] = []
    for start, end, label in sorted(named):
        last = found[-1] if found else None
        if last is not None and last.label == label and start <= last.end + _TOGETHER:
            found[-1] = Part(last.start, max(end, last.end), label)
        else:
            found.append(Part(start, end, label))
    return tuple(found[:MAX_PARTS])


def counted(prefix: str, found: tuple[Part, ...]) -> str:
    """ "3 shots", "1 face", "12.5 s of speech"."""
    if prefix == "speech":
        return f"{sum(part.end - part.start for part in found):.1f} s of speech"
    count = len({part.label for part in found})
    return f"{count} {prefix}{'' if count == 1 else 's'}"


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


def clock(seconds: float) -> str:
    """A time as a person reads it: "0:07", "0:07.5", "1:02:03"."""
    minutes, rest = divmod(round(seconds, 1), 60)
    hours, minutes = divmod(int(minutes), 60)
    text = f"{rest:04.1f}".removesuffix(".0")
    return f"{hours}:{minutes:02d}:{text}" if hours else f"{minutes}:{text}"
