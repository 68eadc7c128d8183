"""GET /v1/openapi.json: the API as OpenAPI 3.1, with what FastAPI does not know of it."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from service.access.principal import Scope
from service.access_errors import (
    CredentialsMissing,
    KeyExpired,
    KeyInvalid,
    ScopeMissing,
    TenantSuspended,
    TooManyRequests,
)
from service.api.access import PUBLIC, Rules
from service.api.problems import Problem, documented
from service.errors import ServiceError, UnknownParameter

router = APIRouter(include_in_schema=False)

EVENTS: Final = "text/event-stream"
SCHEMES: Final[dict[str, dict[str, str]]] = {
    "key": {
        "type": "http",
        "scheme": "bearer",
        "description": "An API key, as `assay admin key create` prints it. Where the service is "
        "open none is needed.",
    }
}
"""How to show who asks, as OpenAPI's security schemes; any one of them does."""


@router.get("/v1/openapi.json", dependencies=[PUBLIC])
def read_description(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def completed(document: dict[str, Any], root: str, rules: Rules) -> dict[str, Any]:
    """Name the server, the problem schema and the ways in, and give operations their refusals."""
    document["servers"] = [{"url": root or "/", "description": "This installation"}]
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
    document["components"]["securitySchemes"] = SCHEMES
    for method, path, operation in _operations(document):
        _refuses(operation["responses"], UnknownParameter)
        _asks_for(operation, rules[method, path])
        for response in operation["responses"].values():
            _without_item_schema(response.get("content", {}))
    return document


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield method.upper(), path, operation


def _asks_for(operation: dict[str, Any], scope: Scope | None) -> None:
    """Since OpenAPI 3.1 any scheme may name the rights that an operation needs."""
    if scope is None:
        operation["security"] = []
        return
    operation["security"] = [{scheme: [scope.value]} for scheme in SCHEMES]
    refusals = (
        CredentialsMissing,
        KeyInvalid,
        KeyExpired,
        ScopeMissing,
        TenantSuspended,
        TooManyRequests,
    )
    _refuses(operation["responses"], *refusals)


def _refuses(responses: dict[str, Any], *errors: type[ServiceError]) -> None:
    for status, response in documented(*errors).items():
        known = responses.setdefault(str(status), response)
        for kind, content in response["content"].items():
            known["content"][kind]["examples"].update(content["examples"])


def _without_item_schema(content: dict[str, Any]) -> None:
    """`itemSchema` belongs to OpenAPI 3.2; in 3.1 a stream of events is a text."""
    if EVENTS in content:
        content[EVENTS] = {"schema": {"type": "string"}}
