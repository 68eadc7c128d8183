"""Batches over HTTP: send many files or addresses at once, follow them, read all results, cancel."""

from collections.abc import AsyncIterator, Iterator
from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from fastapi.responses import StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from pydantic import AwareDatetime, BaseModel, Field

from service.access.principal import Scope
from service.api.access import StillReads, TheBatchBoard, TheBatches, TheRoot, needs
from service.api.batch_submission import FORM, NDJSON, submit
from service.api.events import Followed, follow
from service.api.idempotency import accepted, key_parameter
from service.api.problems import documented
from service.api.resources import asks_for_head
from service.api.views import DeathView, FailureView
from service.db.batch_lifecycle import OVER, Batch, BatchPage, BatchState, NewItem, Outcome, Result
from service.db.lifecycle import SCAN_ID
from service.errors import (
    BatchNotFound,
    BatchTooLong,
    DatabaseUnavailable,
    InvalidRequest,
    StorageFull,
    StorageUnavailable,
    UnknownField,
    WrongContentType,
)
from service.reporting.report import Profile, Verdict
from service.reporting.wording import PROFILES
from service.scans.refusals import IdempotencyKeyInUse, IdempotencyKeyInvalid, IdempotencyKeyReused

_PROFILES: Final = "; ".join(f"{name}: {words}" for name, words in PROFILES.items())

router = APIRouter(prefix="/v1/batches", tags=["batches"])

BatchId = Annotated[
    str,
    Path(
        max_length=64,
        description="As answered when the batch was sent",
        examples=["01k9x2v7qe4m8n1r5t6w0yza3c"],
    ),
]


def _batch(batch_id: BatchId, batches: TheBatches) -> Batch:
    return batches.get(batch_id)


TheBatch = Annotated[Batch, Depends(_batch)]


class WrongLine(BaseModel):
    """A line that was not taken; the others run."""

    line: int
    reference: str | None
    code: str = Field(examples=["url_refused"])
    sentence: str

    @classmethod
    def of(cls, item: NewItem) -> Self:
        code, sentence = (item.failure.code, item.failure.sentence) if item.failure else ("", "")
        return cls(line=item.line, reference=item.reference, code=code, sentence=sentence)


class BatchLinks(BaseModel):
    """Where the rest of a batch is."""

    self: str
    events: str
    results: str
    cancel: str


class BatchView(BaseModel):
    """A batch as of now; `links` hold addresses below this host."""

    id: str
    state: BatchState
    total: int = Field(description="Lines or files, wrong ones included")
    states: dict[Outcome, int] = Field(description="How many lines are in which state")
    verdicts: dict[Verdict, int] = Field(description="How many reports came to which verdict")
    created_at: AwareDatetime
    cancelled_at: AwareDatetime | None
    finished_at: AwareDatetime | None
    expires_at: AwareDatetime | None = Field(description="Forgotten then, with its scans")
    links: BatchLinks

    @classmethod
    def of(cls, batch: Batch, root: str) -> Self:
        return cls(id=batch.id, **_shown(batch, root))


class BatchAccepted(BatchView):
    """A batch that was taken, and the lines of it that were not."""

    wrong: list[WrongLine]

    @classmethod
    def taken(cls, batch: Batch, wrong: tuple[NewItem, ...], root: str) -> Self:
        lines = [WrongLine.of(item) for item in wrong]
        return cls(id=batch.id, **_shown(batch, root), wrong=lines)


class BatchPageView(BaseModel):
    """Some batches, the newest first."""

    items: list[BatchView]
    next: str | None = Field(description="Send as `before` for the page after this one")

    @classmethod
    def of(cls, page: BatchPage, root: str) -> Self:
        return cls(items=[BatchView.of(batch, root) for batch in page.items], next=page.next)


class ResultView(BaseModel):
    """What became of one line; `scan` is the id of its scan once it has one."""

    line: int
    reference: str | None
    labels: dict[str, str] | None
    url: str | None
    scan: str | None
    state: Outcome
    verdict: Verdict | None
    failure: FailureView | None
    deaths: list[DeathView] = Field(
        description="Attempts at the line or its scan that ended because a worker died, or the like"
    )

    @classmethod
    def of(cls, result: Result) -> Self:
        failure = result.failure
        return cls(
            line=result.line,
            reference=result.reference,
            labels=dict(result.labels) if result.labels is not None else None,
            url=result.url,
            scan=result.scan_id,
            state=result.outcome,
            verdict=result.verdict,
            failure=FailureView(code=failure.code, sentence=failure.sentence) if failure else None,
            deaths=[DeathView.of(noted) for noted in result.deaths],
        )


_BODY: Final[dict[str, Any]] = {
    "parameters": [key_parameter("batch", "lines or files")],
    "requestBody": {
        "required": True,
        "content": {
            NDJSON: {
                "schema": {
                    "type": "string",
                    "description": "One JSON object a line, with `url` or `upload`, and if wanted "
                    "`reference`, `labels` and `profile`",
                },
                "example": '{"url": "https://example.org/a.jpg", "reference": "post-17"}\n',
            },
            FORM: {
                "schema": {
                    "type": "object",
                    "properties": {
                        "file": {"type": "array", "items": {"type": "string", "format": "binary"}},
                        "reference": {
                            "type": "array",
                            "items": {"type": "string"},
                            "description": "Each stands before the file that it belongs to",
                        },
                    },
                    "required": ["file"],
                    "additionalProperties": False,
                }
            },
        },
    },
}


