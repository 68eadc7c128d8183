"""The table of daily checks: one row for each, written by whichever worker makes it."""

from datetime import datetime

from sqlalchemy import JSON, Float, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class CheckRow(Base):
    """A check of the whole installation and what it found when it was last made."""

    __tablename__ = "daily_check"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))  # whose name it goes by; it is about all
    begun_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]  # of the last one that came to an end
    seconds: Mapped[float | None] = mapped_column(Float)
    fine: Mapped[bool | None]
    figures: Mapped[dict[str, float]] = mapped_column(JSON)
