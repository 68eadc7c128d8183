"""Large files over HTTP: a one-time address that takes a file in pieces, by the tus protocol 1.0."""

import base64
import binascii
import re
from typing import Annotated, Any, Final, Self

from anyio import CancelScope
from fastapi import APIRouter, Header, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from starlette.concurrency import run_in_threadpool

from service.access.principal import Scope
from service.api.access import TheRoot, TheUploads, needs
from service.api.problems import documented
from service.api.uploads import BATCH_BYTES
from service.api.views import FailureView
from service.db.lifecycle import Upload, UploadState
from service.errors import (
    BlobMissing,
    ChecksumDiffers,
    DatabaseUnavailable,
    EmptyFile,
    FileTooLarge,
    InvalidRequest,
    Sha256Differs,
    StorageFull,
    StorageUnavailable,
    UnsupportedKind,
    UploadBusy,
    UploadFailed,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetDiffers,
    UploadUsed,
    UploadVersion,
    WrongContentType,
)
from service.scans.direct import DirectAddress, DirectUploads
from service.scans.resumable import CHECKSUMS

VERSION: Final = "1.0.0"
EXTENSIONS: Final = "creation,creation-defer-length,checksum,expiration,termination"
PIECE: Final = "application/offset+octet-stream"
_SHA256: Final = r"^[0-9a-fA-F]{64}$"

router = APIRouter(prefix="/v1/uploads", tags=["uploads"])


def spoken(largest: int) -> dict[str, str]:
    """What every answer below this prefix says of the protocol; `largest` file in bytes."""
    return {
        "Tus-Resumable": VERSION,
        "Tus-Version": VERSION,
        "Tus-Extension": EXTENSIONS,
        "Tus-Checksum-Algorithm": ",".join(CHECKSUMS),
        "Tus-Max-Size": str(largest),
    }


UploadId = Annotated[
    str,
    Path(
        max_length=64,
        description="The end of the address that was answered when the upload began",
        examples=["01k9x2v7qe4m8n1r5t6w0yza3c"],
    ),
]
Size = Annotated[int, Field(ge=0, le=2**62, description="Bytes of the whole file")]
Spoken = Annotated[str | None, Header(alias="Tus-Resumable", description=f"Always {VERSION}")]
Length = Annotated[Size | None, Header(alias="Upload-Length")]
Metadata = Annotated[
    str | None,
    Header(
        alias="Upload-Metadata",
        max_length=4096,
        description="`filename` and `sha256` are understood, each with its value in base64",
    ),
]


class NewUpload(BaseModel):
    """A file that is about to be sent."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=1024, examples=["interview.mp4"])
    size: Size | None = Field(default=None, description="Bytes; may be said with the last piece")
    sha256: str | None = Field(
        default=None, pattern=_SHA256, description="Of the whole file; anything else is refused"
    )
    direct: bool = Field(
        default=False,
        description="Ask for an address of the object store too; give the size with it",
    )


class DirectView(BaseModel):
    """Where to send all bytes by one PUT, past the API; then POST to the upload's `complete`."""

    address: str = Field(description="Signed: whoever knows it may send to it")
    expires_at: AwareDatetime

    @classmethod
    def of(cls, direct: DirectAddress) -> Self:
        return cls(address=direct.address, expires_at=direct.expires_at)


