"""Every statement about scans. Changes of state are compare-and-set, so the first one wins."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, func, or_, select, update
from sqlalchemy.orm import Session, joinedload, lazyload

from detectors.base import Kind
from service.analysis.progress import Progress
from service.db import receipts
from service.db.changes import failed, queued_again
from service.db.engine import Database
from service.db.entries import Entry, NewScan, entry_of, note_ends, write
from service.db.lifecycle import BlobKey, Failure, Scan, State, mark
from service.db.models import ReportRow, ScanRow
from service.db.outbox import announce_cancelled, announce_completed, announce_failed
from service.db.places import UNBOUNDED, Places, check_places
from service.db.reading import scan_of
from service.db.results import Result, SignedDocument, done, report_row, view_rows
from service.db.retention import Keeping, RetentionRows
from service.db.retention_lifecycle import Part
from service.db.review_tables import ReviewRow
from service.db.reviews import BATCH, review_of
from service.db.trail import note
from service.db.turns import whose_turn
from service.db.view_tables import ViewRow
from service.reporting.receipt import Because
from service.reporting.report import Profile

NOTE_LENGTH: Final = 255
MARKS: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A scan that one worker holds the lease of, and what it needs to run it."""

    id: str
    token: str
    tenant: str
    profile: Profile
    name: str
    sha256: str
    blob: BlobKey
    secret: bytes | None = field(repr=False)  # what the blob is sealed with
    parts: tuple[int, ...]
    attempt: int
    created_at: datetime
    keeps: frozenset[Part]  # what may outlive the scan
    kind: Kind | None = None
    traceparent: str | None = None  # of the request that sent it


_LATEST: Final = (
    select(func.max(ReviewRow.id))
    .where(ReviewRow.scan_id == bindparam("scan_id"))
    .correlate(None)
    .scalar_subquery()
)
_ONE: Final = (
    select(ScanRow, ReviewRow)
    .outerjoin(ReviewRow, ReviewRow.id == _LATEST)
    .where(ScanRow.id == bindparam("scan_id"), ScanRow.tenant == bindparam("tenant"))
    .options(joinedload(ScanRow.labels))
)
"""A scan with its latest review and its labels, in one question: who waits for a scan asks it often."""

Also = Callable[[Session, str], None]
"""What else happens in the transaction that adds the scan of this id; what it raises undoes both."""


def alone(_session: Session, _scan_id: str) -> None:
    """The scan belongs to nothing else."""


