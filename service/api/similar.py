"""What looks like a file, over HTTP: scans of the same content, and originals it is a copy of."""

from fastapi import APIRouter
from pydantic import BaseModel

from provenance.similarity.result import Match
from service.access.principal import Scope
from service.api.access import TheRoot, TheScans, needs
from service.api.problems import documented
from service.api.scans import ScanId
from service.api.views import ScanView
from service.errors import InvalidRequest, ScanNotFound
from service.reporting.recovered_credentials import in_words
from service.scans.absent import has_report
from service.scans.similar import similar

router = APIRouter(prefix="/v1/scans", tags=["scans"])


class OriginalView(BaseModel):
    """A known original, what was changed in words and figures, and scans of that original."""

    statement: str
    match: Match
    scans: tuple[ScanView, ...]


class SimilarView(BaseModel):
    """What is alike. Likeness is no signature, and small changes escape it."""

    same: tuple[ScanView, ...]
    originals: tuple[OriginalView, ...]


@router.get(
    "/{scan_id}/similar",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def read_similar(scan_id: ScanId, scans: TheScans, root: TheRoot) -> SimilarView:
    """Other scans of the same bytes, known at once, and originals that the report found.

    Only scans of the own tenant are named, the ten newest of each content.
    """
    scan = scans.get(scan_id)
    report = scans.report(scan_id) if has_report(scan) else None
    found = similar(scans, scan, report)
    return SimilarView(
        same=tuple(ScanView.of(item, root) for item in found.same),
        originals=tuple(
            OriginalView(
                statement=in_words(item.match),
                match=item.match,
                scans=tuple(ScanView.of(scan, root) for scan in item.scans),
            )
            for item in found.originals
        ),
    )