class UploadView(BaseModel):
    """How far one upload is; `address` is below this host."""

    id: str
    address: str = Field(description="Send the pieces here")
    state: UploadState
    name: str
    size: int | None
    received: int = Field(description="Bytes that are here for good; go on behind them")
    sha256: str | None = Field(description="As announced; once complete, as found")
    created_at: AwareDatetime
    expires_at: AwareDatetime = Field(description="Moves on with every piece")
    failure: FailureView | None
    scan: str | None = Field(description="The scan that was made of it")
    direct: DirectView | None = Field(
        description="Only where it was asked for as the upload began. None even then where no object "
        "store is configured for it, or the tenant is under zero retention: send to `address`"
    )

    @classmethod
    def of(cls, upload: Upload, root: str, direct: DirectAddress | None = None) -> Self:
        failure = upload.failure
        return cls(
            id=upload.id,
            address=f"{root}{router.prefix}/{upload.id}",
            state=upload.state,
            name=upload.name,
            size=upload.size,
            received=upload.received,
            sha256=upload.sha256,
            created_at=upload.created_at,
            expires_at=upload.expires_at,
            failure=FailureView(code=failure.code, sentence=failure.sentence) if failure else None,
            scan=upload.scan_id,
            direct=None if direct is None else DirectView.of(direct),
        )


def _header(description: str, kind: str = "integer") -> dict[str, Any]:
    return {"description": description, "schema": {"type": kind}}


_STATE: Final = {
    "Upload-Offset": _header("Bytes that are here"),
    "Upload-Expires": _header("When it is deleted unless bytes arrive", "string"),
}
_PIECE_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {PIECE: {"schema": {"type": "string", "format": "binary"}}},
    }
}


@router.post(
    "",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=201,
    responses={
        201: {
            "headers": {
                "Location": {
                    "description": "The one-time address, as in `address`",
                    "required": True,
                    "schema": {"type": "string", "format": "uri-reference"},
                },
                **_STATE,
            }
        },
        **documented(DatabaseUnavailable, EmptyFile, FileTooLarge, InvalidRequest, UploadVersion),
    },
)
def begin_upload(
    response: Response,
    uploads: TheUploads,
    root: TheRoot,
    new: NewUpload | None = None,
    version: Spoken = None,
    length: Length = None,
    metadata: Metadata = None,
) -> UploadView:
    """Get a one-time address for a file that is large or whose connection may break.

    Any client of the tus protocol can send to it, and may begin here with headers alone. Give
    `upload` instead of `file` to `POST /v1/scans` when all bytes are there.
    """
    _check_version(version)
    if new is None:
        new = _from_headers(length, metadata)
    elif length is not None or metadata is not None:
        raise InvalidRequest("describe the file in the body or in headers, not in both")
    upload = uploads.begin(new.name, size=new.size, sha256=new.sha256)
    response.headers["Location"] = f"{root}{router.prefix}/{upload.id}"
    _say_state(response, upload)
    return UploadView.of(
        upload, root, DirectUploads(uploads).address(upload) if new.direct else None
    )


@router.post(
    "/{upload_id}/complete",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses={
        200: {"headers": _STATE},
        **documented(
            BlobMissing,
            DatabaseUnavailable,
            EmptyFile,
            FileTooLarge,
            InvalidRequest,
            Sha256Differs,
            StorageFull,
            StorageUnavailable,
            UnsupportedKind,
            UploadBusy,
            UploadFailed,
            UploadIncomplete,
            UploadNotFound,
            UploadUsed,
            UploadVersion,
        ),
    },
)
def complete_upload(
    upload_id: UploadId,
    response: Response,
    uploads: TheUploads,
    root: TheRoot,
    version: Spoken = None,
) -> UploadView:
    """Say that all bytes were sent to the object store; they are read, and checked as any others.

    Asked twice it gives the same answer. An upload in pieces is complete with its last byte by
    itself.
    """
    _check_version(version)
    upload = DirectUploads(uploads).complete(upload_id)
    _say_state(response, upload)
    return UploadView.of(upload, root)


@router.get(
    "/{upload_id}",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses={
        200: {"headers": _STATE},
        **documented(DatabaseUnavailable, InvalidRequest, UploadNotFound, UploadVersion),
    },
)
def read_upload(
    upload_id: UploadId,
    response: Response,
    uploads: TheUploads,
    root: TheRoot,
    version: Spoken = None,
) -> UploadView:
    """How far the upload is. HEAD answers with the headers alone, as tus clients ask."""
    _check_version(version)
    upload = uploads.get(upload_id)
    _say_state(response, upload)
    return UploadView.of(upload, root)


