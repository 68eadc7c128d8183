"""Build the web application: API, pages, health. Nothing runs at import, no model code is loaded."""

import re
from functools import cache, partial
from importlib.metadata import version
from typing import Any, Final

from anyio import CapacityLimiter
from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from fastapi.telemetry import TelemetryConfig
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Scope

from detectors.registry import use_shelf
from provenance.trust import TrustStore
from service import logs, tracing
from service.api import (
    assignment,
    audit_log,
    batches,
    description,
    detectors,
    health,
    keys,
    lines,
    links,
    looking,
    media,
    notes,
    policies,
    problems,
    quarantine,
    resumable,
    retention,
    reviews,
    scans,
    sending,
    similar,
    webhooks,
)
from service.api.access import Rules, rules
from service.api.authentication import Entrance
from service.api.description import completed
from service.api.events import BATCH_LOOK_SECONDS, Board
from service.api.guard import Guard
from service.api.hosts import Hosts
from service.api.languages import InLanguage
from service.api.proxy import BehindProxy, Proxies
from service.api.resources import Resource, Resources, table
from service.api.submission import Fetch
from service.arguments import trust_store
from service.db.lifecycle import VIEWS_QUEUE, WEBHOOKS_QUEUE
from service.entrance import build_entrance
from service.rendering.render import STATIC
from service.scans.batches import Batches
from service.scans.looking import Looking
from service.scans.places import Places
from service.scans.queue import QUEUES
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans
from service.settings import Settings, read_settings
from service.startup import explained
from service.watching.installation import Installation
from service.web import (
    account,
    listing,
    pages,
    people,
    provider,
    selected,
    shared,
    sign_in,
    teamwork,
)
from service.web import looking as looking_pages
from service.web import notes as note_pages
from service.web import quarantine as quarantine_pages
from service.web import reviews as review_pages
from service.webhooks.use_cases import Webhooks
from service.wiring import build, guarded_fetch, open_database, shared_places

FETCHES: Final = 8
"""Addresses fetched at a time; further requests wait."""

ROUTED: Final = (
    sending,  # first, since a request is held against one route after the other
    webhooks,
    scans,
    quarantine,
    batches,
    resumable,
    retention,
    reviews,
    policies,
    audit_log,
    media,
    lines,
    assignment,
    notes,
    links,
    looking,
    similar,
    detectors,
    health,
    keys,
    description,
    listing,
    selected,
    pages,
    looking_pages,
    review_pages,
    quarantine_pages,
    note_pages,
    teamwork,
    shared,
    sign_in,
    provider,
    account,
    people,
)

_SILENT: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "auto_configure": False,
}
"""The framework's own telemetry tells of addresses with their queries; `tracing` does not."""

DESCRIPTION: Final = (
    "Send a photo, video or recording; get one authenticity report: signed provenance first, then "
    "declared markers, then calibrated classifiers, with conflicts and what was not checked. "
    "Every error is application/problem+json with a stable code."
)


class Application(FastAPI):
    """FastAPI inside what surrounds every request, and its description as it really is."""

    proxies: Proxies
    resources: tuple[Resource, ...]
    rules: Rules
    hosts = Hosts()

    def build_middleware_stack(self) -> ASGIApp:
        refuse = partial(problems.refusal, page=pages.problem_page)
        inner = Resources(super().build_middleware_stack(), self.resources, refuse)
        return BehindProxy(Guard(InLanguage(inner), self.hosts), self.proxies)

    def openapi(self) -> dict[str, Any]:
        return completed(super().openapi(), self.proxies.root, self.rules)


class Kept(StaticFiles):
    """Static files under addresses that change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(
    the_scans: Scans,
    get: Fetch,
    trust: TrustStore,
    entrance: Entrance,
    *,
    uploads: Uploads,
    the_batches: Batches,
    the_webhooks: Webhooks,
    the_views: Looking,
    places: Places | None = None,
    patience: float = looking.PATIENCE,
    organisation: str = "",
    hosts: Hosts | None = None,
    proxies: Proxies | None = None,
) -> FastAPI:
    """The application over these use cases; `get` fetches addresses through the guard.

    `entrance` says who a request comes from. It answers to the names in `hosts`, and to those of
    loopback alone without. `trust` is only shown: whom a scan believes is up to the workers' own
    settings.
    """
    app = Application(
        title="assay",
        version=version("assay"),
        description=DESCRIPTION,
        openapi_url=None,  # served by `description` like everything else
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
        telemetry=_SILENT,
    )
    app.proxies = proxies or Proxies()
    app.hosts = hosts or Hosts()
    app.state.scans = the_scans
    app.state.entrance = entrance
    app.state.progress = Board(the_scans.marks)
    app.state.batch_progress = Board(the_batches.marks, seconds=BATCH_LOOK_SECONDS)
    app.state.uploads = uploads
    app.state.batches = the_batches
    app.state.webhooks = the_webhooks
    app.state.looking = the_views
    app.state.patience = patience
    app.state.organisation = organisation
    app.state.fetch = get
    app.state.places = places or Places()
    app.state.trust = trust
    app.state.fetching = CapacityLimiter(FETCHES)  # slow sites must not take every thread
    app.router.routes.extend(_routes())
    spoken = {
        resumable.router.prefix: resumable.spoken(uploads.largest),
        shared.router.prefix: shared.HEADERS,
    }
    routers = [module.router for module in ROUTED]
    app.rules = rules(routers)
    app.mount("/static", Kept(directory=STATIC))
    app.resources = (
        *table(routers, spoken),
        Resource(re.compile("/static/.*"), frozenset({"GET"})),
    )
    problems.install(app, pages.problem_page)
    return app


@cache
def _routes() -> tuple[BaseRoute, ...]:
    """Of every module; FastAPI works out what they need once, however many applications there are."""
    together = APIRouter(generate_unique_id_function=lambda route: route.name)
    for module in ROUTED:
        together.include_router(module.router)
    return tuple(together.routes)


def serve_app() -> FastAPI:
    """Factory for uvicorn: the application as the environment's settings describe it."""
    with explained():
        return build_app(read_settings())


def build_app(settings: Settings, *, alone: bool = False) -> FastAPI:
    """The application that these settings describe, `alone` for one person on loopback.

    Raises `SettingsInvalid`.
    """
    logs.configure(json=settings.log_json)
    tracing.configure("assay-api")  # its rest is sent when Python ends
    use_shelf(settings.weights)
    database = open_database(settings)
    built = build(settings, database=database)
    app = create_app(
        built.scans,
        guarded_fetch(settings),
        trust_store(settings),
        build_entrance(settings, database, alone=alone),
        uploads=built.uploads,
        the_batches=built.batches,
        the_webhooks=built.webhooks,
        the_views=built.looking,
        places=shared_places(settings),
        organisation=settings.organisation,
        hosts=Hosts(settings.allowed_hosts),
        proxies=Proxies(settings.trusted_proxies, settings.root_path),
    )
    app.state.installation = Installation(
        database, built.scans.ready, (*QUEUES, VIEWS_QUEUE, WEBHOOKS_QUEUE)
    )
    return app
