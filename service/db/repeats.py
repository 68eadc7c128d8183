"""The statement that finds scans whose analysis a new one may repeat."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import select

from service.db.engine import Database
from service.db.entries import NewScan
from service.db.lifecycle import BlobKey, State
from service.db.models import ReportRow, ScanRow

REPEATABLE: Final = 8  # names seldom differ in what they tell, so one of the first will do


@dataclass(frozen=True, slots=True)
class Done:
    """A finished scan as far as another one can repeat it."""

    id: str
    document: str  # the report
    preview: BlobKey | None


class RepeatRows:
    """Finished scans of the same content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def done_with(self, new: NewScan, pins: str, since: datetime | None) -> tuple[Done, ...]:
        """Scans of the tenant that analysed the bytes of a new one with `pins`, the latest first."""
        query = (
            select(ScanRow, ReportRow.document)
            .join(ReportRow, ReportRow.scan_id == ScanRow.id)
            .where(
                ScanRow.tenant == new.tenant,
                ScanRow.sha256 == new.sha256,
                ScanRow.profile == new.profile,
                ScanRow.pins == pins,
                ScanRow.state == State.DONE,
            )
        )
        if since is not None:
            query = query.where(ScanRow.finished_at >= since)
        with self._database.read() as session:
            rows = session.execute(query.order_by(ScanRow.id.desc()).limit(REPEATABLE)).all()
        return tuple(
            Done(
                row.id,
                document,
                BlobKey(row.preview) if row.preview is not None else None,
            )
            for row, document in rows
            if tuple(row.parts or ()) == new.parts
        )
