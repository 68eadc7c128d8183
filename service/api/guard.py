"""What surrounds every request: an id, refusal of other sites' writes, security headers."""

import re
import time
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import figures, tracing
from service.access.meter import Standing
from service.api.hosts import Hosts
from service.api.problems import MEDIA_TYPE, Problem

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self'; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
"""Added to every response that does not set them itself."""

Field = tuple[bytes, bytes]
"""A header as ASGI has it."""

_FIELDS: Final = [
    (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in HEADERS.items()
]
_SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_METHODS: Final = frozenset({*_SAFE, "POST", "PUT", "PATCH", "DELETE"})
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


class Guard:
    """ASGI middleware, outermost, so that the answer to a crash has its headers too."""

    def __init__(self, app: ASGIApp, hosts: Hosts) -> None:
        self._app = app
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers)
        scope.setdefault("state", {})["request_id"] = request_id
        begun = time.monotonic()

        async def guarded_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = [(b"x-request-id", request_id.encode("latin-1"))]
                for name, value in rate_limit_fields(scope["state"].get("standings", ())):
                    own.append((name.lower().encode("latin-1"), value.encode("latin-1")))
                message["headers"] = _guarded(message["headers"], own)
                seconds = time.monotonic() - begun
                method, route, status = _method(scope), _route(scope), message["status"]
                figures.answered(method, route, status, seconds)
                tracing.answered(span, method, route, status)
            await send(message)

        host = headers.get("host")
        if host is not None and not self._hosts.allow(host):
            refusal = _refusal(WRONG_HOST, scope["path"], request_id)
        elif scope["method"] not in _SAFE and written_by_another_site(headers):
            refusal = _refusal(CROSS_SITE, scope["path"], request_id)
        else:
            refusal = None
        with tracing.request(_method(scope), headers.get(tracing.TRACEPARENT)) as span:
            await (refusal or self._app)(scope, receive, guarded_send)


def _guarded(headers: Iterable[Field], own: Sequence[Field]) -> list[Field]:
    """These headers with our own, which replace theirs, and with those of `HEADERS` they lack."""
    ours = {name for name, _ in own}
    kept = [(name, value) for name, value in headers if name.lower() not in ours]
    there = {name.lower() for name, _ in kept}
    return [*kept, *own, *(field for field in _FIELDS if field[0] not in there)]


def rate_limit_fields(standings: Sequence[Standing]) -> Iterator[tuple[str, str]]:
    """How the limits stand, as the IETF's draft-ietf-httpapi-ratelimit-headers writes it."""
    if standings:
        policy = (f'"{it.name}";q={it.amount};w={it.window_seconds}' for it in standings)
        left = (f'"{it.name}";r={it.remaining};t={it.reset_seconds}' for it in standings)
        yield "RateLimit-Policy", ", ".join(policy)
        yield "RateLimit", ", ".join(left)


def written_by_another_site(headers: Headers) -> bool:
    """Whether a browser says that a page of another site sends this.

    Programs send neither header. Browsers send Sec-Fetch-Site on HTTPS and to localhost, and
    Origin everywhere; it is compared with Host.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site not in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is not None and urlsplit(origin).netloc != headers.get("host")


def _request_id(headers: Headers) -> str:
    untrusted_id = headers.get("x-request-id", "")
    return untrusted_id if _REQUEST_ID.fullmatch(untrusted_id) else uuid.uuid4().hex


def _method(scope: Scope) -> str:
    """The method if it is one of ours: strangers make up others, and each would be a series."""
    method: str = scope["method"]
    return method if method in _METHODS else "other"


def _route(scope: Scope) -> str:
    """The pattern that the address fits, so that no id or name becomes a label."""
    path: str = getattr(scope.get("route"), "path", "none")
    return path


def _refusal(refusal: "Refusal", path: str, request_id: str) -> JSONResponse:
    figures.refused(refusal.code)
    problem = Problem(
        type=f"urn:assay:problem:{refusal.code}",
        title=refusal.title,
        status=refusal.status,
        detail=refusal.detail,
        code=refusal.code,
        instance=path,
        request_id=request_id,
    )
    return JSONResponse(
        problem.model_dump(exclude_none=True), status_code=refusal.status, media_type=MEDIA_TYPE
    )


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a request does not reach the application."""

    status: int
    code: str
    title: str
    detail: str


WRONG_HOST: Final = Refusal(
    421,
    "host_not_allowed",
    "This service does not answer to that host name",
    "The Host header names another service. The operator can allow the name in "
    "ASSAY_ALLOWED_HOSTS.",
)
CROSS_SITE: Final = Refusal(
    403,
    "cross_site_request",
    "Pages of other sites may not send anything here",
    "The browser says that another site sent this request.",
)
