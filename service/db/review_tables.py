"""The table of reviews: what people came to about scans."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base
from service.db.lifecycle import Judgement


class ReviewRow(Base):
    """One judgement about one scan. The latest counts; rows are never changed."""

    __tablename__ = "review"
    __table_args__ = (
        Index("review_of_scan", "scan_id", "id"),
        Index("review_of_tenant", "tenant", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    scan_id: Mapped[str] = mapped_column(String(26), ForeignKey("scan.id", ondelete="CASCADE"))
    judgement: Mapped[Judgement]
    note: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(127))
    created_at: Mapped[datetime]
