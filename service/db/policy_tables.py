"""The tables of policies, every version of which is kept."""

from datetime import datetime

from sqlalchemy import Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class PolicyRow(Base):
    """One version of a tenant's policy, or the end of it; the newest is in force. Rows are never changed."""

    __tablename__ = "policy"

    tenant: Mapped[str] = mapped_column(String(63), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    name: Mapped[str] = mapped_column(String(63))
    digest: Mapped[str] = mapped_column(String(64))
    document: Mapped[str] = mapped_column(Text)
    actor: Mapped[str] = mapped_column(String(127))
    created_at: Mapped[datetime]
