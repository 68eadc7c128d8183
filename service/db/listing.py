"""Lists of scans: which ones are wanted, and the statement that finds them, the newest first."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from detectors.base import Kind
from service.db.engine import Database
from service.db.lifecycle import Page, State, first_id
from service.db.models import LabelRow, ScanRow
from service.db.reading import scan_of
from service.db.reviews import latest_of
from service.reporting.decision import PolicyAction
from service.reporting.report import Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which scans a list is to hold; what is None does not matter."""

    state: State | None = None
    verdict: Verdict | None = None
    kind: Kind | None = None
    action: PolicyAction | None = None
    signer: str | None = None
    reference: str | None = None
    label: tuple[str, str] | None = None
    sha256: str | None = None
    created_from: datetime | None = None  # this moment included
    created_before: datetime | None = None


class ListRows:
    """Pages of the scans of a tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, tenant: str, *, limit: int, after: str | None, wanted: Wanted) -> Page:
        """At most `limit` scans that are older than the one called `after`."""
        query = select(ScanRow).where(ScanRow.tenant == tenant, *_conditions(tenant, wanted))
        if after is not None:
            query = query.where(ScanRow.id < after)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(ScanRow.id.desc()).limit(limit + 1)).all()
            reviews = latest_of(session, [row.id for row in rows])
        items = tuple(scan_of(row, reviews.get(row.id)) for row in rows[:limit])
        return Page(items, items[-1].id if len(rows) > limit else None)


def _conditions(tenant: str, wanted: Wanted) -> Iterator[ColumnElement[bool]]:
    equal: tuple[tuple[InstrumentedAttribute[Any], object], ...] = (
        (ScanRow.state, wanted.state),
        (ScanRow.verdict, wanted.verdict),
        (ScanRow.kind, wanted.kind),
        (ScanRow.action, wanted.action),
        (ScanRow.signer, wanted.signer),
        (ScanRow.reference, wanted.reference),
        (ScanRow.sha256, wanted.sha256),
    )
    yield from (column == value for column, value in equal if value is not None)
    if wanted.label is not None:
        name, text = wanted.label
        yield exists().where(
            LabelRow.tenant == tenant,
            LabelRow.name == name,
            LabelRow.value == text,
            LabelRow.scan_id == ScanRow.id,
        )
    # Ids begin with the millisecond of acceptance, so that their index finds a span of time.
    if wanted.created_from is not None:
        yield ScanRow.id >= first_id(wanted.created_from)
        yield ScanRow.created_at >= wanted.created_from
    if wanted.created_before is not None:
        yield ScanRow.id < first_id(wanted.created_before, later=1)
        yield ScanRow.created_at < wanted.created_before
