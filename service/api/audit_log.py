"""The tenant's audit log over HTTP: its lines and the signed checkpoints."""

from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import AwareDatetime, BaseModel, Field

from service.access.principal import Scope
from service.api.access import TheScans, needs
from service.api.problems import documented
from service.errors import InvalidRequest

router = APIRouter(prefix="/v1/audit-log", tags=["audit log"])


class LineView(BaseModel):
    """One deed. `digest` is the SHA-256 of the canonical JSON of the rest and the digest before."""

    line: int = Field(ge=1, description="Its place, from 1")
    at: AwareDatetime
    actor: str = Field(examples=["key:7f3k2m", "account:01k9", "local", "service"])
    deed: str = Field(examples=["scan.accepted"])
    object: str = Field(examples=["scan:01k9x2v7qe4m8n1r5t6w0yza3c"])
    detail: dict[str, Any]
    digest: str


class LogPage(BaseModel):
    """Some lines, the oldest first."""

    items: list[LineView]
    next: int | None = Field(description="Send as `after` for the page after this one")


class CheckpointView(BaseModel):
    """The end of the log on a day, and the detached JWS over `document`. Keep it elsewhere."""

    day: str = Field(examples=["2026-11-28"])
    document: str
    signature: str


@router.get("", dependencies=[needs(Scope.ADMIN)], responses=documented(InvalidRequest))
def read_log(
    scans: TheScans,
    after: Annotated[int, Query(ge=0, le=2**53, description="`next` of the page before")] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    of: Annotated[
        str | None, Query(max_length=127, description="Only about this, such as scan:ID")
    ] = None,
) -> LogPage:
    """Who did what to which scan, key or policy. A deed is listed a few seconds after it was done."""
    lines = list(islice(scans.log(after=after, of=of), limit + 1))
    items = [LineView.model_validate(line, from_attributes=True) for line in lines[:limit]]
    return LogPage(items=items, next=items[-1].line if len(lines) > limit else None)


@router.get("/checkpoints", dependencies=[needs(Scope.ADMIN)], responses=documented(InvalidRequest))
def read_checkpoints(scans: TheScans) -> list[CheckpointView]:
    """One signed checkpoint a day; they prove later that nothing before them was changed."""
    found = scans.checkpoints()
    return [CheckpointView.model_validate(one, from_attributes=True) for one in found]
