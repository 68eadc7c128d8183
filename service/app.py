"""Build the web application: API, pages, health. Nothing runs at import, no model code is loaded."""

from functools import partial
from importlib.metadata import version
from typing import Any, Final

from anyio import CapacityLimiter
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from detectors.registry import use_shelf
from service import logs
from service.api import detectors, health, keys, media, problems, scans
from service.api.guard import Guard
from service.api.submission import Fetch
from service.arguments import upload_limits
from service.fetch import Guard as FetchGuard
from service.fetch import fetch
from service.rendering.render import STATIC
from service.scans.use_cases import Scans
from service.settings import Settings
from service.web import pages
from service.wiring import build_scans

FETCHES: Final = 8
"""Addresses fetched at a time; further requests wait."""

DESCRIPTION: Final = (
    "Send a photo, video or recording; get one authenticity report: signed provenance first, then "
    "declared markers, then calibrated classifiers, with conflicts and what was not checked. "
    "Every error is application/problem+json with a stable code."
)


class Application(FastAPI):
    """FastAPI inside the guard, with the problem schema that every route's errors refer to."""

    def build_middleware_stack(self) -> ASGIApp:
        return Guard(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        document = super().openapi()
        schema = problems.Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        schemas.update(schema.pop("$defs", {}))
        schemas["Problem"] = schema
        return document


class Kept(StaticFiles):
    """Static files under addresses that change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(the_scans: Scans, get: Fetch) -> FastAPI:
    """The application over these use cases; `get` fetches addresses through the guard."""
    app = Application(
        title="assay",
        version=version("assay"),
        description=DESCRIPTION,
        openapi_url="/v1/openapi.json",
        docs_url=None,  # its page would load scripts from another host
        redoc_url=None,
    )
    app.state.scans = the_scans
    app.state.fetch = get
    app.state.fetching = CapacityLimiter(FETCHES)  # slow sites must not take every thread
    for module in (scans, media, detectors, health, keys, pages):
        app.include_router(module.router)
    app.mount("/static", Kept(directory=STATIC))
    problems.install(app, pages.problem_page)
    return app


def serve_app() -> FastAPI:
    """Factory for uvicorn: the application as the environment's settings describe it."""
    settings = Settings()
    logs.configure(json=settings.log_json)
    use_shelf(settings.weights)
    guard = FetchGuard(max_bytes=max(upload_limits(settings).values()))
    return create_app(build_scans(settings), partial(fetch, guard=guard))
