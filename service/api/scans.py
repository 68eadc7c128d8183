"""Scans over HTTP: send a file or an address, follow it, read its report, forget it."""

from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import run_in_threadpool

from service.api.access import TheFetch, TheScans
from service.api.events import follow
from service.api.negotiation import Format, chosen
from service.api.problems import documented
from service.api.submission import submit
from service.api.views import ScanPage, ScanView
from service.db.lifecycle import Scan, State
from service.errors import (
    EmptyFile,
    FetchFailed,
    FileTooLarge,
    InvalidRequest,
    PreviewNotFound,
    ReportNotReady,
    ScanExpired,
    ScanFailed,
    ScanNotFound,
    UnsupportedKind,
    UrlRefused,
)
from service.rendering.render import render_report, standalone_policy
from service.reporting.report import Profile, Report
from service.reporting.wording import PROFILES

router = APIRouter(prefix="/v1/scans", tags=["scans"])

ScanId = Annotated[
    str,
    Path(
        max_length=64,
        description="As answered when the file was sent",
        examples=["01k9x2v7qe4m8n1r5t6w0yza3c"],
    ),
]

_PROFILES: Final = "; ".join(f"{name}: {words}" for name, words in PROFILES.items())
_FORM: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {
                            "type": "string",
                            "format": "binary",
                            "description": "A photo, video or recording",
                        },
                        "url": {
                            "type": "string",
                            "format": "uri",
                            "description": "Or the public address of one",
                        },
                        "profile": {
                            "type": "string",
                            "enum": [item.value for item in Profile],
                            "description": _PROFILES,
                        },
                    },
                },
                "examples": {
                    "file": {"summary": "A file", "value": {"file": "@square.jpg"}},
                    "url": {
                        "summary": "An address, provenance only",
                        "value": {"url": "https://example.org/a.jpg", "profile": "provenance"},
                    },
                },
            }
        },
    }
}


def _scan(scan_id: ScanId, scans: TheScans) -> Scan:
    return scans.get(scan_id)


TheScan = Annotated[Scan, Depends(_scan)]


@router.post(
    "",
    status_code=202,
    openapi_extra=_FORM,
    responses=documented(
        EmptyFile, FetchFailed, FileTooLarge, InvalidRequest, UnsupportedKind, UrlRefused
    ),
)
async def create_scan(
    request: Request,
    response: Response,
    scans: TheScans,
    fetch: TheFetch,
    profile: Annotated[Profile, Query(description=_PROFILES)] = Profile.FULL,
) -> ScanView:
    """Send one file, or the address of one, as a form. The Location header says where it is.

    The bytes are checked while they arrive: a refusal comes before the upload is complete.
    """
    scan = await submit(request, scans, fetch, profile)
    response.headers["Location"] = f"/v1/scans/{scan.id}"
    return ScanView.of(scan)


@router.get("", responses=documented(InvalidRequest))
def list_scans(
    scans: TheScans,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[
        str | None, Query(max_length=64, description="`next` of the page before")
    ] = None,
    state: Annotated[State | None, Query(description="Only scans in this state")] = None,
) -> ScanPage:
    """Scans, the newest first."""
    return ScanPage.of(scans.list(limit=limit, before=before, state=state))


@router.get("/{scan_id}", responses=documented(ScanNotFound, InvalidRequest))
def read_scan(scan: TheScan) -> ScanView:
    """State and progress of one scan."""
    return ScanView.of(scan)


@router.get(
    "/{scan_id}/report",
    response_model=Report,
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **documented(ScanNotFound, ReportNotReady, ScanFailed, ScanExpired, InvalidRequest),
    },
)
def read_report(
    request: Request,
    scan_id: ScanId,
    scans: TheScans,
    form: Annotated[
        Format | None, Query(alias="format", description="html or json; else by Accept")
    ] = None,
) -> Response:
    """The authenticity report: JSON, or one self-contained HTML file by `format` or Accept."""
    report = scans.report(scan_id)
    headers = {"Vary": "Accept"}
    if chosen(request, form) is Format.JSON:
        return Response(report.model_dump_json(), media_type="application/json", headers=headers)
    html = render_report(report, scans.preview(scan_id))
    return HTMLResponse(html, headers={**headers, "Content-Security-Policy": standalone_policy()})


@router.get(
    "/{scan_id}/signature",
    response_class=PlainTextResponse,
    responses={
        200: {"content": {"application/jose": {"schema": {"type": "string"}}}},
        **documented(ScanNotFound, ReportNotReady, ScanFailed, ScanExpired, InvalidRequest),
    },
)
def read_signature(scan_id: ScanId, scans: TheScans) -> PlainTextResponse:
    """The report's signature: a detached JWS over its canonical JSON (RFC 8785), Ed25519.

    The keys are at `/.well-known/assay-keys.json`; `assay verify-report` checks it offline.
    """
    return PlainTextResponse(scans.signature(scan_id), media_type="application/jose")


@router.get(
    "/{scan_id}/preview",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(ScanNotFound, PreviewNotFound, InvalidRequest),
    },
)
def read_preview(scan_id: ScanId, scans: TheScans) -> Response:
    """A JPEG picture of the file: the image, a strip of frames, or the waveform."""
    preview = scans.preview(scan_id)
    if preview is None:
        raise PreviewNotFound(f"scan {scan_id} has no preview, or not yet")
    return Response(preview, media_type="image/jpeg")


@router.get(
    "/{scan_id}/events",
    response_class=EventSourceResponse,
    responses=documented(ScanNotFound, InvalidRequest),
)
async def read_events(
    request: Request, scan: TheScan, scans: TheScans
) -> AsyncIterator[ServerSentEvent]:
    """Progress as server-sent events: `progress` at every change, `end` at the final state.

    Every event carries the whole scan. A client that reconnects with Last-Event-ID is sent what
    changed since; comments keep the connection alive in between.
    """
    seen = request.headers.get("last-event-id")

    async def look() -> Scan:
        return await run_in_threadpool(scans.get, scan.id)

    async for event in follow(look, seen):
        yield event


@router.delete("/{scan_id}", status_code=204, responses=documented(ScanNotFound, InvalidRequest))
def delete_scan(scan_id: ScanId, scans: TheScans) -> None:
    """Forget a scan at once: its file, its preview and its report, running or not."""
    scans.delete(scan_id)
