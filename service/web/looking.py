"""The pages for looking closer: two scans side by side, and a film frame by frame."""

from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import APIRouter, Query
from fastapi.responses import HTMLResponse

from detectors.base import Kind
from service.access.principal import Scope
from service.analysis.looking.catalogue import ABOUT, View, compared_with
from service.api.access import TheScans, needs
from service.api.recorded import TheLooking
from service.api.scans import ScanId
from service.db.lifecycle import Scan
from service.language.spoken import Words
from service.rendering.comparison import compared
from service.reporting.report import Report
from service.reporting.translated import translated
from service.reporting.wording import KINDS, VERDICTS
from service.scans.absent import has_report
from service.scans.refusals import ViewNotFound
from service.scans.use_cases import Scans
from service.web.frame import TheFrame, render

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

LAST: Final = 999_999
STEPS: Final = Words({-10: "10 back", -1: "1 back", 1: "1 on", 10: "10 on"})


@dataclass(frozen=True, slots=True)
class Side:
    """One of two scans that are compared."""

    scan: Scan
    report: Report
    picture: bool


@router.get("/compare", dependencies=[needs(Scope.SCANS_READ)])
def compare(
    scans: TheScans,
    looking: TheLooking,
    frame: TheFrame,
    a: Annotated[str, Query(max_length=64)] = "",
    b: Annotated[str, Query(max_length=64)] = "",
) -> str:
    """Two scans, or the form that asks which."""
    if not a.strip() or not b.strip():
        return render("compare_form.html", frame, a=a.strip(), b=b.strip())
    first, second = _side(scans, a.strip()), _side(scans, b.strip())
    pictures = all(it.report.subject.kind is Kind.IMAGE for it in (first, second))
    drawn = looking.of(first.scan).get(compared_with(second.scan.id))
    return render(
        "compare.html",
        frame,
        first=first,
        second=second,
        groups=compared(translated(first.report), translated(second.report)),
        verdicts=VERDICTS,
        kinds=KINDS,
        about=ABOUT[View.DIFFERENCE],
        pictures=pictures,
        sentences=() if drawn is None else drawn.sentences,
        refused=None if drawn is None or drawn.failure is None else drawn.failure.sentence,
        unavailable=looking.why_not(first.scan) or looking.why_not(second.scan),
    )


@router.get("/scans/{scan_id}/frames", dependencies=[needs(Scope.SCANS_READ)])
def frames(
    scan_id: ScanId,
    scans: TheScans,
    looking: TheLooking,
    frame: TheFrame,
    number: Annotated[int, Query(ge=0, le=LAST)] = 0,
) -> str:
    """One frame of a film, with ways to those around it."""
    scan = scans.get(scan_id)
    if not has_report(scan) or scans.report(scan_id).subject.kind is not Kind.VIDEO:
        raise ViewNotFound(f"scan {scan_id} is of no film with a report")
    asked = looking.of(scan).get(f"{View.FRAME}-{number}")
    return render(
        "frames.html",
        frame,
        scan=scan,
        number=number,
        last=LAST,
        steps=tuple((step, words) for step, words in STEPS.items() if 0 <= number + step <= LAST),
        sentences=() if asked is None else asked.sentences,
        refused=None if asked is None or asked.failure is None else asked.failure.sentence,
        unavailable=looking.why_not(scan),
        about=ABOUT[View.FRAME],
    )


def _side(scans: Scans, scan_id: str) -> Side:
    """Raises what `Scans.report` raises."""
    return Side(scans.get(scan_id), scans.report(scan_id), scans.preview(scan_id) is not None)
