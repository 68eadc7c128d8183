"""The pages: send a file, follow its scan, read its report. Everything works without JavaScript."""

import hashlib
from functools import cache
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from service.analysis.progress import Stage
from service.api.access import TheFetch, TheScans
from service.api.problems import Problem
from service.api.scans import ScanId
from service.api.submission import submit
from service.api.views import detector_views
from service.db.lifecycle import Scan, State
from service.rendering.render import STATIC, page
from service.rendering.view import ICONS, bytes_in_words, view
from service.reporting.report import Profile
from service.reporting.wording import CLAIMS, KINDS, PROFILES, SAYS, VERDICTS
from service.scans.use_cases import Scans
from service.web.reference import operations

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)

RECENT: Final = 8
LISTED: Final = 50
STAGES: Final = {
    Stage.QUEUED: "Waiting for a worker",
    Stage.PROVENANCE: "Reading Content Credentials and markers",
    Stage.DECODING: "Decoding in a sandbox",
    Stage.DETECTORS: "Asking the classifiers",
    Stage.REPORT: "Weighing the evidence",
}
STATES: Final = {
    State.QUEUED: "waiting",
    State.RUNNING: "running",
    State.DONE: "done",
    State.FAILED: "failed",
    State.EXPIRED: "expired",
}


@router.get("/")
def front(scans: TheScans) -> str:
    """The front page: the form, and the scans of late."""
    return _page("index.html", listing=scans.list(limit=RECENT))


@router.get("/scans")
def listing(scans: TheScans, before: Annotated[str | None, Query(max_length=64)] = None) -> str:
    """All scans, a page at a time."""
    return _page("scans.html", listing=scans.list(limit=LISTED, before=before))


@router.post("/scans")
async def send(request: Request, scans: TheScans, fetch: TheFetch) -> RedirectResponse:
    """The form of the front page, where there is no JavaScript."""
    scan = await submit(request, scans, fetch, Profile.FULL)
    return RedirectResponse(f"/scans/{scan.id}", status_code=303)


@router.get("/scans/{scan_id}")
def show(scan_id: ScanId, scans: TheScans) -> str:
    """The report once there is one, until then the progress."""
    scan = scans.get(scan_id)
    if scan.state is State.DONE:
        return _report(scans, scan)
    order = list(Stage)
    return _page("progress.html", scan=scan, current=order.index(scan.progress.stage))


@router.post("/scans/{scan_id}/delete")
def forget(scan_id: ScanId, scans: TheScans) -> RedirectResponse:
    scans.delete(scan_id)
    return RedirectResponse("/", status_code=303)


@router.get("/detectors")
def detectors() -> str:
    """The model cards: what each detector was measured to do, and what it cannot do."""
    return _page("detectors.html", detectors=detector_views())


@router.get("/verify")
def verify() -> str:
    """Check a report's signature; that happens in the browser."""
    return _page("verify.html")


@router.get("/api")
def reference(request: Request) -> str:
    """What the API does, for people."""
    document = request.app.openapi()
    return _page(
        "reference.html",
        about=document["info"]["description"],
        operations=tuple(operations(document, str(request.base_url).rstrip("/"))),
    )


def problem_page(problem: Problem) -> str:
    """A problem as a page; unlike every other page it may be shown for any address."""
    return _page("problem.html", problem=problem)


def _report(scans: Scans, scan: Scan) -> str:
    report = scans.report(scan.id)
    picture = f"/v1/scans/{scan.id}/preview" if scans.preview(scan.id) is not None else None
    media = scans.media(scan.id)
    if media is not None:
        media.close()
    return _page(
        "report.html",
        scan=scan,
        media=f"/v1/scans/{scan.id}/media" if media is not None else None,
        report=report,
        view=view(report),
        document=report.model_dump_json(indent=2),
        picture=picture,
    )


def _page(template: str, **values: object) -> str:
    return page(
        template,
        stamp=_stamp(),
        verdicts=VERDICTS,
        kinds=KINDS,
        says=SAYS,
        claims=CLAIMS,
        profiles=PROFILES,
        icons=ICONS,
        states=STATES,
        stages=STAGES,
        in_bytes=bytes_in_words,
        **values,
    )


@cache
def _stamp() -> str:
    """Changes with the style sheet and the script, so that browsers may keep both for ever."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
