"""Lines of batches whose worker died before there was a scan: noted with what ended it, and tried again.

The last attempt puts the line into quarantine: it has failed, and says of each attempt how it ended.
"""

from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select

from service.analysis.progress import Stage
from service.db.batch_lifecycle import ItemState
from service.db.batch_tables import ItemRow
from service.db.deaths import KEPT, Cause, Death, NotedDeath
from service.db.engine import Database
from service.db.quarantine import QUARANTINED
from service.db.trail import note

ATTEMPTS: Final = 3
"""A line of a batch is taken in as often, then it fails."""


class LineDeaths:
    """Safe from any number of processes: each end of an attempt is noted by one of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lapsed(self, now: datetime) -> int:
        """What dead workers held whose end nobody saw."""
        return self._end(ItemRow.lease_until < now, death=Death(Cause.VANISHED), now=now)

    def died(self, worker: str, death: Death, now: datetime) -> int:
        """What this worker held when it died; how many lines."""
        return self._end(ItemRow.worker == worker, death=death, now=now)

    def _end(self, which: ColumnElement[bool], *, death: Death, now: datetime) -> int:
        held = (ItemRow.state == ItemState.FETCHING, ItemRow.lease.is_not(None), which)
        with self._database.read() as session:
            if session.scalar(select(ItemRow.line).where(*held).limit(1)) is None:
                return 0
        query = select(ItemRow).where(*held).with_for_update(skip_locked=True)
        with self._database.write() as session:
            rows = session.scalars(query).all()
            for row in rows:
                if _end_one(row, death, now):
                    about = f"batch:{row.batch_id}"
                    told = {"line": row.line, "cause": death.cause.value}
                    note(session, row.tenant, "batch.line_quarantined", about, **told)
            return len(rows)


def _end_one(row: ItemRow, death: Death, now: datetime) -> bool:
    """Note how the attempt ended; whether it was the last."""
    noted = NotedDeath(
        death=death, at=now, attempt=row.attempts, stage=Stage.QUEUED, worker=row.worker or ""
    )
    row.deaths = [*(row.deaths or ()), noted.stored()][-KEPT:]
    row.lease = row.lease_until = row.worker = None
    if row.attempts < ATTEMPTS:
        row.state = ItemState.WAITING
        return False
    row.state = ItemState.FAILED
    row.failure_code = QUARANTINED
    row.failure_sentence = (
        f"Every worker that tried to take this in died, {row.attempts} of them. "
        f"At last {death.sentence}."
    )
    return True
