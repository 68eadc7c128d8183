"""The API's description as a page of ours: the usual viewers load scripts from other hosts."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from service.language.spoken import Words

JSON: Final = "application/json"
FORM: Final = "multipart/form-data"
METHODS: Final = ("post", "put", "patch", "get", "delete")
PLACES: Final = Words(
    {
        "path": "in the path",
        "query": "in the query",
        "header": "as a header",
        "cookie": "as a cookie",
        "form": "in the form",
        "JSON": "in the JSON",
    }
)
"""Where a request names a parameter."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    place: str
    required: bool
    about: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One status with the media types it comes in and, for problems, the codes."""

    status: str
    about: str
    kinds: tuple[str, ...]
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path, with a command line that calls it."""

    method: str
    path: str
    summary: str
    about: str
    parameters: tuple[Parameter, ...]
    answers: tuple[Answer, ...]
    command: str


def operations(document: Mapping[str, Any], base: str) -> Iterator[Operation]:
    """Every operation of an OpenAPI document; `base` is the address of this service."""
    for path, methods in document["paths"].items():
        for method in (name for name in METHODS if name in methods):
            found = methods[method]
            yield Operation(
                method=method.upper(),
                path=path,
                summary=found["summary"],
                about=found.get("description", ""),
                parameters=tuple(_parameters(found, document)),
                answers=tuple(_answer(status, it) for status, it in found["responses"].items()),
                command=_command(method, base + path, found),
            )


def _parameters(operation: Mapping[str, Any], document: Mapping[str, Any]) -> Iterator[Parameter]:
    for item in operation.get("parameters", ()):
        yield Parameter(item["name"], item["in"], bool(item.get("required")), _about(item))
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        place = "JSON" if kind == JSON else "form"
        schema = _referred(content["schema"], document)
        for name, item in schema.get("properties", {}).items():
            yield Parameter(name, place, name in schema.get("required", ()), about=_about(item))


def _referred(schema: Mapping[str, Any], document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema itself, or the one of the components that it names; of several the first."""
    if "anyOf" in schema:
        return _referred(schema["anyOf"][0], document)
    if "$ref" not in schema:
        return schema
    found: Mapping[str, Any] = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def _about(item: Mapping[str, Any]) -> str:
    schema = item.get("schema", item)
    bounds = ""
    if "minimum" in schema and "maximum" in schema:
        bounds = f"{schema['minimum']} to {schema['maximum']}"
    return str(item.get("description", bounds))


def _answer(status: str, response: Mapping[str, Any]) -> Answer:
    content = response.get("content", {})
    codes = [code for item in content.values() for code in item.get("examples", {})]
    return Answer(status, response["description"], tuple(content), tuple(codes))


def _command(method: str, address: str, operation: Mapping[str, Any]) -> str:
    body = operation.get("requestBody", {}).get("content", {})
    if JSON in body:
        put = " -X PUT" if method == "put" else ""
        address = address.replace("{scan_id}", "ID")
        return f"curl{put} -H 'Content-Type: {JSON}' -d @body.json {address}"
    if FORM in body:
        return f"curl -F file=@square.jpg {address}"
    if body:
        kind = next(iter(body))
        address = address.replace("{upload_id}", "ID")
        return f"curl -X {method.upper()} -H 'Content-Type: {kind}' --data-binary @square.jpg {address}"
    flags = {"delete": "-X DELETE "}.get(method, "-N " if address.endswith("/events") else "")
    return f"curl {flags}{address}".replace("{scan_id}", "ID").replace("{version}", "1")