@router.patch(
    "/{upload_id}",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=204,
    response_class=Response,
    openapi_extra=_PIECE_BODY,
    responses={
        204: {"headers": _STATE},
        **documented(
            BlobMissing,
            ChecksumDiffers,
            DatabaseUnavailable,
            EmptyFile,
            FileTooLarge,
            InvalidRequest,
            Sha256Differs,
            StorageFull,
            StorageUnavailable,
            UnsupportedKind,
            UploadBusy,
            UploadFailed,
            UploadNotFound,
            UploadOffsetDiffers,
            UploadVersion,
            WrongContentType,
        ),
    },
)
async def continue_upload(
    upload_id: UploadId,
    request: Request,
    uploads: TheUploads,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0, le=2**62)],
    version: Spoken = None,
    length: Length = None,
    checksum: Annotated[
        str | None,
        Header(
            alias="Upload-Checksum",
            max_length=200,
            description="`sha1` or `sha256` and the digest of this piece in base64",
        ),
    ] = None,
) -> Response:
    """Send the bytes from `Upload-Offset` on; what arrived counts even if the connection breaks.

    One request at a time: a second is refused with 409, as is one that does not go on where the
    first ended. The last piece is answered once the whole file was looked at.
    """
    _check_version(version or "missing")
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != PIECE:
        raise WrongContentType(f"pieces are sent as {PIECE}")
    appending = await run_in_threadpool(
        lambda: uploads.append(upload_id, at=offset, size=length, checksum=checksum)
    )
    try:
        pending = bytearray()
        async for chunk in request.stream():
            pending += chunk
            if len(pending) >= BATCH_BYTES:
                await run_in_threadpool(appending.write, bytes(pending))
                pending.clear()
        await run_in_threadpool(appending.write, bytes(pending))
        upload = await run_in_threadpool(appending.finish)
    finally:
        with CancelScope(shield=True):
            await run_in_threadpool(appending.close)
    response = Response(status_code=204)
    _say_state(response, upload)
    return response


@router.delete(
    "/{upload_id}",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=204,
    responses=documented(DatabaseUnavailable, InvalidRequest, UploadNotFound, UploadVersion),
)
def delete_upload(upload_id: UploadId, uploads: TheUploads, version: Spoken = None) -> None:
    """Forget an upload and its bytes at once; a scan that was made of it stays."""
    _check_version(version)
    uploads.delete(upload_id)


def _check_version(untrusted: str | None) -> None:
    if untrusted not in {None, VERSION}:
        raise UploadVersion(f"send Tus-Resumable: {VERSION}")


def _say_state(response: Response, upload: Upload) -> None:
    headers = response.headers
    headers["Upload-Offset"] = str(upload.received)
    headers["Upload-Expires"] = upload.expires_at.strftime("%a, %d %b %Y %H:%M:%S GMT")
    if upload.size is None:
        headers["Upload-Defer-Length"] = "1"
    else:
        headers["Upload-Length"] = str(upload.size)


def _from_headers(length: int | None, metadata: str | None) -> NewUpload:
    """Raises `InvalidRequest`. Keys that mean nothing here are skipped, as the protocol wants."""
    pairs = dict(map(_pair, metadata.split(","))) if metadata else {}
    sha256 = pairs.get("sha256")
    if sha256 is not None and re.fullmatch(_SHA256, sha256) is None:
        raise InvalidRequest("the sha256 in Upload-Metadata is not 64 hexadecimal digits")
    return NewUpload(name=pairs.get("filename", "")[:1024], size=length, sha256=sha256)


def _pair(untrusted: str) -> tuple[str, str]:
    key, _, value = untrusted.strip().partition(" ")
    try:
        return key, base64.b64decode(value.strip(), validate=True).decode("utf-8", "replace")
    except binascii.Error as error:
        raise InvalidRequest("a value in Upload-Metadata is not base64") from error
