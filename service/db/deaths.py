"""How attempts at a scan ended before there was a report, and what is kept of each."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from service.analysis.progress import Stage

DETAIL_LENGTH: Final = 80
KEPT: Final = 20
"""The latest of a scan; a release begins to count anew, and an operator may release for ever."""


class Cause(StrEnum):
    """What ended an attempt."""

    KILLED = "killed"
    OUT_OF_MEMORY = "out_of_memory"
    TIME_LIMIT = "time_limit"
    EXITED = "exited"
    VANISHED = "vanished"
    CRASHED = "crashed"
    UNREADABLE = "unreadable"


SAYS: Final[Mapping[Cause, str]] = {
    Cause.KILLED: "the worker was killed by a signal",
    Cause.OUT_OF_MEMORY: "the system killed the worker because memory ran out",
    Cause.TIME_LIMIT: "the worker did not stop at the time limit and was killed",
    Cause.EXITED: "the worker ended by itself",
    Cause.VANISHED: "the worker was not heard of any more",
    Cause.CRASHED: "the analysis crashed",
    Cause.UNREADABLE: "the store refused the file, and answered otherwise",
}


@dataclass(frozen=True, slots=True)
class Death:
    """What is known of it: `detail` names the signal, the exit status or the class of the error."""

    cause: Cause
    detail: str = ""

    @property
    def sentence(self) -> str:
        return SAYS[self.cause] + (f" ({self.detail})" if self.detail else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class NotedDeath:
    """A death in its place: during which attempt, in what stage, and which worker."""

    death: Death
    at: datetime
    attempt: int
    stage: Stage
    worker: str

    def stored(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "cause": self.death.cause,
            "detail": self.death.detail[:DETAIL_LENGTH],
            "at": self.at.isoformat(),
            "attempt": self.attempt,
            "stage": self.stage,
            "worker": self.worker,
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> Self:
        """Of what `stored` made."""
        return cls(
            death=Death(Cause(stored["cause"]), stored["detail"]),
            at=datetime.fromisoformat(stored["at"]),
            attempt=stored["attempt"],
            stage=Stage(stored["stage"]),
            worker=stored["worker"],
        )
