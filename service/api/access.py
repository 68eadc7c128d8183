"""What routes are given, and the rule that each of them declares: the scope it needs, or `PUBLIC`."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, cast

from fastapi import APIRouter, Depends, Request
from fastapi.dependencies.models import Dependant
from fastapi.params import Depends as Dependency
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from structlog.contextvars import bind_contextvars

from provenance.trust import TrustStore
from service.access.meter import Allowance, Count
from service.access.principal import Principal, Scope
from service.access_errors import ScopeMissing, TooManyRequests
from service.api.authentication import entrance
from service.api.events import Board
from service.api.sessions import forget_session, read_token
from service.api.submission import Fetch, Intake
from service.db.trail import act_as
from service.errors import ServiceError
from service.scans.batches import Batches
from service.scans.places import Places
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans
from service.webhooks.use_cases import Webhooks


async def principal_of(request: Request) -> Principal:
    """Let in whoever asks, counted. Raises what `Entrance.admit` raises, and `TooManyRequests`."""
    await read_token(request)
    stranger = entrance(request).unasked(request)
    if stranger is None:
        principal, count = await run_in_threadpool(_admit, request)
    else:
        principal, count = stranger, Count()
    bind_contextvars(tenant=principal.tenant, actor=principal.actor)
    act_as(principal.actor)
    request.state.standings = count.standings
    if count.exceeded is not None:
        it = count.exceeded
        raise TooManyRequests(
            f"a {it.name} may send {it.amount} requests a minute", it.reset_seconds
        )
    return principal


def _admit(request: Request) -> tuple[Principal, Count]:
    principal = entrance(request).admit(request)
    return principal, entrance(request).meter.request(principal)


ThePrincipal = Annotated[Principal, Depends(principal_of)]
"""Whoever the request comes from."""


@dataclass(frozen=True, slots=True)
class Needs:
    """The rule of a route that only a principal with this scope may use."""

    scope: Scope

    async def __call__(self, principal: ThePrincipal) -> None:
        if not principal.may(self.scope):
            raise ScopeMissing(self.scope)


async def _anybody() -> None:
    """The rule of a route that asks for nothing."""


PUBLIC: Final = Depends(_anybody)
"""`dependencies=[PUBLIC]`: this route is for everybody, keys and accounts or not."""


def needs(scope: Scope) -> Dependency:
    """`dependencies=[needs(Scope.SCANS_READ)]`: the rule of a route.

    It is asked before anything of the request's body is read.
    """
    return cast(Dependency, Depends(Needs(scope)))


Rules = Mapping[tuple[str, str], Scope | None]
"""The scope that each route needs, by its method and its path."""


def rule_of(route: APIRoute) -> Scope | None:
    """The scope that a route needs, None for a public one. Raises `TypeError` without one rule."""
    rules = list(_rules(route.dependant))
    if len(rules) != 1:
        raise TypeError(f"{route.path} declares {len(rules)} rules of access instead of one")
    return rules[0]


def rules(routers: Iterable[APIRouter]) -> Rules:
    """The rule of every route. Raises `TypeError` as `rule_of` does."""
    routes = (route for router in routers for route in router.routes)
    return {
        (method, route.path_format): rule_of(route)
        for route in routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }


def _rules(dependant: Dependant) -> Iterator[Scope | None]:
    for inner in dependant.dependencies:
        if isinstance(inner.call, Needs):
            yield inner.call.scope
        elif inner.call is _anybody:
            yield None


async def _scans(request: Request, principal: ThePrincipal) -> Scans:
    everything = await _everything(request)
    return everything.of(principal.tenant, _allowance(request, principal))


def _allowance(request: Request, principal: Principal) -> Allowance:
    return Allowance(entrance(request).meter, principal)


async def _everything(request: Request) -> Scans:
    return cast(Scans, request.app.state.scans)


async def intake_of(request: Request, principal: ThePrincipal) -> Intake:
    """Where the parts of a form go that this principal sends."""
    return Intake(
        scans=await _scans(request, principal),
        uploads=await _uploads(request, principal),
        fetch=cast(Fetch, request.app.state.fetch),
        places=cast(Places, request.app.state.places),
        root=_root(request),
    )


async def _trust(request: Request) -> TrustStore:
    return cast(TrustStore, request.app.state.trust)


async def _organisation(request: Request) -> str:
    return cast(str, request.app.state.organisation)


def _root(request: Request) -> str:
    return str(request.scope.get("root_path", ""))


async def _board(request: Request) -> Board:
    return cast(Board, request.app.state.progress)


async def _batch_board(request: Request) -> Board:
    return cast(Board, request.app.state.batch_progress)


async def _still_reads(request: Request, principal: ThePrincipal) -> Callable[[], bool]:
    def still_reads() -> bool:
        forget_session(request)
        try:
            now = entrance(request).admit(request)
        except ServiceError as error:
            if error.status in {401, 403}:
                return False
            raise
        return now.tenant == principal.tenant and now.may(Scope.SCANS_READ)

    return still_reads


async def _uploads(request: Request, principal: ThePrincipal) -> Uploads:
    return cast(Uploads, request.app.state.uploads).of(principal.tenant)


async def _batches(request: Request, principal: ThePrincipal) -> Batches:
    return cast(Batches, request.app.state.batches).of(
        principal.tenant, _allowance(request, principal)
    )


async def _webhooks(request: Request, principal: ThePrincipal) -> Webhooks:
    return cast(Webhooks, request.app.state.webhooks).of(principal.tenant)


async def _everybodys_webhooks(request: Request) -> Webhooks:
    return cast(Webhooks, request.app.state.webhooks)


TheBoard = Annotated[Board, Depends(_board)]
TheBatchBoard = Annotated[Board, Depends(_batch_board)]
StillReads = Annotated[Callable[[], bool], Depends(_still_reads)]
"""Whether whoever the request comes from might still ask it; to be called in a thread."""
TheScans = Annotated[Scans, Depends(_scans)]
TheUploads = Annotated[Uploads, Depends(_uploads)]
TheBatches = Annotated[Batches, Depends(_batches)]
TheWebhooks = Annotated[Webhooks, Depends(_webhooks)]
"""The use cases for the scans of the principal's tenant."""
TheInstallation = Annotated[Scans, Depends(_everything)]
"""The use cases that concern no tenant: whether the service is ready, and its public keys."""
TheIntake = Annotated[Intake, Depends(intake_of)]
AllWebhooks = Annotated[Webhooks, Depends(_everybodys_webhooks)]
"""The use cases that concern no tenant: how far the telling is behind."""
TheTrust = Annotated[TrustStore, Depends(_trust)]
TheRoot = Annotated[str, Depends(_root)]
TheOrganisation = Annotated[str, Depends(_organisation)]
"""The name at the head of documents, or nothing."""
"""What stands before every address of ours: empty, or the path that the service lies under."""
