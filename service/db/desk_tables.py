"""The tables of working together: notes about scans, and links that show one report to others."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class NoteRow(Base):
    """What somebody wrote about a scan. It may be changed; its version says which text that was."""

    __tablename__ = "note"
    __table_args__ = (
        Index("note_of_scan", "scan_id", "id"),
        Index("note_of_tenant", "tenant", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    scan_id: Mapped[str] = mapped_column(String(26), ForeignKey("scan.id", ondelete="CASCADE"))
    text: Mapped[str] = mapped_column(Text)
    version: Mapped[int] = mapped_column(Integer)  # from 1
    actor: Mapped[str] = mapped_column(String(127))
    created_at: Mapped[datetime]
    changed_by: Mapped[str | None] = mapped_column(String(127))
    changed_at: Mapped[datetime | None]


class LinkRow(Base):
    """A link that shows the report of one scan to whoever holds its secret, of which this is a hash."""

    __tablename__ = "share_link"
    __table_args__ = (Index("share_link_of_scan", "scan_id", "created_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    scan_id: Mapped[str] = mapped_column(String(26), ForeignKey("scan.id", ondelete="CASCADE"))
    secret: Mapped[str] = mapped_column(String(64), unique=True)  # SHA-256 of it
    actor: Mapped[str] = mapped_column(String(127))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    author_and_place: Mapped[bool] = mapped_column(Boolean)  # shown, where the file states them
