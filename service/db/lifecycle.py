"""What a scan is and the states it goes through; shared by use cases, database and views."""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, NewType, Self

from detectors.base import Kind
from service.analysis.progress import Progress, Stage
from service.db.deaths import NotedDeath
from service.reporting.decision import PolicyAction
from service.reporting.report import Profile, Verdict

BlobKey = NewType("BlobKey", str)
"""Where the bytes of a scan lie in the store."""

SENTENCE_LENGTH = 500

_DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_TIME_DIGITS = 10
_RANDOM_DIGITS = 16  # 80 bits

SCAN_ID = rf"^[{_DIGITS}]{{{_TIME_DIGITS + _RANDOM_DIGITS}}}$"
"""Pattern of the id of a scan."""


class State(StrEnum):
    """QUEUED -> RUNNING -> DONE or FAILED; a lost worker leads back to QUEUED, age to EXPIRED.

    Whoever cancels leads from QUEUED or RUNNING to CANCELLED.
    """

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"


class Priority(StrEnum):
    """How soon a scan is wanted, beside others of its queue."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"


HEAD_START: Final = {
    Priority.LOW: timedelta(hours=-1),
    Priority.NORMAL: timedelta(0),
    Priority.HIGH: timedelta(hours=1),
}
"""A scan waits as if it had come this much earlier. Of two scans the urgent one runs first unless
the other has waited for longer than the difference, so none waits for ever."""


class Judgement(StrEnum):
    """What a person came to about a file."""

    GENUINE = "genuine"
    SYNTHETIC = "synthetic"
    MANIPULATED = "manipulated"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """A person's judgement about a scan. All are kept; the latest counts."""

    id: int  # later ones have greater ones
    scan_id: str
    judgement: Judgement
    note: str
    actor: str
    created_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """A scan's latest review, with the report as JSON."""

    review: Review
    document: str


FINAL: Final = frozenset({State.DONE, State.FAILED, State.EXPIRED, State.CANCELLED})


@dataclass(frozen=True, slots=True)
class Failure:
    """Why there is no report: a stable code and a sentence for a person."""

    code: str
    sentence: str

    @classmethod
    def of(cls, code: str, untrusted_sentence: str) -> Self:
        """A failure that any database can keep: a decoder may quote the file it could not read."""
        text = untrusted_sentence.encode(errors="replace").decode().replace("\x00", "")
        return cls(code, text[:SENTENCE_LENGTH])


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """One file's way through the service, as of now. Times are aware and in UTC."""

    id: str  # unguessable; sorts by the time of acceptance
    tenant: str
    state: State
    profile: Profile
    kind: Kind | None  # None: no classifier is for it, its provenance is read
    name: str  # display name, cleaned; empty once expired
    sha256: str
    size: int  # bytes
    media_type: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime | None  # None: kept until deleted
    progress: Progress
    attempts: int
    failure: Failure | None
    verdict: Verdict | None
    action: PolicyAction | None = None  # None: no policy decided
    review: Review | None = None  # the latest
    reference: str | None = None  # the client's own name for it
    labels: Mapping[str, str] = field(default_factory=dict)  # the client's own
    priority: Priority = Priority.NORMAL
    sender: str | None = None  # `key:ID`, `account:ID` or `local`; None: it was not noted
    assignee: str | None = None  # `account:ID`: whom it is left to
    signer: str | None = None
    """As the certificate names itself; whether to believe it, the report says."""
    gone: tuple[str, ...] = ()
    """Parts that are past their retention: those of `retention_lifecycle.Part`."""
    pictured: bool = False  # there is a preview
    sealed: bool = False  # its bytes go with its end, and are shown to nobody
    deaths: tuple[NotedDeath, ...] = ()  # attempts that ended without a report, the oldest first
    quarantined_at: datetime | None = None  # None: it is not in quarantine

    @property
    def mark(self) -> str:
        """Differs whenever the scan does."""
        progress = self.progress
        return mark(self.attempts, self.state, progress.stage, progress.done)


def mark(attempts: int, state: State, stage: Stage, done: float) -> str:
    return f"{attempts}-{state}-{stage}-{done:.4f}"