class ScanRows:
    """Scans in the database. Methods for people ask for the tenant, those for workers do not."""

    def __init__(
        self,
        database: Database,
        keeping: Keeping = Keeping(),  # noqa: B008 (frozen)
    ) -> None:
        self._database = database
        self._keeping = keeping
        self._said = RetentionRows(database)

    def add(
        self,
        new: NewScan,
        also: Also = alone,
        result: Result | None = None,
        *,
        places: Places = UNBOUNDED,
    ) -> Scan:
        """Write a scan that waits, or with a `result` one that is done.

        Raises `TooManyInFlight` where none of the places is free.
        """
        entry = entry_of(new, result, places=places)
        note_ends((entry,), self._keeping, self._said)
        with self._database.write() as session:
            write(session, (entry,))
            also(session, new.id)
            if result is not None:
                session.add(report_row(new.id, new.tenant, result.signed))
                _tell(session, new.tenant, new.id, result, new.created_at)
            if result is None:
                return entry.scan()
            row = session.get_one(ScanRow, new.id)
            self._keeping.settle(session, row, new.created_at)
        return scan_of(row)

    def add_all(self, entries: Sequence[Entry]) -> None:
        """Write scans that wait, all or none. Raises `TooManyInFlight`."""
        note_ends(entries, self._keeping, self._said)
        with self._database.write() as session:
            write(session, entries)

    def check_in_flight(self, tenant: str, places: Places) -> None:
        """Raises `TooManyInFlight` if none of the places is free."""
        if places.bounded:
            with self._database.read() as session:
                check_places(session, tenant, (places,))

    def get(self, tenant: str, scan_id: str) -> Scan | None:
        with self._database.read() as session:
            found = session.execute(_ONE, {"scan_id": scan_id, "tenant": tenant}).unique().first()
            if found is None:
                return None
            row, review = found
            return scan_of(row, None if review is None else review_of(review))

    def marks(self, scan_ids: Sequence[str]) -> dict[str, str]:
        """The mark of each of these scans that exists, without reading the rest of their rows.

        Whosever they are: one question serves the streams of all tenants.
        """
        columns = (ScanRow.id, ScanRow.attempts, ScanRow.state, ScanRow.stage, ScanRow.done)
        found: dict[str, str] = {}
        with self._database.read() as session:
            for part in _batched(scan_ids):
                query = select(*columns).where(ScanRow.id.in_(part))
                for scan_id, attempts, state, stage, done in session.execute(query):
                    found[scan_id] = mark(attempts, state, stage, done)
        return found

    def document(self, tenant: str, scan_id: str) -> SignedDocument | None:
        with self._database.read() as session:
            row = session.get(ReportRow, scan_id)
            if row is None or row.tenant != tenant:
                return None
            return SignedDocument(row.document, row.signature)

    def documents(self, tenant: str, last: int) -> Iterator[tuple[str, str]]:
        """The newest reports as JSON with the ids of their scans, a few in memory at a time."""
        before, left = None, last
        while left > 0:
            query = select(ReportRow.scan_id, ReportRow.document).where(ReportRow.tenant == tenant)
            if before is not None:
                query = query.where(ReportRow.scan_id < before)
            query = query.order_by(ReportRow.scan_id.desc()).limit(min(left, BATCH))
            with self._database.read() as session:
                rows = session.execute(query).all()
            yield from ((scan_id, document) for scan_id, document in rows)
            if len(rows) < BATCH:
                return
            before, left = rows[-1][0], left - len(rows)

    def preview(self, tenant: str, scan_id: str) -> BlobKey | None:
        with self._database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or row.tenant != tenant or row.preview is None:
                return None
            return BlobKey(row.preview)

    def blob(self, tenant: str, scan_id: str) -> BlobKey | None:
        """Where the file itself lies; None once it is gone."""
        with self._database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or row.tenant != tenant or row.blob is None:
                return None
            return BlobKey(row.blob)

    def blobs(self, tenant: str, scan_id: str) -> tuple[BlobKey, ...]:
        """All that is stored for a scan."""
        with self._database.read() as session:
            row = session.get(ScanRow, scan_id)
            if row is None or row.tenant != tenant:
                return ()
            views = session.scalars(select(ViewRow.blob).where(receipts.views_of(scan_id)))
            kept = (row.blob, row.preview, *views)
            return tuple(BlobKey(key) for key in kept if key is not None)

    def delete(self, tenant: str, scan_id: str, now: datetime) -> bool:
        """Remove the row and its report, and begin the deletion of the rest; False: no such scan."""
        with self._database.write() as session:
            row = session.get(ScanRow, scan_id, with_for_update=True)
            if row is None or row.tenant != tenant:
                return False
            receipts.begin(session, row, Because.REQUEST, now)
            session.execute(delete(ScanRow).where(ScanRow.id == scan_id))
            return True

    def cancel(self, tenant: str, scan_id: str, failure: Failure, now: datetime) -> bool:
        """End a scan that has not ended; whoever runs it no longer holds it."""
        mine = (ScanRow.tenant == tenant, ScanRow.state.in_((State.QUEUED, State.RUNNING)))
        values = failed(failure, now) | {"state": State.CANCELLED}
        with self._database.write() as session:
            cancelled = _changed(session, scan_id, *mine, **values)
            if cancelled:
                note(session, tenant, "scan.cancelled", f"scan:{scan_id}")
                announce_cancelled(session, tenant, (scan_id,), failure.code, now)
                self._settle(session, scan_id, now)
            return cancelled

    def take(
        self,
        scan_id: str,
        *,
        queue: str | None = None,
        token: str,
        worker: str,
        now: datetime,
        until: datetime,
        most: int,
    ) -> Job | None:
        """Lease the scan whose turn it is in the queue of this one. None: nothing to do.

        This one goes first if its lease ran out. `queue` is where its message lay, for when the
        scan itself is gone: the message then still stands for one that waits.
        """
        lapsed = and_(ScanRow.state == State.RUNNING, ScanRow.lease_until < now)
        with self._database.write() as session:
            turn = whose_turn(session, scan_id, queue, lapsed, most)
            taken = turn is not None and _changed(
                session,
                turn,
                or_(ScanRow.state == State.QUEUED, lapsed),
                ScanRow.attempts < most,
                state=State.RUNNING,
                lease=token,
                lease_until=until,
                worker=worker,
                attempts=ScanRow.attempts + 1,
                started_at=now,
            )
            row = session.get(ScanRow, turn) if taken else None
            if row is None or row.blob is None:
                return None
            return Job(
                id=row.id,
                token=token,
                tenant=row.tenant,
                profile=row.profile,
                name=row.name,
                sha256=row.sha256,
                blob=BlobKey(row.blob),
                secret=row.secret,
                parts=tuple(row.parts or ()),
                attempt=row.attempts,
                created_at=row.created_at,
                keeps=self._keeping.outliving(session, row),
                kind=row.kind,
                traceparent=row.traceparent,
            )

    def renew(self, job: Job, *, until: datetime, progress: Progress) -> bool:
        """Extend the lease and say how far the scan is; False when the lease is somebody else's."""
        with self._database.write() as session:
            return _changed(
                session,
                job.id,
                held(job),
                lease_until=until,
                stage=progress.stage,
                done=progress.done,
                note=progress.note[:NOTE_LENGTH],
            )

    def finish(self, job: Job, result: Result, now: datetime) -> bool:
        """Store the one report of a scan; False, and nothing stored, when the lease was lost."""
        with self._database.write() as session:
            won = _changed(session, job.id, held(job), **done(result, now))
            if won:
                session.add(report_row(job.id, job.tenant, result.signed))
                session.add_all(view_rows(job.id, job.tenant, result.recorded, now))
                _tell(session, job.tenant, job.id, result, now)
                self._settle(session, job.id, now)
            return won

    def fail(self, job: Job, failure: Failure, now: datetime) -> bool:
        with self._database.write() as session:
            ended = _changed(session, job.id, held(job), **failed(failure, now))
            if ended:
                announce_failed(session, job.tenant, job.id, failure.code, now)
                self._settle(session, job.id, now)
            return ended

    def hand_back(self, job: Job) -> bool:
        """Queue the scan again: nothing about it was the reason, so the attempt does not count."""
        with self._database.write() as session:
            return _changed(session, job.id, held(job), **_uncounted())

    def hand_back_all(self, workers: Sequence[str]) -> tuple[str, ...]:
        """Queue again what these workers run, uncounted; which of them ran something."""
        running = and_(ScanRow.state == State.RUNNING, ScanRow.worker.in_(workers))
        with self._database.write() as session:
            busy = session.scalars(select(ScanRow.worker).where(running)).all()
            statement = update(ScanRow).where(running).values(**_uncounted())
            session.execute(statement)
        return tuple(name for name in busy if name is not None)

    def _settle(self, session: Session, scan_id: str, now: datetime) -> None:
        """What goes with the end of a scan goes in the transaction that ends it."""
        session.flush()
        bare = lazyload(ScanRow.labels)
        row = session.get_one(ScanRow, scan_id, populate_existing=True, options=[bare])
        self._keeping.settle(session, row, now)


def _batched(scan_ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(scan_ids), MARKS):
        yield scan_ids[start : start + MARKS]


def held(job: Job) -> ColumnElement[bool]:
    """Whether the scan of a row is still this worker's."""
    return and_(ScanRow.state == State.RUNNING, ScanRow.lease == job.token)


def _changed(
    session: Session, scan_id: str, *conditions: ColumnElement[bool], **values: object
) -> bool:
    statement = update(ScanRow).where(ScanRow.id == scan_id, *conditions).values(**values)
    return bool(session.connection().execute(statement).rowcount)


def _tell(session: Session, tenant: str, scan_id: str, result: Result, now: datetime) -> None:
    announce_completed(session, tenant, scan_id, result.verdict, result.action, now)


def _uncounted() -> dict[str, object]:
    return {**queued_again(), "attempts": ScanRow.attempts - 1}
