"""What a batch and its items are and the states they go through."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Final

from service.db.deaths import NotedDeath
from service.db.lifecycle import Failure
from service.reporting.report import Profile, Verdict


class BatchState(StrEnum):
    """RECEIVING -> RUNNING -> DONE, or CANCELLED once nothing of a cancelled one is under way."""

    RECEIVING = "receiving"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"


OVER: Final = frozenset({BatchState.DONE, BatchState.CANCELLED})


class ItemState(StrEnum):
    """WAITING -> FETCHING -> SCANNED, FAILED or CANCELLED."""

    WAITING = "waiting"
    FETCHING = "fetching"
    SCANNED = "scanned"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """How a line of a batch stands: its own state, or that of its scan once it has one."""

    WAITING = "waiting"
    FETCHING = "fetching"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """One line as it was sent. `failure`: it was wrong, and nothing is tried."""

    line: int
    profile: Profile
    url: str | None = None
    upload_id: str | None = None
    reference: str | None = None
    labels: Mapping[str, str] | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """A waiting item that one worker holds."""

    batch_id: str
    line: int
    token: str
    tenant: str
    sender: str | None  # whose limits it counts for
    profile: Profile
    url: str | None
    upload_id: str | None
    reference: str | None
    labels: Mapping[str, str] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as of now. Times are aware and in UTC."""

    id: str
    tenant: str
    sender: str | None
    state: BatchState
    total: int
    created_at: datetime
    cancelled_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None
    outcomes: Mapping[Outcome, int] = field(default_factory=dict)
    verdicts: Mapping[Verdict, int] = field(default_factory=dict)

    @property
    def mark(self) -> str:
        """Differs whenever the batch does."""
        counts = (f"{outcome}:{count}" for outcome, count in sorted(self.outcomes.items()))
        return ".".join((self.state, *counts))


@dataclass(frozen=True, slots=True)
class BatchPage:
    """Some batches, the newest first; `next` goes into `before` for the following page."""

    items: tuple[Batch, ...]
    next: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What became of one line."""

    line: int
    reference: str | None
    labels: Mapping[str, str] | None
    url: str | None
    scan_id: str | None
    outcome: Outcome
    verdict: Verdict | None
    failure: Failure | None
    deaths: tuple[NotedDeath, ...] = ()  # attempts at it or its scan that ended without a report
