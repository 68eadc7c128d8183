"""Every statement that reads batches, their lines and how far they are."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.batch_lifecycle import (
    Batch,
    BatchPage,
    BatchState,
    ItemState,
    NewItem,
    Outcome,
    Result,
)
from service.db.batch_tables import BatchRow, ItemRow
from service.db.deaths import NotedDeath
from service.db.engine import Database
from service.db.lifecycle import Failure, State
from service.db.models import ScanRow
from service.reporting.report import Verdict

AT_ONCE: Final = 200
"""Results read at a time, and batches looked at in one round."""


class BatchViews:
    """Batches as people and workers read them. Methods for people ask for the tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, tenant: str, batch_id: str) -> Batch | None:
        """A batch with the counts of its lines."""
        with self._database.read() as session:
            row = session.get(BatchRow, batch_id)
            if row is None or row.tenant != tenant:
                return None
            return batch_in(session, row)

    def page(self, tenant: str, *, limit: int, before: str | None) -> BatchPage:
        query = select(BatchRow).where(BatchRow.tenant == tenant)
        if before is not None:
            query = query.where(BatchRow.id < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(BatchRow.id.desc()).limit(limit + 1)).all()
            items = _batches(session, rows[:limit])
        return BatchPage(items, items[-1].id if len(rows) > limit else None)

    def results(self, batch_id: str, after: int) -> tuple[Result, ...]:
        """What became of the next lines behind `after`, at most `AT_ONCE`."""
        query = (
            select(
                ItemRow,
                ScanRow.state,
                ScanRow.verdict,
                ScanRow.failure_code,
                ScanRow.failure_sentence,
                ScanRow.deaths,
            )
            .outerjoin(ScanRow, ScanRow.id == ItemRow.scan_id)
            .where(ItemRow.batch_id == batch_id, ItemRow.line > after)
            .order_by(ItemRow.line)
            .limit(AT_ONCE)
        )
        with self._database.read() as session:
            return tuple(_result(*row) for row in session.execute(query))

    def wrong(self, batch_id: str) -> tuple[NewItem, ...]:
        """The lines that were refused when the batch was sent: nobody ever tried them."""
        query = select(ItemRow).where(
            ItemRow.batch_id == batch_id,
            ItemRow.state == ItemState.FAILED,
            ItemRow.attempts == 0,
        )
        with self._database.read() as session:
            return tuple(_wrong(row) for row in session.scalars(query.order_by(ItemRow.line)))

    def marks(self, batch_ids: tuple[str, ...]) -> dict[str, str]:
        """The mark of each of these batches that is there, whoever's they are."""
        with self._database.read() as session:
            rows = session.scalars(select(BatchRow).where(BatchRow.id.in_(batch_ids)))
            return {batch.id: batch.mark for batch in _batches(session, rows.all())}

    def running(self) -> tuple[str, ...]:
        query = select(BatchRow.id).where(BatchRow.state == BatchState.RUNNING)
        with self._database.read() as session:
            return tuple(session.scalars(query.order_by(BatchRow.id).limit(AT_ONCE)))

    def batch_of(self, scan_id: str) -> str | None:
        """The batch that a scan was made for."""
        with self._database.read() as session:
            return session.scalar(select(ItemRow.batch_id).where(ItemRow.scan_id == scan_id))

    def scans(self, batch_id: str) -> tuple[str, ...]:
        query = select(ItemRow.scan_id).where(
            ItemRow.batch_id == batch_id, ItemRow.scan_id.is_not(None)
        )
        with self._database.read() as session:
            return tuple(scan for scan in session.scalars(query) if scan is not None)


def batch_in(session: Session, row: BatchRow) -> Batch:
    """Inside a transaction: a row with the counts of its lines."""
    (batch,) = _batches(session, [row])
    return batch


def _batches(session: Session, rows: Sequence[BatchRow]) -> tuple[Batch, ...]:
    query = (
        select(ItemRow.batch_id, ItemRow.state, ScanRow.state, ScanRow.verdict, func.count())
        .outerjoin(ScanRow, ScanRow.id == ItemRow.scan_id)
        .where(ItemRow.batch_id.in_([row.id for row in rows]))
        .group_by(ItemRow.batch_id, ItemRow.state, ScanRow.state, ScanRow.verdict)
    )
    outcomes: dict[str, Counter[Outcome]] = defaultdict(Counter)
    verdicts: dict[str, Counter[Verdict]] = defaultdict(Counter)
    for batch_id, item, scan, verdict, count in session.execute(query):
        outcomes[batch_id][_outcome(item, scan)] += count
        if verdict is not None:
            verdicts[batch_id][verdict] += count
    return tuple(_batch(row, dict(outcomes[row.id]), dict(verdicts[row.id])) for row in rows)


def _outcome(item: ItemState, scan: State | None) -> Outcome:
    if item is not ItemState.SCANNED:
        return Outcome(item)
    return Outcome(scan) if scan is not None else Outcome.DELETED


def _batch(row: BatchRow, outcomes: dict[Outcome, int], verdicts: dict[Verdict, int]) -> Batch:
    return Batch(
        id=row.id,
        tenant=row.tenant,
        sender=row.sender,
        state=row.state,
        total=row.total,
        created_at=row.created_at,
        cancelled_at=row.cancelled_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        outcomes=outcomes,
        verdicts=verdicts,
    )


def _wrong(row: ItemRow) -> NewItem:
    return NewItem(
        line=row.line,
        profile=row.profile,
        reference=row.reference,
        failure=Failure(row.failure_code or "", row.failure_sentence or ""),
    )


def _result(
    item: ItemRow,
    state: State | None,
    verdict: Verdict | None,
    code: str | None,
    sentence: str | None,
    deaths: list[dict[str, Any]] | None,
) -> Result:
    code, sentence = item.failure_code or code, item.failure_sentence or sentence
    return Result(
        line=item.line,
        reference=item.reference,
        labels=item.labels,
        url=item.url,
        scan_id=item.scan_id,
        outcome=_outcome(item.state, state),
        verdict=verdict,
        failure=Failure(code, sentence or "") if code is not None else None,
        deaths=tuple(NotedDeath.read(stored) for stored in (*(item.deaths or ()), *(deaths or ()))),
    )
