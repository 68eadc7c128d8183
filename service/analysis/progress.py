"""How far an analysis is, for whoever waits for it."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from service.language.spoken import Words


class Stage(StrEnum):
    """Where a scan is, in the order the stages come."""

    QUEUED = "queued"
    PROVENANCE = "provenance"
    DECODING = "decoding"
    DETECTORS = "detectors"
    REPORT = "report"


STAGES: Final = Words(
    {
        Stage.QUEUED: "Waiting for a worker",
        Stage.PROVENANCE: "Reading Content Credentials and markers",
        Stage.DECODING: "Decoding in a sandbox",
        Stage.DETECTORS: "Asking the classifiers",
        Stage.REPORT: "Weighing the evidence",
    }
)
"""What an analysis is doing, as pages and terminals say it."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a scan is: a stage, the share of the whole job in [0, 1], and what runs now."""

    stage: Stage
    done: float
    note: str = ""


Listener = Callable[[Progress], None]


def ignore(progress: Progress) -> None:
    """A listener that does not listen."""