class UploadState(StrEnum):
    """OPEN -> COMPLETE -> USED; refused bytes lead to FAILED."""

    OPEN = "open"
    COMPLETE = "complete"
    USED = "used"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One resumable upload as of now. Times are aware and in UTC."""

    id: str  # unguessable: the one-time address ends with it
    tenant: str
    state: UploadState
    name: str  # display name, cleaned
    size: int | None  # bytes; None: not announced yet
    received: int  # bytes that are durable
    sha256: str | None  # as announced; once complete, as found
    blob: BlobKey
    secret: bytes | None = field(default=None, repr=False)  # what the blob is sealed with
    created_at: datetime
    expires_at: datetime  # moves on while bytes arrive
    failure: Failure | None = None
    scan_id: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Some scans in the order of their list; `next` is the id of the last one where more follow."""

    items: tuple[Scan, ...]
    next: str | None


BEAT_SECONDS: Final = 5.0
"""How often a worker says that it lives."""

PROVENANCE_QUEUE: Final = "provenance"
"""Scans that need no model, beside one queue for each kind of media."""

VIEWS_QUEUE: Final = "views"
"""What every worker that runs scans listens to besides: pictures that somebody waits for."""

WEBHOOKS_QUEUE: Final = "webhooks"
"""What workers that send webhooks listen to; they run no scans."""

UNHEARD: Final = timedelta(seconds=5 * BEAT_SECONDS)
"""A worker that was not heard for this long counts as gone."""


@dataclass(frozen=True, slots=True)
class WorkerSeen:
    """A process that can run scans and said so lately."""

    name: str
    queues: tuple[str, ...]
    seen_at: datetime
    reconciled_at: datetime | None = None  # when it last looked after lost scans and messages
    pins: str | None = None  # digest of what it analyses with

    @property
    def sends(self) -> bool:
        """Whether it sends webhooks, and runs no scans."""
        return self.queues == (WEBHOOKS_QUEUE,)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overdue:
    """Scans past their retention. `held`: so many at once that nothing is deleted unasked."""

    due: int = 0
    kept: int = 0  # all scans that are not expired, those that are due included
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Whether the parts a scan needs answer. Uploads are safe without broker and workers."""

    database: bool
    storage: bool
    broker: bool
    workers: tuple[WorkerSeen, ...]
    reconciler: bool  # some worker looks after lost scans and messages, and did so lately
    overdue: Overdue = Overdue()

    @property
    def accepting(self) -> bool:
        return self.database and self.storage

    @property
    def working(self) -> bool:
        runs = any(not worker.sends for worker in self.workers)
        return self.accepting and self.broker and runs and self.reconciler

    @property
    def sending(self) -> bool:
        """Whether somebody sends webhooks."""
        return any(worker.sends for worker in self.workers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reconciled:
    """How many scans or blobs one round of the reconciler touched."""

    sent: int = 0  # messages, for scans that had none
    retried: int = 0  # scans whose worker died, queued again
    failed: int = 0  # scans whose attempts are used up
    expired: int = 0
    swept: int = 0  # blobs no scan refers to

    def __bool__(self) -> bool:
        return any((self.sent, self.retried, self.failed, self.expired, self.swept))


def is_scan_id(untrusted: str) -> bool:
    """Whether a text could be the id of a scan; nothing else is worth asking the database."""
    return re.fullmatch(SCAN_ID, untrusted) is not None


def new_scan_id(now: datetime) -> str:
    """26 characters: milliseconds since 1970 in base 32, then 80 random bits."""
    clock, chance = int(now.timestamp() * 1000), secrets.randbits(5 * _RANDOM_DIGITS)
    return _base32(clock, _TIME_DIGITS) + _base32(chance, _RANDOM_DIGITS)


def first_id(moment: datetime, *, later: int = 0) -> str:
    """The smallest id a scan of this millisecond, or of one `later`, can have."""
    clock = max(0, int(moment.timestamp() * 1000) + later)
    return _base32(clock, _TIME_DIGITS) + _base32(0, _RANDOM_DIGITS)


def _base32(number: int, digits: int) -> str:
    return "".join(_DIGITS[number >> 5 * place & 31] for place in reversed(range(digits)))
