"""The receipt of a deletion: what was removed, when and why, signed so that it can be shown later."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from detectors.result import Closed

TYPE = "assay-receipt+jws"


class Because(StrEnum):
    """Why something was deleted."""

    REQUEST = "request"  # somebody asked for it
    RETENTION = "retention"  # it was kept as long as it was meant to be


class Item(StrEnum):
    """What can be kept of a scan."""

    FILE = "file"
    PREVIEW = "preview"
    VIEW = "view"  # a picture that was drawn because somebody looked closer
    REPORT = "report"
    REVIEW = "review"
    NOTE = "note"
    LINK = "link"
    INDEX_ENTRY = "index_entry"
    RECORD = "record"


class Removed(Closed):
    """One thing that is gone. The digest says which it was without giving it back."""

    item: Item
    sha256: str | None = None
    size: int | None = Field(default=None, ge=0)  # bytes
    count: int = Field(default=1, ge=1)


class Receipt(Closed):
    """Written once nothing of it is left in the store, the index and the database."""

    schema_version: Literal["1"] = "1"
    scan: str
    tenant: str
    asked_at: AwareDatetime
    removed_at: AwareDatetime
    actor: str  # who asked: `key:ID`, `account:ID`, `local`, or `service`
    because: Because
    removed: tuple[Removed, ...]


class SignedReceipt(Closed):
    """A receipt and the detached JWS (Ed25519) over its canonical JSON (RFC 8785)."""

    receipt: Receipt
    signature: str
