"""GET /v1/openapi.json: the API as OpenAPI 3.1, with what FastAPI does not know of it."""

from collections.abc import Iterator
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from service.api.problems import Problem, documented
from service.errors import UnknownParameter

router = APIRouter(include_in_schema=False)

EVENTS: Final = "text/event-stream"


@router.get("/v1/openapi.json")
def read_description(request: Request) -> JSONResponse:
    return JSONResponse(request.app.openapi())


def completed(document: dict[str, Any], root: str) -> dict[str, Any]:
    """Name the server and the problem schema, and give every operation the refusals of all."""
    document["servers"] = [{"url": root or "/", "description": "This installation"}]
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    schemas.update(schema.pop("$defs", {}))
    schemas["Problem"] = schema
    for operation in _operations(document):
        _refuses_unknown_parameters(operation["responses"])
        for response in operation["responses"].values():
            _without_item_schema(response.get("content", {}))
    return document


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for methods in document["paths"].values():
        yield from methods.values()


def _refuses_unknown_parameters(responses: dict[str, Any]) -> None:
    for status, response in documented(UnknownParameter).items():
        known = responses.setdefault(str(status), response)
        for kind, content in response["content"].items():
            known["content"][kind]["examples"].update(content["examples"])


def _without_item_schema(content: dict[str, Any]) -> None:
    """`itemSchema` belongs to OpenAPI 3.2; in 3.1 a stream of events is a text."""
    if EVENTS in content:
        content[EVENTS] = {"schema": {"type": "string"}}
