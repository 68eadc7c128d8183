"""The tables of tenants and of their API keys; of a key only a hash is kept."""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class TenantRow(Base):
    """Whoever owns scans. A limit of its own that is null is the installation's, 0 is none."""

    __tablename__ = "tenant"

    name: Mapped[str] = mapped_column(String(63), primary_key=True)
    created_at: Mapped[datetime]
    suspended_at: Mapped[datetime | None]
    requests_per_minute: Mapped[int | None] = mapped_column(Integer)
    upload_bytes_per_day: Mapped[int | None] = mapped_column(BigInteger)
    scans_in_flight: Mapped[int | None] = mapped_column(Integer)


class ApiKeyRow(Base):
    """A key that a program shows; never deleted, so that the log can always name it."""

    __tablename__ = "api_key"
    __table_args__ = (Index("api_key_of_tenant", "tenant", "created_at"),)

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63), ForeignKey("tenant.name"))
    name: Mapped[str] = mapped_column(String(127))
    hash: Mapped[str] = mapped_column(String(64))
    scopes: Mapped[str] = mapped_column(String(255))  # with spaces between them
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]  # to within a few minutes
    revoked_at: Mapped[datetime | None]
    replaced_by: Mapped[str | None] = mapped_column(String(16))
