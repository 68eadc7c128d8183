"""What a line of a list or of the intake shows of a scan: a small picture, its place in the queue."""

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from service.access.principal import Scope
from service.api.access import TheScans, needs
from service.api.problems import documented
from service.api.scans import ScanId
from service.db.retention_lifecycle import Part
from service.errors import InvalidRequest, PreviewGone, PreviewNotFound, ScanNotFound
from service.rendering.thumbnail import small
from service.scans.absent import check_there

router = APIRouter(prefix="/v1/scans", tags=["scans"])


@router.get(
    "/{scan_id}/thumbnail",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(ScanNotFound, PreviewNotFound, PreviewGone, InvalidRequest),
    },
)
def read_thumbnail(scan_id: ScanId, scans: TheScans) -> Response:
    """The preview as a small JPEG, for a line of a list."""
    preview = scans.preview(scan_id)
    if preview is None:
        check_there(scans.get(scan_id), Part.PREVIEWS)
        raise PreviewNotFound(f"scan {scan_id} has no preview, or none yet")
    return Response(small(preview), media_type="image/jpeg")


class Place(BaseModel):
    """How long a scan still waits."""

    ahead: int | None = Field(
        description="Scans that have their turn before it; None once it does not wait"
    )


@router.get(
    "/{scan_id}/place",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def read_place(scan_id: ScanId, scans: TheScans) -> Place:
    """How many scans of its queue come before this one, other tenants' included."""
    return Place(ahead=scans.ahead(scans.get(scan_id).id))
