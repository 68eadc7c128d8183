"""The table of deletions: what was there, and the signed receipt once all of it is gone."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class DeletionRow(Base):
    """A scan, or parts of one, to be forgotten. Without a receipt some of it may still lie about."""

    __tablename__ = "deletion"
    __table_args__ = (
        Index("deletion_open", "signature", "at"),
        Index("deletion_of_scan", "scan_id", "id"),
    )

    id: Mapped[int] = mapped_column(
        BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True
    )
    scan_id: Mapped[str] = mapped_column(String(26))
    tenant: Mapped[str] = mapped_column(String(63))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(127))
    because: Mapped[str] = mapped_column(String(32))
    blobs: Mapped[list[str]] = mapped_column(JSON)  # keys in the store; empty once they are gone
    indexed: Mapped[bool]  # what the scan holds in the index goes too
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    document: Mapped[str | None] = mapped_column(Text)
    signature: Mapped[str | None] = mapped_column(Text)
