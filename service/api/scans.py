"""Scans over HTTP: send a file or an address, follow it, read its report, forget it."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import HTMLResponse, PlainTextResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from service.access.principal import Scope
from service.api.access import (
    StillReads,
    TheBoard,
    TheOrganisation,
    TheRoot,
    TheScans,
    needs,
)
from service.api.events import Followed, follow
from service.api.filters import Filters
from service.api.languages import ReadersLanguage
from service.api.negotiation import Format, chosen
from service.api.problems import documented
from service.api.recorded import TheLooking, ThePatience, recorded
from service.api.resources import asks_for_head
from service.api.views import ScanPage, ScanView
from service.db.lifecycle import FINAL, Scan
from service.db.retention_lifecycle import Part
from service.errors import (
    InvalidRequest,
    PreviewGone,
    PreviewNotFound,
    ReceiptNotFound,
    ReportGone,
    ReportNotReady,
    ScanExpired,
    ScanFailed,
    ScanNotFound,
    StorageUnavailable,
)
from service.language.languages import speaking
from service.rendering.imprint import Imprint, Paper
from service.rendering.render import render_report, standalone_policy
from service.reporting.receipt import SignedReceipt
from service.reporting.report import Report, read
from service.scans.absent import check_there
from service.scans.cursor import CURSOR
from service.scans.refusals import (
    CursorInvalid,
    ScanCancelled,
    ScanOver,
)
from service.scans.use_cases import Scans

router = APIRouter(prefix="/v1/scans", tags=["scans"])

ScanId = Annotated[
    str,
    Path(
        max_length=64,
        description="As answered when the file was sent",
        examples=["01k9x2v7qe4m8n1r5t6w0yza3c"],
    ),
]

NO_REPORT: Final = (
    ScanNotFound,
    ReportNotReady,
    ScanFailed,
    ScanCancelled,
    ScanExpired,
    ReportGone,
    InvalidRequest,
)


def _scan(scan_id: ScanId, scans: TheScans) -> Scan:
    return scans.get(scan_id)


TheScan = Annotated[Scan, Depends(_scan)]


@router.get(
    "",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(InvalidRequest, CursorInvalid),
)
def list_scans(
    scans: TheScans,
    root: TheRoot,
    wanted: Filters,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[
        str | None,
        Query(pattern=CURSOR, description="`next` of the page before, with the same filters"),
    ] = None,
) -> ScanPage:
    """Scans that match every filter that is given, the newest first unless `sort` says otherwise."""
    return ScanPage.of(scans.list(limit=limit, cursor=cursor, wanted=wanted), root)


@router.post(
    "/{scan_id}/cancel",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(ScanNotFound, ScanOver, InvalidRequest),
)
def cancel_scan(scan_id: ScanId, scans: TheScans, root: TheRoot) -> ScanView:
    """End a scan that waits or runs. It stays, as `cancelled`; its worker stops soon."""
    return ScanView.of(scans.cancel(scan_id), root)


@router.get(
    "/{scan_id}",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ScanNotFound, InvalidRequest),
)
def read_scan(scan_id: ScanId, scans: TheScans, root: TheRoot) -> ScanView:
    """State and progress of one scan."""
    return ScanView.of(scans.get(scan_id), root)


@router.get(
    "/{scan_id}/report",
    dependencies=[needs(Scope.SCANS_READ)],
    response_model=Report,
    responses={
        200: {
            "content": {
                "text/html": {"schema": {"type": "string"}},
                "application/pdf": {"schema": {"type": "string", "format": "binary"}},
            }
        },
        **documented(*NO_REPORT),
    },
)
def read_report(
    request: Request,
    scan_id: ScanId,
    scans: TheScans,
    looking: TheLooking,
    patience: ThePatience,
    organisation: TheOrganisation,
    form: Annotated[
        Format | None, Query(alias="format", description="json, html or pdf; else by Accept")
    ] = None,
    paper: Annotated[Paper, Query(description="What a PDF is made for")] = Paper.A4,
    *,
    language: ReadersLanguage,
) -> Response:
    """The authenticity report: JSON, one self-contained HTML file, or PDF/A.

    The PDF carries the JSON and its signature, so it is verified and read like them. JSON is the
    document that was signed, in English; HTML and PDF say the same in the language asked for.
    """
    headers = {"Vary": "Accept, Accept-Language"}
    form = chosen(request, form)
    if form is Format.JSON:
        document = scans.document(scan_id)
        return Response(document, media_type="application/json", headers=headers)
    if form is Format.PDF:
        with speaking(language):
            report = scans.report(scan_id)
            small = recorded(scans, scans.get(scan_id), report, looking, patience)
            made = _printed(scans, scan_id, small, Imprint(organisation, paper))
        headers["Content-Language"] = language
        return Response(made, media_type="application/pdf", headers=headers)
    with speaking(language):
        report = scans.report(scan_id)
        small = recorded(scans, scans.get(scan_id), report, looking, patience)
        html = render_report(report, scans.preview(scan_id), small)
    headers |= {"Content-Language": language, "Content-Security-Policy": standalone_policy()}
    return HTMLResponse(html, headers=headers)


def _printed(
    scans: Scans, scan_id: str, thumbnails: Mapping[str, bytes], imprint: Imprint
) -> bytes:
    from service.rendering.document import render_document

    signed = scans.signed(scan_id)
    return render_document(
        read(signed.document),
        scans.preview(scan_id),
        text=signed.document,
        signature=signed.signature,
        imprint=imprint,
        thumbnails=thumbnails,
    )


@router.get(
    "/{scan_id}/signature",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=PlainTextResponse,
    responses={
        200: {"content": {"application/jose": {"schema": {"type": "string"}}}},
        **documented(*NO_REPORT),
    },
)
def read_signature(scan_id: ScanId, scans: TheScans) -> PlainTextResponse:
    """The report's signature: a detached JWS over its canonical JSON (RFC 8785), Ed25519.

    The keys are at `/.well-known/assay-keys.json`; `assay verify-report` checks it offline.
    """
    return PlainTextResponse(scans.signature(scan_id), media_type="application/jose")


@router.get(
    "/{scan_id}/preview",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {"schema": {"type": "string", "format": "binary"}}}},
        **documented(ScanNotFound, PreviewNotFound, PreviewGone, InvalidRequest),
    },
)
def read_preview(scan_id: ScanId, scans: TheScans) -> Response:
    """A JPEG picture of the file: the image, a strip of frames, or the waveform."""
    preview = scans.preview(scan_id)
    if preview is None:
        check_there(scans.get(scan_id), Part.PREVIEWS)
        raise PreviewNotFound(f"scan {scan_id} has no preview, or none yet")
    return Response(preview, media_type="image/jpeg")


@router.get(
    "/{scan_id}/events",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=EventSourceResponse,
    responses=documented(ScanNotFound, InvalidRequest),
)
async def read_events(
    request: Request,
    scan: TheScan,
    scans: TheScans,
    board: TheBoard,
    root: TheRoot,
    still_reads: StillReads,
) -> AsyncIterator[ServerSentEvent]:
    """Progress as server-sent events: `progress` at every change, `end` at the final state.

    Every event carries the whole scan. A client that reconnects with Last-Event-ID is sent what
    changed since; comments keep the connection alive in between. The stream ends within seconds
    when the key is revoked, the session ends or the tenant is suspended.
    """
    if asks_for_head(request):
        return
    followed = Followed(
        id=scan.id,
        look=lambda: scans.get(scan.id),
        over=lambda found: found.state in FINAL,
        view=lambda found: ScanView.of(found, root),
        allowed=still_reads,
    )
    async for event in follow(followed, board, request.headers.get("last-event-id")):
        yield event


@router.delete(
    "/{scan_id}",
    dependencies=[needs(Scope.SCANS_DELETE)],
    responses=documented(ScanNotFound, StorageUnavailable, InvalidRequest),
)
def delete_scan(scan_id: ScanId, scans: TheScans) -> SignedReceipt:
    """Forget a scan at once: its file, its preview and its report, running or not.

    The answer is a signed receipt that names what was removed; `assay verify-receipt` checks it.
    """
    return scans.delete(scan_id)


@router.get(
    "/{scan_id}/receipt",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(ReceiptNotFound, InvalidRequest),
)
def read_receipt(scan_id: ScanId, scans: TheScans) -> SignedReceipt:
    """The latest receipt of a scan of which something was deleted, on request or with age."""
    return scans.receipt(scan_id)
