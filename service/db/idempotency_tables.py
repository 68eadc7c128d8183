"""The table of idempotency keys: which request of a client became which scan or batch."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class IdempotencyRow(Base):
    """A key a client sent. `made` is null while the request that claimed it is under way.

    It outlives what was made: a late repetition must not bring back what was deleted.
    """

    __tablename__ = "idempotency_key"
    __table_args__ = (Index("idempotency_expiry", "expires_at"),)

    tenant: Mapped[str] = mapped_column(String(63), primary_key=True)
    key: Mapped[str] = mapped_column(String(255), primary_key=True)
    token: Mapped[str] = mapped_column(String(32))
    claimed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    made: Mapped[str | None] = mapped_column("scan_id", String(26))  # a scan or a batch
