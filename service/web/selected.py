"""What is done with several scans of the list at once: saved, compared, deleted with receipts."""

from dataclasses import dataclass
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from service.access.principal import Scope
from service.api.access import TheRoot, TheScans, needs
from service.api.forms import MANY, Fields, fields
from service.db.lifecycle import Scan
from service.errors import InvalidRequest, ScanNotFound, StorageUnavailable
from service.scans.use_cases import Scans
from service.web.exports import Export, exported
from service.web.frame import TheFrame
from service.web.pages import page

router = APIRouter(prefix="/selected", include_in_schema=False, default_response_class=HTMLResponse)

MOST: Final = 100
_SIDES: Final = ("a", "b")


def _chosen(form: Fields) -> tuple[str, ...]:
    """The ids that were ticked, each once. Raises `InvalidRequest`."""
    ids = tuple(dict.fromkeys(form[MANY].split()))
    if not 1 <= len(ids) <= MOST:
        raise InvalidRequest(f"first tick 1 to {MOST} scans in the list")
    return ids


def _found(scans: Scans, form: Fields) -> tuple[Scan, ...]:
    """Those that are there. Raises `ScanNotFound` where none of them is."""
    found: list[Scan] = []
    for scan_id in _chosen(form):
        try:
            found.append(scans.get(scan_id))
        except ScanNotFound:
            continue
    if not found:
        raise ScanNotFound("none of the ticked scans is there any more")
    return tuple(found)


@router.post("/export", dependencies=[needs(Scope.SCANS_READ)])
def export(
    scans: TheScans, root: TheRoot, form: Annotated[Fields, Depends(fields(MANY, "form"))]
) -> Response:
    """A table of the scans, or their signed reports."""
    if form["form"] not in set(Export):
        raise InvalidRequest(f"a form is one of {', '.join(Export)}")
    return exported(scans, _found(scans, form), Export(form["form"]), root)


@router.post("/compare", dependencies=[needs(Scope.SCANS_READ)])
def compare(
    scans: TheScans, frame: TheFrame, form: Annotated[Fields, Depends(fields(MANY, "form"))]
) -> RedirectResponse:
    """To the page that shows two scans side by side. Raises `InvalidRequest` unless it is two."""
    found = _found(scans, form)
    if len(found) != len(_SIDES):
        raise InvalidRequest("tick exactly two scans to compare them")
    query = urlencode({side: scan.id for side, scan in zip(_SIDES, found, strict=True)})
    return RedirectResponse(f"{frame.root}/compare?{query}", status_code=303)


@dataclass(frozen=True, slots=True)
class Deleted:
    """What became of one of them; `late`: the storage did not answer, the rest goes later."""

    scan: Scan
    late: bool


@router.post("/delete", dependencies=[needs(Scope.SCANS_DELETE)])
def delete(
    scans: TheScans, frame: TheFrame, form: Annotated[Fields, Depends(fields(MANY, "form", "sure"))]
) -> str:
    """Asks first; once it is `sure` deletes them, and says where each receipt is."""
    found = _found(scans, form)
    if form["sure"] != "yes":
        return page("delete_several.html", frame, scans=found)
    gone: list[Deleted] = []
    for scan in found:
        try:
            scans.delete(scan.id)
        except ScanNotFound:
            continue
        except StorageUnavailable:
            gone.append(Deleted(scan, late=True))
        else:
            gone.append(Deleted(scan, late=False))
    return page("deleted_several.html", frame, deleted=gone)
