"""Quarantine over HTTP: scans that are not tried any more, and letting one be tried again."""

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from service.access.principal import Scope
from service.api.access import TheRoot, TheScans, needs
from service.api.paging import Limit
from service.api.problems import documented
from service.api.scans import ScanId
from service.api.views import ScanView
from service.db.lifecycle import SCAN_ID
from service.errors import BytesGone, InvalidRequest, ScanNotFound
from service.scans.quarantine import NotQuarantined

router = APIRouter(prefix="/v1", tags=["scans"])


class QuarantinePage(BaseModel):
    """Some scans in quarantine, the newest first."""

    items: list[ScanView]
    next: str | None = Field(description="Send as `before` for the page after this one")


@router.get(
    "/quarantine",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(InvalidRequest),
)
def list_quarantine(
    scans: TheScans,
    root: TheRoot,
    limit: Limit = 50,
    before: Annotated[
        str | None, Query(pattern=SCAN_ID, description="`next` of the page before")
    ] = None,
) -> QuarantinePage:
    """Scans that failed because every attempt ended badly; `deaths` says how each did."""
    found = scans.quarantine.list(limit=limit + 1, before=before)
    items = [ScanView.of(scan, root) for scan in found[:limit]]
    return QuarantinePage(items=items, next=items[-1].id if len(found) > limit else None)


@router.post(
    "/scans/{scan_id}/release",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(ScanNotFound, NotQuarantined, BytesGone, InvalidRequest),
)
def release_scan(scan_id: ScanId, scans: TheScans, root: TheRoot) -> ScanView:
    """Try a scan in quarantine again, as often as a new one."""
    scans.quarantine.release(scans.get(scan_id))
    return ScanView.of(scans.get(scan_id), root)
