"""Deletions: noted in the transaction that forgets a scan or a part, closed by a receipt."""

import hashlib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final

from sqlalchemy import ColumnElement, delete, func, or_, select
from sqlalchemy.orm import Session

from service.db.desk_tables import LinkRow, NoteRow
from service.db.engine import Database
from service.db.lifecycle import BlobKey, State
from service.db.models import ReportRow, ScanRow
from service.db.receipt_tables import DeletionRow
from service.db.retention_lifecycle import Part
from service.db.review_tables import ReviewRow
from service.db.trail import actor, note
from service.db.view_tables import ViewRow
from service.reporting.receipt import Because, Item, Receipt, Removed, SignedReceipt

_WRITTEN: Final[MappingProxyType[Item, type[ReviewRow] | type[NoteRow] | type[LinkRow]]] = (
    MappingProxyType({Item.REVIEW: ReviewRow, Item.NOTE: NoteRow, Item.LINK: LinkRow})
)
"""What people add to a report and what goes with it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What was forgotten of a scan and may still have bytes in the store."""

    id: int
    scan_id: str
    tenant: str
    at: datetime
    actor: str
    because: Because
    blobs: tuple[BlobKey, ...]
    indexed: bool
    removed: tuple[Removed, ...]


def begin(
    session: Session,
    row: ScanRow,
    because: Because,
    at: datetime,
    *,
    parts: Collection[Part] = frozenset(Part),
    whole: bool = True,
) -> None:
    """Note what is there of these parts of a scan, which this transaction forgets.

    `whole`: the scan itself goes with them. One that expired left its receipt before.
    """
    deed, named = ("deleted", None) if whole else ("reduced", ",".join(sorted(parts)))
    note(session, row.tenant, f"scan.{deed}.{because}", f"scan:{row.id}", parts=named)
    if row.state == State.EXPIRED:
        return
    blobs = [(Part.BYTES, row.blob), (Part.PREVIEWS, row.preview)]
    blobs += [(Part.PREVIEWS, view) for view in _views(session, row, parts)]
    deletion = DeletionRow(
        scan_id=row.id,
        tenant=row.tenant,
        at=at,
        actor=actor(),
        because=because,
        blobs=[key for part, key in blobs if part in parts and key is not None],
        indexed=Part.INDEX_ENTRIES in parts,
        removed=[item.model_dump(mode="json") for item in _there(session, row, parts, whole=whole)],
    )
    session.add(deletion)


def _there(
    session: Session, row: ScanRow, parts: Collection[Part], *, whole: bool
) -> Iterator[Removed]:
    if whole:
        yield Removed(item=Item.RECORD)
    if Part.BYTES in parts and row.blob is not None:
        yield Removed(item=Item.FILE, sha256=row.sha256, size=row.size)
    if Part.PREVIEWS in parts and row.preview is not None:
        yield Removed(item=Item.PREVIEW)
    if views := _views(session, row, parts):
        yield Removed(item=Item.VIEW, count=len(views))
    if Part.REPORTS not in parts:
        return
    report = session.get(ReportRow, row.id)
    if report is not None:
        digest = hashlib.sha256(report.document.encode()).hexdigest()
        yield Removed(item=Item.REPORT, sha256=digest)
    for item, table in _WRITTEN.items():
        written = select(func.count()).where(table.scan_id == row.id)
        if count := session.scalar(written):
            yield Removed(item=item, count=count)


def _views(session: Session, row: ScanRow, parts: Collection[Part]) -> list[str]:
    """Where the views of this file lie, comparisons with others among them."""
    if Part.PREVIEWS not in parts:
        return []
    query = select(ViewRow.blob).where(views_of(row.id), ViewRow.blob.is_not(None))
    return [blob for blob in session.scalars(query) if blob is not None]


def views_of(scan_id: str) -> ColumnElement[bool]:
    """The rows of views that show a scan's file, alone or beside another."""
    return or_(ViewRow.scan_id == scan_id, ViewRow.other == scan_id)


class DeletionRows:
    """Deletions in the database. Safe from any number of processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, limit: int) -> tuple[Deletion, ...]:
        """Those without a receipt, the oldest first."""
        query = select(DeletionRow).where(DeletionRow.signature.is_(None))
        with self._database.read() as session:
            rows = session.scalars(query.order_by(DeletionRow.at).limit(limit)).all()
        return tuple(_deletion(row) for row in rows)

    def open_of(self, scan_id: str) -> tuple[Deletion, ...]:
        """Those of one scan that have no receipt yet."""
        query = select(DeletionRow).where(
            DeletionRow.scan_id == scan_id, DeletionRow.signature.is_(None)
        )
        with self._database.read() as session:
            rows = session.scalars(query.order_by(DeletionRow.id)).all()
        return tuple(_deletion(row) for row in rows)

    def close(self, deletion: Deletion, receipt: Receipt, signature: str) -> None:
        """Keep the receipt; the first one stays."""
        with self._database.write() as session:
            row = session.get(DeletionRow, deletion.id, with_for_update=True)
            if row is None or row.signature is not None:
                return
            row.document, row.signature = receipt.model_dump_json(), signature
            row.blobs = []
        self._database.scrub()

    def drop(self, deletion: Deletion) -> None:
        """Forget a deletion that found nothing to delete."""
        with self._database.write() as session:
            session.execute(delete(DeletionRow).where(DeletionRow.id == deletion.id))

    def receipts(self, tenant: str, scan_id: str) -> tuple[SignedReceipt, ...]:
        """Those of one scan, the oldest first."""
        query = select(DeletionRow).where(
            DeletionRow.scan_id == scan_id, DeletionRow.tenant == tenant
        )
        with self._database.read() as session:
            rows = session.scalars(query.order_by(DeletionRow.id)).all()
        return tuple(
            SignedReceipt(
                receipt=Receipt.model_validate_json(row.document), signature=row.signature
            )
            for row in rows
            if row.document and row.signature
        )


def _deletion(row: DeletionRow) -> Deletion:
    return Deletion(
        id=row.id,
        scan_id=row.scan_id,
        tenant=row.tenant,
        at=row.at,
        actor=row.actor,
        because=Because(row.because),
        blobs=tuple(BlobKey(key) for key in row.blobs),
        indexed=row.indexed,
        removed=tuple(Removed.model_validate(item) for item in row.removed),
    )
