"""The statements of the reconciler and of worker presence; `service.scans.reconcile` gives them sense."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, func, or_, select, update

from service.db.engine import Database
from service.db.lifecycle import BlobKey, State, WorkerSeen
from service.db.models import ScanRow, WorkerRow
from service.db.retention import ANEW, Keeping
from service.db.upload_tables import UploadRow
from service.db.view_tables import ViewRow

BATCH = 500


@dataclass(frozen=True, slots=True)
class Waiting:
    """A queued scan and when somebody last undertook to send its message, if anybody did."""

    id: str
    queue: str
    enqueued_at: datetime | None


@dataclass(frozen=True, slots=True)
class Pruned:
    """Scans that were due to be looked at, and those of them that lost something."""

    looked: int
    removed: int


class UpkeepRows:
    """Safe to use from any number of processes at once: each change happens for one of them."""

    def __init__(
        self,
        database: Database,
        keeping: Keeping = Keeping(),  # noqa: B008 (frozen)
    ) -> None:
        self._database = database
        self._keeping = keeping

    def shorten_leases(self, longest: datetime) -> None:
        """Cut leases that end later than any can: the clock was set back after they were written.

        A worker that lives renews its own in time; a dead one's lapses as it should have.
        """
        beyond = (ScanRow.state == State.RUNNING, ScanRow.lease_until > longest)
        with self._database.read() as session:
            if session.scalar(select(ScanRow.id).where(*beyond).limit(1)) is None:
                return
        with self._database.write() as session:
            session.execute(update(ScanRow).where(*beyond).values(lease_until=longest))

    def unsent(self, limit: int = BATCH) -> tuple[Waiting, ...]:
        """Queued scans that nobody sent a message for, the oldest first."""
        return self._waiting(ScanRow.enqueued_at.is_(None), limit=limit)

    def waiting(self, queue: str) -> int:
        """How many queued scans this queue should hold a message for."""
        query = select(func.count()).where(
            ScanRow.state == State.QUEUED,
            ScanRow.queue == queue,
            ScanRow.enqueued_at.is_not(None),
        )
        with self._database.read() as session:
            return session.scalar(query) or 0

    def sent_before(
        self, queue: str, moment: datetime, now: datetime, limit: int
    ) -> tuple[Waiting, ...]:
        """Scans whose message was sent before `moment`, or after `now` by a clock since set back."""
        sent = or_(ScanRow.enqueued_at < moment, ScanRow.enqueued_at > now)
        return self._waiting(ScanRow.queue == queue, sent, limit=min(limit, BATCH))

    def claim_sending(self, scan: Waiting, now: datetime) -> bool:
        """Undertake to send the message; False when another process did so first."""
        return self._mark(scan.id, scan.enqueued_at, now)

    def not_sent(self, scan_id: str, claimed_at: datetime) -> bool:
        """The message could not be sent; the next round tries again."""
        return self._mark(scan_id, claimed_at, None)

    def due(self, now: datetime, most: int | None = None) -> int:
        """How many scans have a part past its retention, counted up to `most`."""
        return self._count(*_due(now), most=most)

    def late(self, moment: datetime) -> tuple[int, int]:
        """How many scans were due at `moment` already, and how many there are in all."""
        late = self._count(*_due(moment), ScanRow.due_at > ANEW)
        return late, self._count(ScanRow.state != State.EXPIRED)

    def prune(self, now: datetime) -> Pruned:
        """Begin the removal of what is past its retention, of a batch of scans."""
        due = select(ScanRow).where(*_due(now)).order_by(ScanRow.due_at).limit(BATCH)
        with self._database.write() as session:
            # Locked, so that a worker that finishes now does so before or finds its lease gone.
            rows = session.scalars(due.with_for_update(skip_locked=True)).all()
            removed = sum(self._keeping.settle(session, row, now) for row in rows)
        return Pruned(looked=len(rows), removed=removed)

    def without_scan(self, keys: Sequence[BlobKey]) -> set[BlobKey]:
        """Those of at most `BATCH` keys that no scan, no view of one and no upload refers to."""
        query = select(ScanRow.blob, ScanRow.preview).where(
            or_(ScanRow.blob.in_(keys), ScanRow.preview.in_(keys))
        )
        uploads = select(UploadRow.blob).where(UploadRow.blob.in_(keys))
        views = select(ViewRow.blob).where(ViewRow.blob.in_(keys))
        with self._database.read() as session:
            # Uploads first: what becomes a scan's in between is found there.
            used = {*session.scalars(uploads), *session.scalars(views)}
            used.update(key for row in session.execute(query) for key in row)
        return set(keys) - used

    def without_entry(self, scan_ids: Sequence[str]) -> set[str]:
        """Those of at most `BATCH` scans that may hold nothing in the index, or are deleted."""
        query = select(ScanRow.id).where(ScanRow.id.in_(scan_ids), ScanRow.indexed.is_(True))
        with self._database.read() as session:
            return set(scan_ids) - set(session.scalars(query))

    def beat(self, worker: str, queues: Sequence[str], pins: str | None, now: datetime) -> None:
        """Say that this worker lives, and what it would analyse with."""
        with self._database.write() as session:
            session.merge(WorkerRow(name=worker, queues=",".join(queues), pins=pins, seen_at=now))

    def reconciled(self, worker: str, now: datetime) -> None:
        """Say that this worker finished a round of the reconciler."""
        with self._database.write() as session:
            mine = update(WorkerRow).where(WorkerRow.name == worker)
            session.execute(mine.values(reconciled_at=now))

    def leave(self, worker: str) -> None:
        with self._database.write() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.name == worker))

    def forget_workers(self, seen_before: datetime) -> None:
        with self._database.write() as session:
            session.execute(delete(WorkerRow).where(WorkerRow.seen_at < seen_before))

    def workers(self, seen_since: datetime, now: datetime) -> tuple[WorkerSeen, ...]:
        """Those that said so since; what was seen after `now`, a clock since set back has seen."""
        lately = (WorkerRow.seen_at >= seen_since, WorkerRow.seen_at <= now + (now - seen_since))
        query = select(WorkerRow).where(*lately).order_by(WorkerRow.name)
        with self._database.read() as session:
            return tuple(
                WorkerSeen(
                    row.name,
                    tuple(row.queues.split(",")),
                    row.seen_at,
                    row.reconciled_at,
                    row.pins,
                )
                for row in session.scalars(query)
            )

    def _count(self, *conditions: ColumnElement[bool], most: int | None = None) -> int:
        found = select(ScanRow.id).where(*conditions).limit(most).subquery()
        with self._database.read() as session:
            return session.scalar(select(func.count()).select_from(found)) or 0

    def _waiting(self, *conditions: ColumnElement[bool], limit: int) -> tuple[Waiting, ...]:
        query = select(ScanRow.id, ScanRow.queue, ScanRow.enqueued_at).where(
            ScanRow.state == State.QUEUED, *conditions
        )
        with self._database.read() as session:
            rows = session.execute(query.order_by(ScanRow.id).limit(limit)).all()
        return tuple(Waiting(row.id, row.queue, row.enqueued_at) for row in rows)

    def _mark(self, scan_id: str, seen: datetime | None, value: datetime | None) -> bool:
        """Compare-and-set of `enqueued_at`."""
        with self._database.write() as session:
            statement = (
                update(ScanRow)
                .where(
                    ScanRow.id == scan_id,
                    ScanRow.state == State.QUEUED,
                    ScanRow.enqueued_at.is_not_distinct_from(seen),
                )
                .values(enqueued_at=value)
            )
            return bool(session.connection().execute(statement).rowcount)


def _due(now: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return ScanRow.due_at < now, ScanRow.state != State.EXPIRED