@router.post(
    "",
    dependencies=[needs(Scope.SCANS_WRITE)],
    status_code=202,
    openapi_extra=_BODY,
    responses={
        **accepted("batch"),
        **documented(
            BatchNotFound,
            BatchTooLong,
            DatabaseUnavailable,
            IdempotencyKeyInUse,
            IdempotencyKeyInvalid,
            IdempotencyKeyReused,
            InvalidRequest,
            StorageFull,
            StorageUnavailable,
            UnknownField,
            WrongContentType,
        ),
    },
)
async def create_batch(
    request: Request,
    response: Response,
    batches: TheBatches,
    root: TheRoot,
    profile: Annotated[
        Profile, Query(description=f"Of lines that name none. {_PROFILES}")
    ] = Profile.FULL,
) -> BatchAccepted:
    """Send up to 1,000 addresses and uploads as NDJSON, or files as a form.

    Every line is checked by itself: wrong ones are named in `wrong`, the others run. Workers fetch
    the addresses; one that cannot be fetched is a failed line. Nothing is promised before the
    answer, so a form that breaks off leaves nothing. A batch whose Idempotency-Key came before is
    answered as it is now, or 404 if it was deleted since.
    """
    submitted = await submit(request, batches, profile)
    response.headers["Location"] = f"{root}{router.prefix}/{submitted.batch.id}"
    if submitted.replayed:
        response.headers["Idempotency-Replayed"] = "true"
    return BatchAccepted.taken(submitted.batch, submitted.wrong, root)


@router.get("", dependencies=[needs(Scope.SCANS_READ)], responses=documented(InvalidRequest))
def list_batches(
    batches: TheBatches,
    root: TheRoot,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    before: Annotated[
        str | None, Query(pattern=SCAN_ID, description="`next` of the page before")
    ] = None,
) -> BatchPageView:
    """Batches, the newest first."""
    return BatchPageView.of(batches.list(limit=limit, before=before), root)


@router.get(
    "/{batch_id}",
    dependencies=[needs(Scope.SCANS_READ)],
    responses=documented(BatchNotFound, InvalidRequest),
)
def read_batch(batch: TheBatch, root: TheRoot) -> BatchView:
    """How far a batch is. It is finished when none of its lines is under way."""
    return BatchView.of(batch, root)


@router.get(
    "/{batch_id}/events",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=EventSourceResponse,
    responses=documented(BatchNotFound, InvalidRequest),
)
async def read_batch_events(
    request: Request,
    batch: TheBatch,
    batches: TheBatches,
    board: TheBatchBoard,
    root: TheRoot,
    still_reads: StillReads,
) -> AsyncIterator[ServerSentEvent]:
    """Progress as server-sent events: `progress` when lines got on, at most once a second, then `end`.

    Every event carries the whole batch with its counts. Otherwise as the events of a scan.
    """
    if asks_for_head(request):
        return
    followed = Followed(
        id=batch.id,
        look=lambda: batches.get(batch.id),
        over=lambda found: found.state in OVER,
        view=lambda found: BatchView.of(found, root),
        allowed=still_reads,
    )
    async for event in follow(followed, board, request.headers.get("last-event-id")):
        yield event


@router.get(
    "/{batch_id}/results",
    dependencies=[needs(Scope.SCANS_READ)],
    response_class=StreamingResponse,
    responses={
        200: {"content": {NDJSON: {"schema": {"type": "string"}}}},
        **documented(BatchNotFound, InvalidRequest),
    },
)
def read_results(batch_id: BatchId, batches: TheBatches) -> StreamingResponse:
    """What became of every line so far, one JSON object a line and in their order."""
    return StreamingResponse(_lines(batches.results(batch_id)), media_type=NDJSON)


@router.post(
    "/{batch_id}/cancel",
    dependencies=[needs(Scope.SCANS_WRITE)],
    responses=documented(BatchNotFound, InvalidRequest),
)
def cancel_batch(batch_id: BatchId, batches: TheBatches, root: TheRoot) -> BatchView:
    """Begin nothing more of a batch; scans that run go on to their end. Twice is no error."""
    return BatchView.of(batches.cancel(batch_id), root)


@router.delete(
    "/{batch_id}",
    dependencies=[needs(Scope.SCANS_DELETE)],
    status_code=204,
    responses=documented(BatchNotFound, InvalidRequest),
)
def delete_batch(batch_id: BatchId, batches: TheBatches) -> None:
    """Forget a batch at once, with all its scans, their files and their reports."""
    batches.delete(batch_id)


def _lines(results: Iterator[Result]) -> Iterator[str]:
    for result in results:
        yield ResultView.of(result).model_dump_json() + "\n"


def _shown(batch: Batch, root: str) -> dict[str, Any]:
    base = f"{root}{router.prefix}/{batch.id}"
    return {
        "state": batch.state,
        "total": batch.total,
        "states": dict(batch.outcomes),
        "verdicts": dict(batch.verdicts),
        "created_at": batch.created_at,
        "cancelled_at": batch.cancelled_at,
        "finished_at": batch.finished_at,
        "expires_at": batch.expires_at,
        "links": BatchLinks(
            self=base,
            events=f"{base}/events",
            results=f"{base}/results",
            cancel=f"{base}/cancel",
        ),
    }
