"""How far an analysis is, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Stage(StrEnum):
    """Where a scan is, in the order the stages come."""

    QUEUED = "queued"
    PROVENANCE = "provenance"
    DECODING = "decoding"
    DETECTORS = "detectors"
    REPORT = "report"


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: a stage, the share of the whole job in [0, 1], and what runs now."""

    stage: Stage
    done: float
    note: str = ""


Listener = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """A listener that does not listen."""
