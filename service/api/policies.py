"""Policies over HTTP: put one into force, read every version, try a draft on the reports there are."""

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Path, Request, Response
from pydantic import AwareDatetime, BaseModel, Field
from starlette.concurrency import run_in_threadpool

from service.access.principal import Scope
from service.api.access import ThePrincipal, TheScans, needs
from service.api.paging import GREATEST, Before, Limit
from service.api.problems import documented
from service.db.policies import KeptPolicy
from service.errors import (
    DatabaseUnavailable,
    InvalidRequest,
    PolicyInvalid,
    PolicyNotFound,
)
from service.names import no_such
from service.policies.document import MAX_BYTES, Policy, checked, parsed
from service.policies.replay import Replay
from service.scans.deciding import MOST_REPLAYED

router = APIRouter(prefix="/v1/policies", tags=["policies"])

LAST: Final = 200
"""Reports that a replay looks at where nothing else is asked."""

_READ: Final = needs(Scope.SCANS_READ)
_POLICY: Final = {"$ref": "#/components/schemas/Policy"}
_PUT: Final[dict[str, Any]] = {
    "requestBody": {"required": True, "content": {"application/json": {"schema": _POLICY}}}
}
_REPLAY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {
                        "policy": _POLICY,
                        "last": {
                            "type": "integer",
                            "minimum": 1,
                            "maximum": MOST_REPLAYED,
                            "default": LAST,
                            "description": "Reports to try it on, the newest first",
                        },
                    },
                    "required": ["policy"],
                    "additionalProperties": False,
                }
            }
        },
    }
}


class PolicyView(BaseModel):
    """One version of the policy, and who put it there; one without a document withdrew it."""

    version: int
    name: str | None
    digest: str | None = Field(description="sha256 over the canonical JSON, as decisions name it")
    actor: str
    created_at: AwareDatetime
    document: Policy | None = Field(description="None: from this version on nothing decides")

    @classmethod
    def of(cls, kept: KeptPolicy) -> Self:
        policy = kept.policy
        return cls(
            version=kept.version,
            name=policy.name if policy is not None else None,
            digest=policy.digest if policy is not None else None,
            actor=kept.actor,
            created_at=kept.created_at,
            document=policy,
        )


class PolicyPage(BaseModel):
    """Some versions, the newest first."""

    active: int | None = Field(description="The version in force; None: nothing decides")
    items: list[PolicyView]
    next: int | None = Field(description="Send as `before` for the page after this one")


@router.put(
    "",
    dependencies=[needs(Scope.POLICY_WRITE)],
    openapi_extra=_PUT,
    responses={201: {"model": PolicyView}, **documented(PolicyInvalid, DatabaseUnavailable)},
)
async def put_policy(
    request: Request, response: Response, scans: TheScans, principal: ThePrincipal
) -> PolicyView:
    """Put a policy into force for all reports from now on: 201 with the version it was given.

    200 where the policy in force says the same already. Reports that exist keep their decisions.
    """
    policy = checked(parsed(await _body(request)))
    kept, new = await run_in_threadpool(lambda: scans.policies.put(policy, actor=principal.actor))
    response.status_code = 201 if new else 200
    return PolicyView.of(kept)


@router.delete(
    "",
    dependencies=[needs(Scope.POLICY_WRITE)],
    responses=documented(PolicyNotFound, DatabaseUnavailable),
)
def withdraw_policy(scans: TheScans, principal: ThePrincipal) -> PolicyView:
    """Let nothing decide from now on: a version of its own says so in the history.

    Reports that exist keep their decisions, and earlier versions can be read and put again.
    """
    return PolicyView.of(scans.policies.withdraw(actor=principal.actor))


@router.get("", dependencies=[_READ], responses=documented(InvalidRequest))
def list_policies(
    scans: TheScans,
    limit: Limit = 20,
    before: Before = None,
) -> PolicyPage:
    """Every version there ever was, the newest first. The newest is in force."""
    policies = scans.policies
    found = policies.list(limit=limit + 1, before=before)
    active = policies.active()
    items = [PolicyView.of(kept) for kept in found[:limit]]
    return PolicyPage(
        active=active.version if active is not None else None,
        items=items,
        next=items[-1].version if len(found) > limit else None,
    )


@router.get(
    "/{version}",
    dependencies=[_READ],
    responses=documented(PolicyNotFound, InvalidRequest),
)
def read_policy(
    scans: TheScans, version: Annotated[int, Path(ge=1, le=GREATEST, examples=[1])]
) -> PolicyView:
    """One version."""
    return PolicyView.of(scans.policies.get(version))


@router.post(
    "/replay",
    dependencies=[_READ],
    openapi_extra=_REPLAY,
    responses=documented(PolicyInvalid),
)
async def replay_policy(request: Request, scans: TheScans) -> Replay:
    """Say what a draft would decide otherwise about the newest reports. Nothing is changed.

    `before` in the answer is what a report carries; null where no policy decided about it.
    """
    policy, last = _asked(parsed(await _body(request)))
    return await run_in_threadpool(lambda: scans.policies.replay(policy, last=last))


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BYTES:
            break  # refused by whoever reads it
    return bytes(body)


def _asked(untrusted: object) -> tuple[Policy, int]:
    if not isinstance(untrusted, dict):
        raise PolicyInvalid(("$", "input should be an object with the field policy"))
    known = ("policy", "last")
    for name in untrusted:
        if name not in known:
            raise PolicyInvalid(("$", no_such("field", name, known)))
    if "policy" not in untrusted:
        raise PolicyInvalid(("$.policy", "this field is needed"))
    last = untrusted.get("last", LAST)
    if type(last) is not int or not 1 <= last <= MOST_REPLAYED:
        raise PolicyInvalid(("$.last", f"input should be a number from 1 to {MOST_REPLAYED}"))
    return checked(untrusted["policy"], "$.policy"), last
