"""Views over HTTP: pictures that help a person look at a file, drawn by a worker on demand."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from service.access.principal import Scope
from service.analysis.looking.catalogue import ABOUT, OF, View
from service.api.access import TheRoot, TheScans, needs
from service.api.languages import AskedLanguage
from service.api.problems import documented
from service.api.recorded import TheLooking, ThePatience, thumbnails_offered
from service.api.resources import asks_for_head
from service.api.scans import ScanId
from service.db.lifecycle import Scan
from service.db.views import View as Asked
from service.errors import (
    BytesGone,
    InvalidRequest,
    PreviewGone,
    QueueUnavailable,
    ScanNotFound,
)
from service.language.languages import Language, speaking
from service.language.reading import told
from service.reporting.report import Report
from service.scans.absent import has_report
from service.scans.looking import LOOK_SECONDS, Looking
from service.scans.refusals import ViewNotFound, ViewNotReady, ViewRefused, ViewsNotKept

router = APIRouter(prefix="/v1/scans", tags=["views"])

PATIENCE: Final = 20.0
"""Seconds that a request waits for its view before it is told to ask again."""

_NO_VIEW: Final = (
    ScanNotFound,
    ViewNotFound,
    ViewNotReady,
    ViewRefused,
    ViewsNotKept,
    BytesGone,
    PreviewGone,
    QueueUnavailable,
    InvalidRequest,
)
_PICTURE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "content": {
            name: {"schema": {"type": "string", "format": "binary"}}
            for name in ("image/jpeg", "image/png")
        }
    }
}

ViewName = Annotated[
    str,
    Path(
        max_length=64,
        description="As listed; of a film also `frame-N`, its frame with this number from 0; of a "
        "file whose manifests hold thumbnails `thumbnail-M`, or `thumbnail-M-I` of an ingredient, by "
        "their numbers from 0 in the report",
        examples=["error-level"],
    ),
]
OtherId = Annotated[str, Path(max_length=64, description="A scan that it is compared with")]


class ViewView(BaseModel):
    """A view that can be drawn of a file, or was."""

    name: str
    title: str
    shows: str
    misleads: str
    drawn: bool
    sentences: tuple[str, ...]  # what it shows of this file; empty before it is drawn
    refused: str | None  # why it cannot be drawn
    link: str


class ViewsView(BaseModel):
    """The views of one scan. None of them decides anything."""

    items: tuple[ViewView, ...]
    unavailable: str | None  # why no further one can be drawn


@router.get(
    "/{scan_id}/views",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def list_views(
    scan_id: ScanId,
    scans: TheScans,
    looking: TheLooking,
    root: TheRoot,
    language: AskedLanguage = Language.ENGLISH,
) -> ViewsView:
    """What can be drawn of a file to look closer, with what each shows and how it misleads."""
    scan = scans.get(scan_id)
    report = scans.report(scan_id) if has_report(scan) else None
    with speaking(language):
        return ViewsView(
            items=shown(scan, report, looking, root),
            unavailable=told(looking.why_not(scan)) or None,
        )


@router.get(
    "/{scan_id}/views/{view}",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=Response,
    responses={**_PICTURE, **documented(*_NO_VIEW)},
)
async def read_view(
    request: Request,
    scan_id: ScanId,
    view: ViewName,
    scans: TheScans,
    looking: TheLooking,
    patience: ThePatience,
) -> Response:
    """One view as a picture. The first request has a worker draw it, and waits a while for that.

    A view that takes longer is answered 503 `view_not_ready` with Retry-After; asking again costs
    nothing. What is drawn is kept as long as the preview is, and goes with the scan.
    """

    def have() -> tuple[bytes, str]:
        return looking.view(scans, scans.get(scan_id), view)

    return await _waited(request, have, patience)


@router.get(
    "/{scan_id}/differences/{other_id}",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=Response,
    responses={**_PICTURE, **documented(*_NO_VIEW)},
)
async def read_difference(
    request: Request,
    scan_id: ScanId,
    other_id: OtherId,
    scans: TheScans,
    looking: TheLooking,
    patience: ThePatience,
) -> Response:
    """Where another picture differs from this one, once laid over it; answered as a view is.

    `view_refused` says why the two cannot be laid over one another.
    """

    def have() -> tuple[bytes, str]:
        return looking.difference(scans.get(scan_id), scans.get(other_id))

    return await _waited(request, have, patience)


async def _waited(
    request: Request, have: Callable[[], tuple[bytes, str]], patience: float
) -> Response:
    until = time.monotonic() + (0.0 if asks_for_head(request) else patience)
    while True:
        try:
            picture, media_type = await run_in_threadpool(have)
        except ViewNotReady:
            if time.monotonic() >= until or await request.is_disconnected():
                raise
            await asyncio.sleep(LOOK_SECONDS)
        else:
            return Response(picture, media_type=media_type)


def shown(scan: Scan, report: Report | None, looking: Looking, root: str) -> tuple[ViewView, ...]:
    """The views of a scan with its report, in the order in which they are offered."""
    asked, base = looking.of(scan), f"{root}/v1/scans/{scan.id}"
    offered = (
        _shown(view, asked.get(name), f"{base}/views/{name}", name)
        for view in _offered(report)
        for name in _names(view, asked, report)
    )
    compared = (
        _shown(View.DIFFERENCE, it, f"{base}/differences/{name.rpartition('-')[2]}", name)
        for name, it in asked.items()
        if name.startswith(f"{View.DIFFERENCE}-")
    )
    return (*offered, *compared)


def apart(views: Iterable[ViewView]) -> tuple[tuple[ViewView, ...], dict[str, ViewView]]:
    """Views to look closer with, and by name the thumbnails, which stand in their credentials."""
    several = tuple(views)
    small = {view.name: view for view in several if view.name.startswith(f"{View.THUMBNAIL}-")}
    return tuple(view for view in several if view.name not in small), small


def _offered(report: Report | None) -> tuple[View, ...]:
    if report is None or report.subject.kind is None:
        return ()
    return OF[report.subject.kind]


def _names(view: View, asked: Mapping[str, Asked], report: Report | None) -> tuple[str, ...]:
    """A view goes by one name, but thumbnails and the frames that were asked for have their own."""
    if view is View.THUMBNAIL:
        return thumbnails_offered(report, asked)
    if view is not View.FRAME:
        return (view.value,)
    first = f"{view}-0"
    return tuple(dict.fromkeys((first, *(it for it in asked if it.startswith(f"{view}-")))))


def _shown(view: View, asked: Asked | None, link: str, name: str) -> ViewView:
    about = ABOUT[view]
    return ViewView(
        name=name,
        title=told(about.title),
        shows=told(about.shows),
        misleads=told(about.misleads),
        drawn=asked is not None and asked.blob is not None,
        sentences=() if asked is None else tuple(map(told, asked.sentences)),
        refused=None if asked is None or asked.failure is None else told(asked.failure.sentence),
        link=link,
    )
