"""Statements about who looks after a scan, and who did what with it of late."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from service.db import trail
from service.db.engine import Database
from service.db.models import ScanRow
from service.db.trail_tables import TrailRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """A line of the audit log about a scan; `detail` names no person but by an id."""

    at: datetime
    actor: str
    deed: str
    detail: dict[str, Any]


class TeamRows:
    """What a team does with scans, of every tenant in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def assign(self, tenant: str, scan_id: str, assignee: str | None) -> None:
        """Leave a scan to somebody, or to nobody; to the same as before changes nothing."""
        other = ScanRow.assignee.is_distinct_from(assignee)
        this = update(ScanRow).where(ScanRow.id == scan_id, ScanRow.tenant == tenant, other)
        with self._database.write() as session:
            if session.connection().execute(this.values(assignee=assignee)).rowcount:
                trail.note(session, tenant, "scan.assigned", f"scan:{scan_id}", to=assignee)

    def looked(self, tenant: str, scan_id: str, deed: str, actor: str, *, since: datetime) -> None:
        """Note that somebody looked, unless the log says that they did since then."""
        mine = (TrailRow.tenant == tenant, TrailRow.object == f"scan:{scan_id}")
        again = select(TrailRow.id).where(
            *mine, TrailRow.deed == deed, TrailRow.actor == actor, TrailRow.at > since
        )
        with self._database.read() as session:
            if session.scalar(again.limit(1)) is not None:
                return
        with self._database.write() as session, trail.acting(actor):
            trail.note(session, tenant, deed, f"scan:{scan_id}")

    def deeds(
        self, tenant: str, scan_id: str, deeds: Collection[str], *, limit: int
    ) -> tuple[Deed, ...]:
        """What was done with a scan, of these deeds, the newest first."""
        query = select(TrailRow).where(
            TrailRow.tenant == tenant,
            TrailRow.object == f"scan:{scan_id}",
            TrailRow.deed.in_(deeds),
        )
        with self._database.read() as session:
            rows = session.scalars(query.order_by(TrailRow.id.desc()).limit(limit)).all()
        return tuple(
            Deed(at=row.at, actor=row.actor, deed=row.deed, detail=row.detail) for row in rows
        )
