"""The button of a scan in quarantine."""

from contextlib import suppress

from fastapi import APIRouter
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access.principal import Scope
from service.api.access import TheScans, needs
from service.api.scans import ScanId
from service.scans.quarantine import NotQuarantined
from service.web.frame import TheFrame

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.post("/scans/{scan_id}/release", dependencies=[needs(Scope.SCANS_WRITE)])
def release(scan_id: ScanId, scans: TheScans, frame: TheFrame) -> RedirectResponse:
    """Have it tried again; one that is not in quarantine any more is shown as it is."""
    with suppress(NotQuarantined):
        scans.quarantine.release(scans.get(scan_id))
    return RedirectResponse(f"{frame.root}/scans/{scan_id}", status_code=303)
