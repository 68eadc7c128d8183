"""Every statement about reviews: they are added and never changed."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db import trail
from service.db.engine import Database
from service.db.lifecycle import Judgement, Review, Reviewed
from service.db.models import ReportRow
from service.db.review_tables import ReviewRow

BATCH: Final = 50
"""Reports held in memory at a time."""


class ReviewRows:
    """The reviews of every tenant in the database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        tenant: str,
        scan_id: str,
        *,
        judgement: Judgement,
        note: str,
        actor: str,
        now: datetime,
    ) -> Review:
        """Keep a judgement about a scan that is known to be this tenant's."""
        row = ReviewRow(
            tenant=tenant,
            scan_id=scan_id,
            judgement=judgement,
            note=note,
            actor=actor,
            created_at=now,
        )
        with self._database.write() as session:
            session.add(row)
            session.flush()
            trail.note(session, tenant, "scan.reviewed", f"scan:{scan_id}", judgement=judgement)
            return review_of(row)

    def page(
        self, tenant: str, scan_id: str, *, limit: int, before: int | None
    ) -> tuple[Review, ...]:
        """Those of one scan, the newest first, of those before one."""
        query = select(ReviewRow).where(ReviewRow.tenant == tenant, ReviewRow.scan_id == scan_id)
        if before is not None:
            query = query.where(ReviewRow.id < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(ReviewRow.id.desc()).limit(limit)).all()
            return tuple(map(review_of, rows))

    def reviewed(self, tenant: str) -> Iterator[Reviewed]:
        """Every scan with a review, by its latest one, the newest first; a batch at a time."""
        latest = select(func.max(ReviewRow.id)).where(ReviewRow.tenant == tenant)
        latest = latest.group_by(ReviewRow.scan_id)
        query = (
            select(ReviewRow, ReportRow.document)
            .join(ReportRow, ReportRow.scan_id == ReviewRow.scan_id)
            .where(ReviewRow.id.in_(latest))
            .order_by(ReviewRow.id.desc())
            .limit(BATCH)
        )
        before: int | None = None
        while True:
            wanted = query if before is None else query.where(ReviewRow.id < before)
            with self._database.read() as session:
                rows = session.execute(wanted).all()
            for row, document in rows:
                yield Reviewed(review=review_of(row), document=document)
            if len(rows) < BATCH:
                return
            before = rows[-1][0].id


def latest_of(session: Session, scan_ids: Sequence[str]) -> dict[str, Review]:
    """The latest review of each of these scans that has one."""
    latest = select(func.max(ReviewRow.id)).where(ReviewRow.scan_id.in_(scan_ids))
    query = select(ReviewRow).where(ReviewRow.id.in_(latest.group_by(ReviewRow.scan_id)))
    return {row.scan_id: review_of(row) for row in session.scalars(query)}


def review_of(row: ReviewRow) -> Review:
    return Review(
        id=row.id,
        scan_id=row.scan_id,
        judgement=row.judgement,
        note=row.note,
        actor=row.actor,
        created_at=row.created_at,
    )
