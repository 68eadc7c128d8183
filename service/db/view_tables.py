"""The table of views: pictures that help a person look at a file, drawn when somebody asks for one."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class ViewRow(Base):
    """One view of a scan's file: asked for, then drawn or refused. It goes with the scan."""

    __tablename__ = "scan_view"
    __table_args__ = (
        Index("view_of_scan", "scan_id", "name", unique=True),
        Index("view_of_other", "other"),
        Index("view_blob", "blob"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    scan_id: Mapped[str] = mapped_column(String(26), ForeignKey("scan.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(63))
    other: Mapped[str | None] = mapped_column(
        String(26), ForeignKey("scan.id", ondelete="CASCADE")
    )  # the scan that it is compared with
    asked_at: Mapped[datetime]
    rung_at: Mapped[datetime]  # when a worker was last woken for it
    taken_at: Mapped[datetime | None]  # a worker draws it since
    blob: Mapped[str | None] = mapped_column(String(127))
    media_type: Mapped[str | None] = mapped_column(String(63))
    sentences: Mapped[list[str]] = mapped_column(JSON, default=list)  # what it shows, in words
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_sentence: Mapped[str | None] = mapped_column(Text)
