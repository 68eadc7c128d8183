"""The table of resumable uploads: how far each is, and what became of it."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from service.db.base import Base, closed
from service.db.lifecycle import UploadState


class UploadRow(Base):
    """One file on its way in. `received` bytes are durable; what lies beyond them is void."""

    __tablename__ = "upload"
    __table_args__ = (
        Index("upload_of_tenant", "tenant", "id"),
        Index("upload_expiry", "expires_at"),
        Index("upload_blob", "blob"),
    )

    id: Mapped[str] = mapped_column(String(26), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(63))
    state: Mapped[UploadState] = mapped_column(closed(UploadState))
    name: Mapped[str] = mapped_column(String(255))
    size: Mapped[int | None] = mapped_column(BigInteger)  # null: not announced yet
    received: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str | None] = mapped_column(String(64))  # announced, then found
    blob: Mapped[str] = mapped_column(String(127))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # what the blob is sealed with
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    failure_code: Mapped[str | None] = mapped_column(String(64))
    failure_sentence: Mapped[str | None] = mapped_column(Text)
    scan_id: Mapped[str | None] = mapped_column(String(26))
