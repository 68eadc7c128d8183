"""Retention in the database: what each tenant says, and removing the parts of a scan that are due."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from service.db import receipts
from service.db.desk_tables import LinkRow, NoteRow
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.models import LabelRow, ReportRow, ScanRow
from service.db.retention_lifecycle import (
    AT_THE_END,
    OwnRetention,
    Part,
    Retention,
    in_words,
    kept_for,
    same_for_all,
)
from service.db.retention_tables import RetentionRow
from service.db.review_tables import ReviewRow
from service.db.trail import note
from service.db.view_tables import ViewRow
from service.reporting.receipt import Because

ANEW: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Due since then: not late, but to be looked at because a tenant changed its mind."""

UNENDED: Final = frozenset({State.QUEUED, State.RUNNING})


class RetentionRows:
    """What tenants say about retention."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def own(self, tenant: str) -> OwnRetention:
        with self._database.read() as session:
            return _own(session, tenant)

    def zero(self, tenant: str) -> bool:
        """Whether nothing of this tenant may lie on a disk as it came.

        What another process changed may be noticed a second later.
        """
        return self.recent(tenant).zero

    def recent(self, tenant: str) -> OwnRetention:
        """As `own`, where what another process changed may be noticed a second later."""
        known = self._database.recent.of((RetentionRow, tenant), lambda: self.own(tenant))
        return known or OwnRetention()

    def put(self, tenant: str, own: OwnRetention) -> None:
        """Say something else from now on; the reconciler looks at every scan of the tenant again."""
        words = {part.value: in_words(keep) for part, keep in own.parts.items()}
        with self._database.write() as session:
            session.merge(
                RetentionRow(
                    tenant=tenant,
                    zero=own.zero,
                    **{part.value: words.get(part.value) for part in Part},
                )
            )
            note(session, tenant, "tenant.retention", f"tenant:{tenant}", zero=own.zero, **words)
            mine = (ScanRow.tenant == tenant, ScanRow.state != State.EXPIRED)
            session.execute(update(ScanRow).where(*mine).values(due_at=ANEW))
        self._database.recent.forget()


@dataclass(frozen=True, slots=True)
class Keeping:
    """For how long what is kept; `usual` is for tenants that say nothing themselves."""

    usual: Retention = same_for_all(None)  # noqa: RUF009 (frozen)

    def settle(self, session: Session, row: ScanRow, now: datetime) -> bool:
        """Begin the removal of what is due of a scan and note when the next part is; was any?

        While a scan waits or runs nothing goes before all of it is due.
        """
        keep = self._of_scan(session, row)
        ends = {part: _end(row, part, keep) for part in _kept(session, row)}
        due = {part for part, end in ends.items() if _is_due(end, now, keep.of(part))}
        left = [end for part, end in ends.items() if part not in due]
        ended = row.state not in UNENDED
        if due and (ended or not left):
            _remove(session, row, due, now, whole=not left)
            if not left:
                return True
        else:
            due, left = set(), list(ends.values())
        moments = [end for end in left if end is not None]
        row.expires_at = max(moments) if len(moments) == len(left) else None
        row.due_at = min(moments, default=None) if ended else row.expires_at
        return bool(due)

    def outliving(self, session: Session, row: ScanRow) -> frozenset[Part]:
        """The parts of a scan that may stay when it ends."""
        keep = self._of_scan(session, row)
        return frozenset(part for part in Part if keep.of(part) != AT_THE_END)

    def _of_scan(self, session: Session, row: ScanRow) -> Retention:
        return self.in_force(_own(session, row.tenant), sealed=row.secret is not None)

    def in_force(self, own: OwnRetention, *, sealed: bool) -> Retention:
        """Whoever sent a file under zero retention was promised it, whatever is in force now."""
        keep = self.usual.over(own)
        return replace(keep, zero=True) if sealed else keep


def until(keep: Retention, arrived_at: datetime) -> datetime | None:
    """When all of a scan is due that waits; None: never by itself."""
    lasts = [keep.of(part) for part in (Part.BYTES, Part.REPORTS)]
    known = [last for last in lasts if last is not None]
    return arrived_at + max(known) if len(known) == len(lasts) else None


def _own(session: Session, tenant: str) -> OwnRetention:
    row = session.get(RetentionRow, tenant)
    if row is None:
        return OwnRetention()
    said = {part: getattr(row, part.value) for part in Part}
    parts = {part: kept_for(text) for part, text in said.items() if text is not None}
    return OwnRetention(parts=parts, zero=row.zero)


def _kept(session: Session, row: ScanRow) -> Iterable[Part]:
    views = select(ViewRow.id).where(receipts.views_of(row.id)).limit(1)
    there = {
        Part.BYTES: row.blob is not None,
        Part.PREVIEWS: row.preview is not None or session.scalar(views) is not None,
        Part.REPORTS: Part.REPORTS not in row.gone,
        Part.INDEX_ENTRIES: row.indexed,
    }
    return (part for part, is_there in there.items() if is_there)


def _end(row: ScanRow, part: Part, keep: Retention) -> datetime | None:
    lasts = keep.of(part)
    return None if lasts is None else row.created_at + lasts


def _is_due(end: datetime | None, now: datetime, keep: timedelta | None) -> bool:
    """What goes with the end of the scan does not wait for a clock that was set back."""
    return keep == AT_THE_END or (end is not None and end < now)


def _remove(
    session: Session, row: ScanRow, parts: set[Part], now: datetime, *, whole: bool
) -> None:
    session.flush()
    receipts.begin(session, row, Because.RETENTION, now, parts=parts, whole=whole)
    row.gone = sorted({*row.gone, *parts})
    if Part.BYTES in parts:
        row.blob = row.secret = None
    if Part.PREVIEWS in parts:
        row.preview = None
        session.execute(delete(ViewRow).where(receipts.views_of(row.id)))
    if Part.INDEX_ENTRIES in parts:
        row.indexed = False
    if Part.REPORTS in parts:
        row.verdict = row.action = row.signer = row.pins = None
        _delete_of(session, row, ReportRow, ReviewRow, NoteRow, LinkRow)
    if whole:
        row.state, row.name, row.note = State.EXPIRED, "", ""
        row.lease = row.lease_until = row.due_at = None
        row.failure_code = row.failure_sentence = row.reference = row.assignee = None
        row.deaths = row.quarantined_at = None
        _delete_of(session, row, LabelRow)


_OfScan = ReportRow | ReviewRow | NoteRow | LinkRow | LabelRow


def _delete_of(session: Session, row: ScanRow, *tables: type[_OfScan]) -> None:
    for table in tables:
        session.execute(delete(table).where(table.scan_id == row.id))
