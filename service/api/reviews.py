"""Reviews over HTTP: what a person came to about a scan, all of them kept."""

from typing import Final

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheScans, needs
from service.api.forms import WRITTEN
from service.api.paging import Before, Limit
from service.api.problems import documented
from service.api.scans import NO_REPORT, ScanId
from service.api.views import ReviewView
from service.db.lifecycle import Judgement
from service.errors import InvalidRequest, ScanNotFound

router = APIRouter(prefix="/v1/scans/{scan_id}/reviews", tags=["reviews"])

NOTE_LENGTH: Final = 2000


class NewReview(BaseModel):
    """A judgement about the file of a scan, which needs a report."""

    model_config = ConfigDict(extra="forbid")

    judgement: Judgement
    note: str = Field(
        default="",
        max_length=NOTE_LENGTH,
        pattern=WRITTEN,
        description="Why",
    )


class ReviewPage(BaseModel):
    """Some reviews of a scan, the newest first."""

    items: list[ReviewView]
    next: int | None = Field(description="Send as `before` for the page after this one")


@router.post(
    "",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=201,
    responses=documented(*NO_REPORT),
)
def create_review(
    scan_id: ScanId, review: NewReview, scans: TheScans, principal: ThePrincipal
) -> ReviewView:
    """Say what a person came to about the file. Earlier reviews stay; the latest counts."""
    scans.signature(scan_id)  # raises where there is no report to review
    kept = scans.reviews.add(scan_id, review.judgement, review.note, actor=principal.actor)
    return ReviewView.of(kept)


@router.get(
    "",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def list_reviews(
    scan_id: ScanId,
    scans: TheScans,
    limit: Limit = 20,
    before: Before = None,
) -> ReviewPage:
    """Every review of a scan, the newest first."""
    scan = scans.get(scan_id)
    found = scans.reviews.list(scan.id, limit=limit + 1, before=before)
    items = [ReviewView.of(item) for item in found[:limit]]
    return ReviewPage(items=items, next=items[-1].id if len(found) > limit else None)
