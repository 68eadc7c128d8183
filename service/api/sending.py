"""Send a file and get a scan: the one route that every upload takes."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from service.access.principal import Scope
from service.api.access import TheIntake, needs
from service.api.direct import Direct
from service.api.idempotency import accepted
from service.api.problems import documented
from service.api.scan_form import FORM, WORDS
from service.api.submission import submit
from service.api.views import ScanView
from service.errors import (
    DatabaseUnavailable,
    EmptyFile,
    FetchFailed,
    FileTooLarge,
    InvalidRequest,
    ScanNotFound,
    StorageFull,
    StorageUnavailable,
    UnknownField,
    UnsupportedKind,
    UploadFailed,
    UploadIncomplete,
    UploadNotFound,
    UploadUsed,
    UrlRefused,
)
from service.reporting.report import Profile
from service.scans.refusals import IdempotencyKeyInUse, IdempotencyKeyInvalid, IdempotencyKeyReused

router = APIRouter(prefix="/v1/scans", tags=["scans"], route_class=Direct)


@router.post(
    "",
    status_code=202,
    response_model=ScanView,
    dependencies=[needs(Scope.SCANS_WRITE)],
    openapi_extra=FORM,
    responses={
        **accepted("scan"),
        **documented(
            DatabaseUnavailable,
            EmptyFile,
            FetchFailed,
            FileTooLarge,
            IdempotencyKeyInUse,
            IdempotencyKeyInvalid,
            IdempotencyKeyReused,
            InvalidRequest,
            ScanNotFound,
            StorageFull,
            StorageUnavailable,
            UnknownField,
            UnsupportedKind,
            UploadFailed,
            UploadIncomplete,
            UploadNotFound,
            UploadUsed,
            UrlRefused,
        ),
    },
)
async def create_scan(
    request: Request,
    intake: TheIntake,
    profile: Annotated[
        Profile | None, Query(description=f"{WORDS}; else the form's, else full")
    ] = None,
) -> Response:
    """Send one file, or the address or the upload of one, as a form. The Location header says where it is.

    The bytes are checked while they arrive: a refusal comes before the upload is complete. A scan
    whose Idempotency-Key came before is answered as it is now, or 404 if it was deleted since.
    """
    submitted = await submit(request, intake, profile)
    headers = {"Location": f"{intake.root}/v1/scans/{submitted.scan.id}"}
    if submitted.replayed:
        headers["Idempotency-Replayed"] = "true"
    document = ScanView.of(submitted.scan, intake.root).model_dump_json()
    return Response(document, 202, headers, media_type="application/json")
