"""What is written when a scan is accepted: its row, its labels and its line of the audit log."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from typing import Any, Final

from sqlalchemy import insert
from sqlalchemy.orm import Session

from detectors.base import Kind
from service.analysis.progress import Progress, Stage
from service.db.lifecycle import HEAD_START, BlobKey, Priority, Scan, State
from service.db.models import LabelRow, ScanRow
from service.db.places import UNBOUNDED, Places, take_places
from service.db.reading import scan_of
from service.db.results import Result, done
from service.db.retention import Keeping, RetentionRows, until
from service.db.trail import line_of, write_lines
from service.reporting.report import Profile

START: Final = Progress(Stage.QUEUED, 0.0)

Values = dict[str, Any]
"""A row by its columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewScan:
    """What is known about a scan when its upload is accepted."""

    id: str
    tenant: str
    profile: Profile
    queue: str
    kind: Kind | None
    name: str
    sha256: str
    size: int
    media_type: str
    blob: BlobKey
    secret: bytes | None = field(default=None, repr=False)  # what the blob is sealed with
    parts: tuple[int, ...] = ()
    created_at: datetime
    sender: str | None = None
    reference: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    priority: Priority = Priority.NORMAL
    traceparent: str | None = None  # of the request that sent it


@dataclass(frozen=True, slots=True)
class Entry:
    """A scan that is accepted, as rows of their tables.

    It is only where one of the `places` is free.
    """

    new: NewScan
    places: Places
    row: Values
    labels: Sequence[Values]
    line: Values

    def scan(self) -> Scan:
        """The scan as it is once this is written."""
        return scan_of(ScanRow(**self.row, labels=[LabelRow(**label) for label in self.labels]))


def entry_of(new: NewScan, result: Result | None = None, *, places: Places = UNBOUNDED) -> Entry:
    """A scan that waits, or with a `result` one that is done; accepted by whoever acts now."""
    labels = [
        {"scan_id": new.id, "name": name, "value": value, "tenant": new.tenant}
        for name, value in sorted(new.labels.items())
    ]
    return Entry(
        new=new,
        places=places,
        row=_columns(new) | (done(result, new.created_at) if result is not None else {}),
        labels=labels,
        line=line_of(new.tenant, "scan.accepted", f"scan:{new.id}"),
    )


def note_ends(entries: Sequence[Entry], keeping: Keeping, said: RetentionRows) -> None:
    """Note until when each is kept by what its tenant said up to a second ago.

    When it ends that is worked out anew.
    """
    for entry in entries:
        new = entry.new
        keep = keeping.in_force(said.recent(new.tenant), sealed=new.secret is not None)
        end = until(keep, new.created_at)
        entry.row.update(expires_at=end, due_at=end)


def write(session: Session, entries: Sequence[Entry]) -> None:
    """Write scans and what belongs to them, all or none.

    Raises `TooManyInFlight`. By plain statements: the unit of work took longer than all else that is done for an upload.
    """
    _take_places(session, entries)
    connection = session.connection()
    connection.execute(insert(ScanRow), [entry.row for entry in entries])
    labels = [label for entry in entries for label in entry.labels]
    if labels:
        connection.execute(insert(LabelRow), labels)
    write_lines(session, [entry.line for entry in entries])


def _take_places(session: Session, entries: Sequence[Entry]) -> None:
    """In the order of the tenants' names, so that two transactions never wait for each other."""
    by_tenant = defaultdict[str, list[Places]](list)
    for entry in entries:
        if entry.places.bounded:
            by_tenant[entry.new.tenant].append(entry.places)
    for tenant, wanted in sorted(by_tenant.items(), key=itemgetter(0)):
        take_places(session, tenant, wanted)


def _columns(new: NewScan) -> Values:
    """The columns of a scan that waits."""
    return {
        "id": new.id,
        "tenant": new.tenant,
        "state": State.QUEUED,
        "profile": new.profile,
        "queue": new.queue,
        "kind": new.kind,
        "name": new.name,
        "sha256": new.sha256,
        "size": new.size,
        "media_type": new.media_type,
        "blob": new.blob,
        "secret": new.secret,
        "parts": list(new.parts) or None,
        "created_at": new.created_at,
        "enqueued_at": new.created_at,
        "gone": [],
        "indexed": False,
        "stage": START.stage,
        "done": START.done,
        "note": START.note,
        "attempts": 0,
        "sender": new.sender,
        "traceparent": new.traceparent,
        "reference": new.reference,
        "priority": new.priority,
        "turn_at": new.created_at - HEAD_START[new.priority],
    }
