"""The table of what each tenant says about how long its scans are kept."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base


class RetentionRow(Base):
    """A tenant's own word, as `30d` or `forever`; null: as everywhere else."""

    __tablename__ = "retention"

    tenant: Mapped[str] = mapped_column(String(63), ForeignKey("tenant.name"), primary_key=True)
    bytes: Mapped[str | None] = mapped_column(String(16))
    previews: Mapped[str | None] = mapped_column(String(16))
    reports: Mapped[str | None] = mapped_column(String(16))
    index_entries: Mapped[str | None] = mapped_column(String(16))
    zero: Mapped[bool]
