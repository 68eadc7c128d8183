"""How long a tenant's scans are kept, and the receipts of what was deleted."""

from typing import Annotated, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.access.principal import Scope
from service.api.access import TheScans, needs
from service.api.problems import documented
from service.api.scans import ScanId
from service.db.retention_lifecycle import OwnRetention, Part, Retention, in_words
from service.errors import DatabaseUnavailable, InvalidRequest, ScanNotFound
from service.reporting.receipt import SignedReceipt
from service.scans.retention import TenantRetention, parts_in

router = APIRouter(prefix="/v1", tags=["retention"])

_SAYS = "as `30d`, `12h`, `45m` or `forever`, from the arrival of the file on"

Said = Annotated[str, Field(max_length=16, examples=["30d"], description=_SAYS.capitalize())]
Own = Annotated[
    str | None,
    Field(max_length=16, examples=["7d"], description=f"{_SAYS}; null: as everywhere else"),
]


class OwnView(BaseModel):
    """What the tenant says itself."""

    model_config = ConfigDict(extra="forbid")

    zero: bool = Field(
        default=False,
        description="Zero retention: files are stored encrypted and go with the end of their scan, "
        "and neither preview nor index entry is made",
    )
    bytes: Own = None
    previews: Own = None
    reports: Own = None
    index_entries: Own = None

    @classmethod
    def of(cls, own: OwnRetention) -> Self:
        return cls(
            zero=own.zero, **{part.value: in_words(keep) for part, keep in own.parts.items()}
        )

    def said(self) -> OwnRetention:
        """Raises `InvalidRequest`."""
        words = self.model_dump(exclude={"zero"}, exclude_none=True)
        return OwnRetention(parts=parts_in(words), zero=self.zero)


class InForce(BaseModel):
    """How long each part of a scan is kept; `0d`: until the scan ends."""

    bytes: Said
    previews: Said
    reports: Said
    index_entries: Said

    @classmethod
    def of(cls, retention: Retention) -> Self:
        return cls(**{part.value: in_words(retention.of(part)) for part in Part})


class RetentionView(BaseModel):
    """How long this tenant's scans are kept."""

    own: OwnView
    in_force: InForce

    @classmethod
    def of(cls, retention: TenantRetention) -> Self:
        own = retention.own()
        return cls(own=OwnView.of(own), in_force=InForce.of(retention.usual.over(own)))


@router.get(
    "/retention",
    dependencies=[needs(Scope.ADMIN)],
    responses=documented(DatabaseUnavailable),
)
def read_retention(scans: TheScans) -> RetentionView:
    """How long the files, previews, reports and index entries of the tenant's scans are kept."""
    return RetentionView.of(scans.retention)


@router.put(
    "/retention",
    dependencies=[needs(Scope.ADMIN)],
    responses=documented(DatabaseUnavailable, InvalidRequest),
)
def put_retention(own: OwnView, scans: TheScans) -> RetentionView:
    """Say all of it anew; what is not named is kept as everywhere else.

    It holds for the next file that is sent, and soon for all that is there: what is past its time
    then is deleted, and each scan has a receipt of it.
    """
    retention = scans.retention
    retention.put(own.said())
    return RetentionView.of(retention)


@router.get(
    "/scans/{scan_id}/receipts",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def read_receipts(scan_id: ScanId, scans: TheScans) -> list[SignedReceipt]:
    """Every receipt of a scan, the oldest first: of parts that went with age, and of its deletion.

    Each is verified by itself with `assay verify-receipt`.
    """
    return list(scans.receipts(scan_id))
