"""What every address allows: its methods, HEAD and OPTIONS among them, and its query parameters."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import parse_qsl

from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.errors import InvalidRequest, ServiceError, UnknownParameter
from service.names import no_such

MAX_PARAMETERS: Final = 32
ANY_QUERY: Final = "any query"
"""Tag of a route to which others send parameters of their own choice."""

Refuse = Callable[[Request, Exception], Response]
"""Turns an error into the answer that a route would have given."""


@dataclass(frozen=True, slots=True)
class Resource:
    """A route as a table knows it. Without `parameters` the query is nobody's business."""

    path: re.Pattern[str]
    methods: frozenset[str]
    parameters: frozenset[str] | None = None
    headers: Mapping[str, str] = field(default_factory=dict)  # of every answer, refusals included


class Resources:
    """ASGI middleware that knows the whole table, so that 405 and OPTIONS name every method.

    Routes never see OPTIONS or HEAD: a HEAD is a GET whose body is dropped. `asks_for_head` tells
    a route that would stream one.
    """

    def __init__(self, app: ASGIApp, table: Iterable[Resource], refuse: Refuse) -> None:
        self._app = app
        self._table = tuple(table)
        plain = (_plain(it.path) for it in self._table)
        self._plain = {path: self._at(path) for path in plain if path is not None}
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "").removeprefix(scope.get("root_path", ""))
        found = self._plain.get(path) or self._at(path)
        if scope["type"] != "http" or not found:
            await self._app(scope, receive, send)
            return
        if found[0].headers:
            send = _with(found[0].headers, send)
        answer = self._answer(scope, found)
        if answer is not None:
            await answer(scope, receive, send)
        elif scope["method"] == "HEAD":
            scope.setdefault("state", {})["head"] = True
            await self._app({**scope, "method": "GET"}, receive, _bodiless(send))
        else:
            await self._app(scope, receive, send)

    def _at(self, path: str) -> list[Resource]:
        return [it for it in self._table if it.path.fullmatch(path)]

    def _answer(self, scope: Scope, found: list[Resource]) -> Response | None:
        """The whole answer where no route is needed for it."""
        method = scope["method"]
        methods = frozenset[str]().union(*(it.methods for it in found)) | {"OPTIONS"}
        if "GET" in methods:
            methods |= {"HEAD"}
        allow = {"Allow": ", ".join(sorted(methods))}
        if method == "OPTIONS":
            return Response(status_code=204, headers=allow)
        if method not in methods:
            return self._refuse(Request(scope), HTTPException(405, headers=allow))
        asked = "GET" if method == "HEAD" else method
        known = next(it.parameters for it in found if asked in it.methods)
        try:
            _check_query(scope["query_string"], known)
        except ServiceError as error:
            return self._refuse(Request(scope), error)
        return None


def table(
    routers: Iterable[APIRouter], headers: Mapping[str, Mapping[str, str]]
) -> Iterator[Resource]:
    """The routes of these routers as resources; `headers` for all with a certain prefix."""
    for router in routers:
        for route in router.routes:
            if isinstance(route, APIRoute):
                free = ANY_QUERY in route.tags
                names = None if free else frozenset(_parameters(route.dependant))
                methods = frozenset(route.methods or ())
                added = headers.get(router.prefix, {})
                yield Resource(route.path_regex, methods, names, added)


def asks_for_head(request: Request) -> bool:
    """Whether the client wants the headers alone."""
    return bool(getattr(request.state, "head", False))


def _plain(pattern: re.Pattern[str]) -> str | None:
    """The one path that a pattern without parameters is for."""
    path = pattern.pattern.removeprefix("^").removesuffix("$")
    return path if pattern.fullmatch(path) else None


def _parameters(dependant: Dependant) -> Iterator[str]:
    yield from (field.alias for field in dependant.query_params)
    for inner in dependant.dependencies:
        yield from _parameters(inner)


def _check_query(untrusted_query: bytes, known: frozenset[str] | None) -> None:
    """Raises `UnknownParameter` and `InvalidRequest`."""
    if known is None or not untrusted_query:
        return
    try:
        pairs = parse_qsl(
            untrusted_query.decode("latin-1"), keep_blank_values=True, max_num_fields=MAX_PARAMETERS
        )
    except ValueError as error:
        raise InvalidRequest(f"the query has more than {MAX_PARAMETERS} parameters") from error
    names = [name for name, _ in pairs]
    for name in names:
        if name not in known:
            raise UnknownParameter(no_such("query parameter", name, known))
        if names.count(name) > 1:
            raise InvalidRequest(f"the query parameter {name} was sent twice")


def _with(headers: Mapping[str, str], send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(headers)
        await send(message)

    return with_headers


def _bodiless(send: Send) -> Send:
    async def without_body(message: Message) -> None:
        if message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await send(message)

    return without_body
