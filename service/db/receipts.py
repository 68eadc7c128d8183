"""Deletions: noted in the transaction that forgets a scan, closed by a receipt when all is gone."""

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service.db.engine import Database
from service.db.lifecycle import BlobKey
from service.db.models import ReportRow, ScanRow
from service.db.receipt_tables import DeletionRow
from service.db.review_tables import ReviewRow
from service.db.trail import actor, note
from service.reporting.receipt import Because, Item, Receipt, Removed, SignedReceipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """A scan that was forgotten and may still have bytes in the store."""

    scan_id: str
    tenant: str
    at: datetime
    actor: str
    because: Because
    blobs: tuple[BlobKey, ...]
    removed: tuple[Removed, ...]


def begin(session: Session, row: ScanRow, because: Because, at: datetime) -> None:
    """Note what is there of a scan that this transaction forgets."""
    note(session, row.tenant, f"scan.deleted.{because}", f"scan:{row.id}")
    if session.get(DeletionRow, row.id) is not None:  # expired before; that receipt stands
        return
    report = session.get(ReportRow, row.id)
    there = [Removed(item=Item.RECORD)]
    if row.blob is not None:
        there.append(Removed(item=Item.FILE, sha256=row.sha256, size=row.size))
    if row.preview is not None:
        there.append(Removed(item=Item.PREVIEW))
    if report is not None:
        digest = hashlib.sha256(report.document.encode()).hexdigest()
        there.append(Removed(item=Item.REPORT, sha256=digest))
    reviews = select(func.count()).where(ReviewRow.scan_id == row.id)
    if count := session.scalar(reviews):
        there.append(Removed(item=Item.REVIEW, count=count))
    deletion = DeletionRow(
        scan_id=row.id,
        tenant=row.tenant,
        at=at,
        actor=actor(),
        because=because,
        blobs=[key for key in (row.blob, row.preview) if key is not None],
        removed=[item.model_dump(mode="json") for item in there],
    )
    session.add(deletion)


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

    def get_open(self, scan_id: str) -> Deletion | None:
        """This one, unless it has its receipt."""
        with self._database.read() as session:
            row = session.get(DeletionRow, scan_id)
            return _deletion(row) if row is not None and row.signature is None else None

    def close(self, receipt: Receipt, signature: str) -> None:
        """Keep the receipt; the first one stays."""
        with self._database.write() as session:
            row = session.get(DeletionRow, receipt.scan, with_for_update=True)
            if row is None or row.signature is not None:
                return
            row.document, row.signature = receipt.model_dump_json(), signature
            row.blobs = []
        self._database.scrub()

    def receipt(self, tenant: str, scan_id: str) -> SignedReceipt | None:
        with self._database.read() as session:
            row = session.get(DeletionRow, scan_id)
            if row is None or row.tenant != tenant or not row.document or not row.signature:
                return None
            receipt = Receipt.model_validate_json(row.document)
            return SignedReceipt(receipt=receipt, signature=row.signature)


def _deletion(row: DeletionRow) -> Deletion:
    return Deletion(
        scan_id=row.scan_id,
        tenant=row.tenant,
        at=row.at,
        actor=row.actor,
        because=Because(row.because),
        blobs=tuple(BlobKey(key) for key in row.blobs),
        removed=tuple(Removed.model_validate(item) for item in row.removed),
    )
