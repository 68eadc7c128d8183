"""The tables of batches: one row for each, and one for each of its lines."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, closed
from service.db.batch_lifecycle import BatchState, ItemState
from service.reporting.report import Profile


class BatchRow(Base):
    """Files and addresses that were sent together; finished once, when none is under way."""

    __tablename__ = "batch"
    __table_args__ = (
        Index("batch_of_tenant", "tenant", "id"),
        Index("batch_state", "state"),
        Index("batch_expiry", "expires_at"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    state: Mapped[BatchState] = mapped_column(closed(BatchState))
    sender: Mapped[str | None] = mapped_column(String(127))  # whose limits its lines count for
    total: Mapped[int] = mapped_column(Integer)
    created_at: Mapped[datetime]
    receiving_until: Mapped[datetime | None]  # its request died if nothing moves this on
    cancelled_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]


class ItemRow(Base):
    """One line of a batch. What becomes of it once it has a scan is in the scan's row."""

    __tablename__ = "batch_item"
    __table_args__ = (
        Index("batch_item_state", "state", "batch_id", "line"),
        Index("batch_item_scan", "scan_id"),
    )

    batch_id: Mapped[str] = mapped_column(
        String(26), ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True
    )
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tenant: Mapped[str] = mapped_column(String(63))
    state: Mapped[ItemState] = mapped_column(closed(ItemState))
    profile: Mapped[Profile]
    url: Mapped[str | None] = mapped_column(Text)
    upload_id: Mapped[str | None] = mapped_column(String(26))
    reference: Mapped[str | None] = mapped_column(String(255))
    labels: Mapped[dict[str, str] | None] = mapped_column(JSON(none_as_null=True))
    scan_id: Mapped[str | None] = mapped_column(String(26))  # stays when the scan is deleted
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_sentence: Mapped[str | None] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(Integer)
    worker: Mapped[str | None] = mapped_column(String(127))  # the process that takes it in
    lease: Mapped[str | None] = mapped_column(String(32))
    lease_until: Mapped[datetime | None]
    deaths: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSON(none_as_null=True)
    )  # how attempts ended before there was a scan, as `deaths.NotedDeath.stored`
