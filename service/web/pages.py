"""The pages: send a file, follow its scan, read its report. Everything works without JavaScript."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from provenance.errors import TrustStoreDamaged
from provenance.published import INTERIM_ABSENT, lacks_interim
from service.access.principal import Principal, Scope
from service.analysis.progress import STAGES, Stage
from service.api.access import PUBLIC, TheIntake, ThePrincipal, TheScans, TheTrust, needs
from service.api.looking import apart, shown
from service.api.problems import Problem
from service.api.recorded import TheLooking
from service.api.scans import ScanId
from service.api.sessions import people_of
from service.api.several import submit_several
from service.api.views import detector_views
from service.db.lifecycle import Scan, State
from service.db.retention_lifecycle import Part
from service.errors import InvalidRequest
from service.language.spoken import Words
from service.rendering.view import ICONS, bytes_in_words, view
from service.rendering.words import JUDGED
from service.reporting.translated import translated
from service.reporting.wording import (
    ACTIONS,
    CLAIMS,
    KINDS,
    PROFILE_NAMES,
    PROFILES,
    SAYS,
    VERDICTS,
    VOUCHES,
)
from service.scans.absent import has_report
from service.scans.intake import MAX_FRAGMENTS
from service.scans.looking import Looking
from service.scans.refusals import ScanOver
from service.scans.similar import similar
from service.scans.use_cases import Scans
from service.web import reviews, teamwork
from service.web.frame import Frame, TheFrame, render
from service.web.reference import PLACES, operations
from service.web.who import Who, who_of

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

RECENT: Final = 8
PARTS: Final = Words(
    {
        Part.BYTES: "the file",
        Part.PREVIEWS: "its preview",
        Part.REPORTS: "the report",
        Part.INDEX_ENTRIES: "its entry in the index of known media",
    }
)
STATES: Final = Words(
    {
        State.QUEUED: "waiting",
        State.RUNNING: "running",
        State.DONE: "done",
        State.FAILED: "failed",
        State.EXPIRED: "expired",
        State.CANCELLED: "cancelled",
    }
)


@router.get("/", dependencies=[needs(Scope.SCANS_READ)])
def front(request: Request, scans: TheScans, principal: ThePrincipal, frame: TheFrame) -> str:
    """The front page: the form, and the scans of late."""
    who = who_of(people_of(request), principal)
    listing = scans.list(limit=RECENT)
    return page(
        "index.html", frame, listing=listing, filtered=False, who=who, fragments=MAX_FRAGMENTS
    )


@router.post("/scans", dependencies=[needs(Scope.SCANS_WRITE)])
async def send(
    request: Request,
    intake: TheIntake,
    frame: TheFrame,
    csrf: Annotated[str | None, Query(max_length=64)] = None,  # compared by `Cookies`
) -> Response:
    """The form of the front page, where there is no JavaScript: to the scan, or to a list of all.

    Raises the reason why there is none where one file alone was sent and refused.
    """
    sent = await submit_several(request, intake)
    if len(sent) > 1:
        return HTMLResponse(page("sent.html", frame, sent=sent))
    (only,) = sent
    if only.scan is None:
        raise only.refusal or InvalidRequest("nothing arrived")
    return RedirectResponse(f"{frame.root}/scans/{only.scan.id}", status_code=303)


@router.get("/scans/{scan_id}", dependencies=[needs(Scope.SCANS_READ)])
def show(
    request: Request,
    scan_id: ScanId,
    scans: TheScans,
    looking: TheLooking,
    principal: ThePrincipal,
    frame: TheFrame,
) -> str:
    """The report once there is one, until then the progress."""
    scan = scans.get(scan_id)
    if has_report(scan):
        who = who_of(people_of(request), principal)
        return _report(scans, scan, frame, who, principal, looking)
    order = list(Stage)
    return page(
        "progress.html",
        frame,
        scan=scan,
        current=order.index(scan.progress.stage),
        ahead=scans.ahead(scan_id),
        alike=similar(scans, scan, None),
    )


@router.post("/scans/{scan_id}/cancel", dependencies=[needs(Scope.SCANS_WRITE)])
def cancel(scan_id: ScanId, scans: TheScans, frame: TheFrame) -> RedirectResponse:
    """The button of a scan that waits or runs; one that ended meanwhile is shown as it is."""
    with suppress(ScanOver):
        scans.cancel(scan_id)
    return RedirectResponse(f"{frame.root}/scans/{scan_id}", status_code=303)


@router.get("/scans/{scan_id}/delete", dependencies=[needs(Scope.SCANS_DELETE)])
def ask(scan_id: ScanId, scans: TheScans, frame: TheFrame) -> str:
    """The question before a scan is deleted; with JavaScript the page asks it itself."""
    return page("delete.html", frame, scan=scans.get(scan_id))


@router.post("/scans/{scan_id}/delete", dependencies=[needs(Scope.SCANS_DELETE)])
def forget(scan_id: ScanId, scans: TheScans, frame: TheFrame) -> RedirectResponse:
    scans.delete(scan_id)
    return RedirectResponse(f"{frame.root}/", status_code=303)


@router.get("/detectors", dependencies=[needs(Scope.SCANS_READ)])
def detectors(frame: TheFrame) -> str:
    """The model cards: what each detector was measured to do, and what it cannot do."""
    return page("detectors.html", frame, detectors=detector_views())


@router.get("/trust", dependencies=[needs(Scope.SCANS_READ)])
def believed(frame: TheFrame, trust: TheTrust) -> str:
    """The trust lists in force: whom they name, from where and of which day they are."""
    today = datetime.now(UTC).date()
    try:
        lists = trust.lists()
    except TrustStoreDamaged as error:
        return page("trust.html", frame, lists=(), today=today, damaged=str(error), absent="")
    absent = INTERIM_ABSENT if lacks_interim(entry.name for entry in lists) else ""
    return page("trust.html", frame, lists=lists, today=today, damaged="", absent=absent)


@router.get("/verify", dependencies=[PUBLIC])
def verify(frame: TheFrame) -> str:
    """Check a report's signature; that happens in the browser."""
    return page("verify.html", frame)


