"""The sound and film that was sent, played back: whole, or the part a player asks for (RFC 9110)."""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from fastapi import APIRouter, HTTPException, Request
from starlette.responses import Response, StreamingResponse

from service.access.principal import Scope
from service.api.access import TheScans, needs
from service.api.problems import documented
from service.api.resources import asks_for_head
from service.api.scans import ScanId
from service.db.retention_lifecycle import Part
from service.errors import BytesGone, InvalidRequest, MediaNotFound, ScanNotFound
from service.scans.absent import check_there

router = APIRouter(prefix="/v1/scans", tags=["scans"])

POLICY: Final = "default-src 'none'; media-src 'self'; style-src 'unsafe-inline'"
"""For a player opened at this address: the browser's own page around the file, and no script."""

_BLOCK: Final = 256 * 1024
_RANGE: Final = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


@router.get(
    "/{scan_id}/media",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=Response,
    responses={
        200: {"content": {"application/octet-stream": {"schema": {"type": "string"}}}},
        206: {"description": "The part that the Range header asks for"},
        **documented(ScanNotFound, MediaNotFound, BytesGone, InvalidRequest),
    },
)
def read_media(request: Request, scan_id: ScanId, scans: TheScans) -> Response:
    """The recording or film as it was sent, for as long as it is stored; pictures are not served.

    The type is what the content was found to be, never what the sender called it.
    """
    scan = scans.get(scan_id)
    file = scans.media(scan_id)
    if file is None:
        check_there(scan, Part.BYTES)
        raise MediaNotFound(f"scan {scan_id} has no video or sound to play")
    headers = {
        "Accept-Ranges": "bytes",
        "Content-Disposition": "inline",
        "Content-Security-Policy": POLICY,
    }
    asked = request.headers.get("range")
    part = _part(asked, scan.size) if asked is not None else None
    if part is not None and part[0] >= part[1]:
        file.close()
        raise HTTPException(416, headers={"Content-Range": f"bytes */{scan.size}"})
    start, end = part or (0, scan.size)
    status = 206 if part is not None else 200
    headers["Content-Length"] = str(end - start)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{scan.size}"
    if asks_for_head(request):
        file.close()
        return Response(status_code=status, media_type=scan.media_type, headers=headers)
    return StreamingResponse(
        _blocks(file, start, end),
        status_code=status,
        media_type=scan.media_type,
        headers=headers,
    )


def _part(untrusted: str, size: int) -> tuple[int, int] | None:
    """First byte and one past the last; None for a header to be ignored, empty beyond the end."""
    found = _RANGE.fullmatch(untrusted.strip())
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return max(0, size - int(last)), size
    start = int(first)
    end = min(size, int(last) + 1) if last else size
    return None if last and int(last) < start else (start, max(end, 0))


def _blocks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    with file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK, end - start))):
            start += len(block)
            yield block
