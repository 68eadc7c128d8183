"""Every statement that changes batches and their items; all changes of state are compare-and-set."""

import random
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    and_,
    case,
    delete,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.orm import Session

from service.db.batch_lifecycle import Batch, BatchState, Claimed, ItemState, NewItem
from service.db.batch_reading import AT_ONCE, batch_in
from service.db.batch_tables import BatchRow, ItemRow
from service.db.engine import Database
from service.db.lifecycle import Failure, State
from service.db.models import ScanRow
from service.db.outbox import announce_cancelled
from service.db.retention import Keeping
from service.db.scans import Also, alone
from service.db.trail import note

Finished = Callable[[Session, Batch], None]
"""Takes part in the one transaction that finishes a batch; what it raises puts that off."""

_OPEN = (ItemState.WAITING, ItemState.FETCHING)
_UNDER_WAY = (State.QUEUED, State.RUNNING)


class BatchRows:
    """Changes of batches. Methods for people ask for the tenant, those for workers do not."""

    def __init__(self, database: Database, keeping: Keeping) -> None:
        self._database = database
        self._keeping = keeping

    def add(
        self,
        new: Batch,
        items: Iterable[NewItem],
        receiving_until: datetime | None,
        also: Also = alone,
    ) -> None:
        """A batch, what is known of its items so far and what `also` writes, all or nothing."""
        row = BatchRow(
            id=new.id,
            tenant=new.tenant,
            sender=new.sender,
            state=new.state,
            total=new.total,
            created_at=new.created_at,
            receiving_until=receiving_until,
            expires_at=new.expires_at,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            add_items(session, new, items)
            also(session, new.id)
            note(session, new.tenant, "batch.accepted", f"batch:{new.id}")

    def extend(self, batch: Batch, item: NewItem, until: datetime) -> bool:
        """Add a line to a batch that is being received; False when it is gone or cancelled."""
        with self._database.write() as session:
            if not keep_receiving(session, batch.id, until):
                return False
            add_items(session, batch, (item,))
            return True

    def start(self, batch_id: str, total: int, also: Also = alone) -> None:
        """Everything was received; from here on the batch is a promise, with what `also` writes."""
        with self._database.write() as session:
            session.execute(
                update(BatchRow)
                .where(BatchRow.id == batch_id, BatchRow.state == BatchState.RECEIVING)
                .values(state=BatchState.RUNNING, total=total, receiving_until=None)
            )
            also(session, batch_id)

    def claim(
        self,
        *,
        token: str,
        worker: str,
        now: datetime,
        until: datetime,
        passing_over: Iterable[str] = (),
    ) -> Claimed | None:
        """Hold an item that waits, or was put off until now, of any batch that none of these sent.

        A long batch waits for none and holds up none.
        """
        free = or_(
            ItemRow.state == ItemState.WAITING,
            and_(
                ItemRow.state == ItemState.FETCHING,
                ItemRow.lease.is_(None),
                ItemRow.lease_until < now,
            ),
        )
        first = (
            select(ItemRow.batch_id, func.min(ItemRow.line).label("line"))
            .join(BatchRow, BatchRow.id == ItemRow.batch_id)
            .where(free, BatchRow.state == BatchState.RUNNING)
            .where(func.coalesce(BatchRow.sender, "").not_in(tuple(passing_over)))
            .group_by(ItemRow.batch_id)
        )
        with self._database.read() as session:
            found = session.execute(first).all()
        if not found:
            return None
        batch_id, line = random.choice(found)  # noqa: S311 (fairness, not secrecy)
        here = (ItemRow.batch_id == batch_id, ItemRow.line == line)
        values = (
            update(ItemRow)
            .where(*here, free)
            .values(
                state=ItemState.FETCHING,
                worker=worker,
                lease=token,
                lease_until=until,
                attempts=ItemRow.attempts + 1,
            )
        )
        with self._database.write() as session:
            if not session.connection().execute(values).rowcount:
                return None
            row = session.get_one(ItemRow, (batch_id, line))
            sender = session.scalar(select(BatchRow.sender).where(BatchRow.id == batch_id))
            return Claimed(
                batch_id=row.batch_id,
                line=row.line,
                token=token,
                tenant=row.tenant,
                sender=sender,
                profile=row.profile,
                url=row.url,
                upload_id=row.upload_id,
                reference=row.reference,
                labels=row.labels,
            )

    def fail(self, claimed: Claimed, failure: Failure) -> bool:
        with self._database.write() as session:
            return _changed(session, claimed, **_failed(failure))

    def put_off(self, claimed: Claimed, until: datetime) -> bool:
        """Nothing about the item was the reason: it is tried again then, as if it had not been."""
        with self._database.write() as session:
            return _changed(
                session, claimed, lease=None, lease_until=until, attempts=ItemRow.attempts - 1
            )

    def settle(self, batch_id: str, now: datetime, finished: Finished) -> bool:
        """Finish a batch of which nothing is under way; True for the one caller that did."""
        item = exists().where(ItemRow.batch_id == batch_id, ItemRow.state.in_(_OPEN))
        scan = exists().where(
            ItemRow.batch_id == batch_id,
            ScanRow.id == ItemRow.scan_id,
            ScanRow.state.in_(_UNDER_WAY),
        )
        done, cancelled = (
            literal(end, BatchRow.state.type) for end in (BatchState.DONE, BatchState.CANCELLED)
        )
        state = case((BatchRow.cancelled_at.is_(None), done), else_=cancelled)
        statement = (
            update(BatchRow)
            .where(BatchRow.id == batch_id, BatchRow.state == BatchState.RUNNING, ~item, ~scan)
            .values(state=state, finished_at=now)
        )
        with self._database.write() as session:
            if not session.connection().execute(statement).rowcount:
                return False
            row = session.get_one(BatchRow, batch_id)
            finished(session, batch_in(session, row))
            return True

    def cancel(
        self, tenant: str, batch_id: str, now: datetime, failure: Failure
    ) -> tuple[str, ...]:
        """Stop all that has not begun, and name the scans; those that run go on to their end."""
        mine = (BatchRow.id == batch_id, BatchRow.tenant == tenant)
        unfinished = BatchRow.state.in_((BatchState.RECEIVING, BatchState.RUNNING))
        scans = select(ItemRow.scan_id).where(ItemRow.batch_id == batch_id)
        with self._database.write() as session:
            statement = update(BatchRow).where(*mine, unfinished, BatchRow.cancelled_at.is_(None))
            if not session.connection().execute(statement.values(cancelled_at=now)).rowcount:
                return ()
            note(session, tenant, "batch.cancelled", f"batch:{batch_id}")
            session.execute(
                update(ItemRow)
                .where(ItemRow.batch_id == batch_id, ItemRow.state.in_(_OPEN))
                .values(state=ItemState.CANCELLED, lease=None, lease_until=None)
            )
            cancelled = session.scalars(
                update(ScanRow)
                .where(ScanRow.id.in_(scans), ScanRow.state == State.QUEUED)
                .values(
                    state=State.CANCELLED,
                    finished_at=now,
                    failure_code=failure.code,
                    failure_sentence=failure.sentence,
                )
                .returning(ScanRow.id)
                .execution_options(synchronize_session=False)
            ).all()
            announce_cancelled(session, tenant, cancelled, failure.code, now)
            for row in session.scalars(select(ScanRow).where(ScanRow.id.in_(cancelled))):
                note(session, tenant, "scan.cancelled", f"scan:{row.id}")
                self._keeping.settle(session, row, now)
            return tuple(cancelled)

    def delete(self, tenant: str, batch_id: str) -> None:
        with self._database.write() as session:
            session.execute(delete(BatchRow).where(BatchRow.id == batch_id))
            note(session, tenant, "batch.deleted", f"batch:{batch_id}")

    def abandoned(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """Tenant and id of batches whose request died before it had sent everything."""
        late = and_(BatchRow.state == BatchState.RECEIVING, BatchRow.receiving_until < now)
        with self._database.read() as session:
            rows = session.execute(select(BatchRow.tenant, BatchRow.id).where(late).limit(AT_ONCE))
            return tuple((row.tenant, row.id) for row in rows)

    def expire(self, now: datetime) -> int:
        """Delete what is past its retention, once all its scans are; how many batches.

        A batch whose scans went because retention is shorter by now goes with the last of them.
        """
        scan = and_(ItemRow.batch_id == BatchRow.id, ScanRow.id == ItemRow.scan_id)
        kept = exists().where(scan, ScanRow.state != State.EXPIRED)
        went = exists().where(scan, ScanRow.state == State.EXPIRED)
        statement = delete(BatchRow).where(
            BatchRow.finished_at.is_not(None), or_(BatchRow.expires_at < now, went), ~kept
        )
        with self._database.write() as session:
            return session.connection().execute(statement).rowcount


def add_items(
    session: Session, batch: Batch, items: Iterable[NewItem], scan_id: str | None = None
) -> None:
    """Inside a transaction: lines of a batch; with `scan_id`, one that has its scan already."""
    rows = [_item(batch, item, scan_id) for item in items]
    if rows:
        session.execute(insert(ItemRow), rows)


def keep_receiving(session: Session, batch_id: str, until: datetime) -> bool:
    """Inside a transaction: the request goes on. False when the batch is gone or cancelled."""
    mine = and_(
        BatchRow.id == batch_id,
        BatchRow.state == BatchState.RECEIVING,
        BatchRow.cancelled_at.is_(None),
    )
    statement = update(BatchRow).where(mine).values(receiving_until=until)
    return bool(session.connection().execute(statement).rowcount)


def scanned(session: Session, claimed: Claimed, scan_id: str) -> bool:
    """Inside the transaction that adds the scan; False when the item is no longer this holder's."""
    return _changed(
        session, claimed, state=ItemState.SCANNED, scan_id=scan_id, lease=None, lease_until=None
    )


def _item(batch: Batch, item: NewItem, scan_id: str | None) -> dict[str, Any]:
    state = ItemState.WAITING if scan_id is None else ItemState.SCANNED
    return {
        "batch_id": batch.id,
        "line": item.line,
        "tenant": batch.tenant,
        "state": state if item.failure is None else ItemState.FAILED,
        "profile": item.profile,
        "url": item.url,
        "upload_id": item.upload_id,
        "reference": item.reference,
        "labels": dict(item.labels) if item.labels is not None else None,
        "scan_id": scan_id,
        "failure_code": item.failure.code if item.failure else None,
        "failure_sentence": item.failure.sentence if item.failure else None,
        "attempts": 0,
    }


def _changed(session: Session, claimed: Claimed, **values: object) -> bool:
    held: ColumnElement[bool] = and_(
        ItemRow.batch_id == claimed.batch_id,
        ItemRow.line == claimed.line,
        ItemRow.state == ItemState.FETCHING,
        ItemRow.lease == claimed.token,
    )
    return bool(session.connection().execute(update(ItemRow).where(held).values(**values)).rowcount)


def _failed(failure: Failure) -> dict[str, object]:
    return {
        "state": ItemState.FAILED,
        "lease": None,
        "lease_until": None,
        "failure_code": failure.code,
        "failure_sentence": failure.sentence,
    }