@router.get("/api", dependencies=[PUBLIC])
def reference(request: Request, frame: TheFrame) -> str:
    """What the API does, for people."""
    document = request.app.openapi()
    return page(
        "reference.html",
        frame,
        about=document["info"]["description"],
        places=PLACES,
        operations=tuple(operations(document, str(request.base_url).rstrip("/"))),
    )


def problem_page(problem: Problem, root: str) -> str:
    """A problem as a page; unlike every other page it may be shown for any address."""
    return page("problem.html", Frame(root), problem=problem)


def _report(
    scans: Scans, scan: Scan, frame: Frame, who: Who, principal: Principal, looking: Looking
) -> str:
    report = scans.report(scan.id)
    shown_report = translated(report)
    teamwork.note_look(scans, scan.id, principal)
    files = f"{frame.root}/v1/scans/{scan.id}"
    media = scans.media(scan.id)
    if media is not None:
        media.close()
    unavailable = looking.why_not(scan)
    offered = shown(scan, report, looking, frame.root)
    kept = [item for item in offered if item.drawn or item.refused or not unavailable]
    views, thumbnails = apart(kept)
    return page(
        "report.html",
        frame,
        scan=scan,
        media=f"{files}/media" if media is not None else None,
        report=shown_report,
        view=view(shown_report),
        views=views,
        thumbnails=thumbnails,
        unavailable=unavailable,
        frames=f"{frame.root}/scans/{scan.id}/frames",
        alike=similar(scans, scan, report),
        whole=f"{files}/report?format=json",
        reviews=reviews.shown(scans, scan.id, who),
        together=teamwork.together(scans, scan, who),
        picture=f"{files}/preview" if scans.preview(scan.id) is not None else None,
        **reviews.review_words(),
    )


def page(template: str, frame: Frame, **values: object) -> str:
    """A page in its frame, with the words that pages share."""
    return render(
        template,
        frame,
        verdicts=VERDICTS,
        kinds=KINDS,
        says=SAYS,
        actions=ACTIONS,
        claims=CLAIMS,
        vouches=VOUCHES,
        profiles=PROFILES,
        profile_names=PROFILE_NAMES,
        icons=ICONS,
        states=STATES,
        stages=STAGES,
        parts=PARTS,
        judged=JUDGED,
        in_bytes=bytes_in_words,
        **values,
    )
