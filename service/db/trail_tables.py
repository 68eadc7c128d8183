"""The tables of the audit log: its lines, the end of each tenant's chain, and signed checkpoints."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base

_COUNTING = BigInteger().with_variant(Integer, "sqlite")


class TrailRow(Base):
    """One deed. Written with it in one transaction, and put into the chain soon after."""

    __tablename__ = "trail"
    __table_args__ = (
        UniqueConstraint("tenant", "line", name="trail_line"),
        Index("trail_object", "tenant", "object"),
        Index("trail_loose", "line", "tenant"),
    )

    id: Mapped[int] = mapped_column(_COUNTING, primary_key=True, autoincrement=True)
    tenant: Mapped[str] = mapped_column(String(63))
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(127))
    deed: Mapped[str] = mapped_column(String(63))
    object: Mapped[str] = mapped_column(String(127))
    detail: Mapped[dict[str, Any]] = mapped_column(JSON)
    line: Mapped[int | None] = mapped_column(BigInteger)  # from 1; null: not in the chain yet
    digest: Mapped[str | None] = mapped_column(String(64))


class TrailEndRow(Base):
    """Where a tenant's chain ends; whoever holds this row may go on with it."""

    __tablename__ = "trail_end"

    tenant: Mapped[str] = mapped_column(String(63), primary_key=True)
    line: Mapped[int] = mapped_column(BigInteger)
    digest: Mapped[str] = mapped_column(String(64))


class CheckpointRow(Base):
    """What the end of a chain was on a day, signed; kept elsewhere too it outlives this database."""

    __tablename__ = "trail_checkpoint"

    tenant: Mapped[str] = mapped_column(String(63), primary_key=True)
    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    document: Mapped[str] = mapped_column(Text)
    signature: Mapped[str] = mapped_column(Text)
