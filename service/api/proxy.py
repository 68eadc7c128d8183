"""Behind a reverse proxy: what named proxies say of the client, and the path the service lies under."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address
from typing import Final

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

Network = IPv4Network | IPv6Network

_FORWARDED: Final = (b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host")
_SENT_ON: Final = frozenset({*_FORWARDED, b"forwarded", b"via"})
_HOST: Final = re.compile(r"[A-Za-z0-9._-]{1,253}(:\d{1,5})?|\[[0-9A-Fa-f:.]{2,45}\](:\d{1,5})?")


@dataclass(frozen=True, slots=True)
class Proxies:
    """Whose word is taken, and where the service lies: `root` is empty or begins with a slash."""

    trusted: tuple[Network, ...] = ()
    root: str = ""

    def trusts(self, untrusted_address: str) -> bool:
        try:
            address = ip_address(untrusted_address)
        except ValueError:
            return False
        return any(address in network for network in self.trusted)


class BehindProxy:
    """ASGI middleware, outermost: inside it a request looks as the client sent it.

    Of X-Forwarded-For, -Proto and -Host the last value counts, the one that the nearest proxy
    wrote. From anybody but a named proxy they are removed.
    """

    def __init__(self, app: ASGIApp, proxies: Proxies) -> None:
        self._app = app
        self._proxies = proxies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            names = {name.lower() for name, _ in scope["headers"]}
            scope.setdefault("state", {})["forwarded"] = not names.isdisjoint(_SENT_ON)
            scope = self._as_sent(_below(scope, self._proxies.root))
        await self._app(scope, receive, send)

    def _as_sent(self, scope: Scope) -> Scope:
        headers = [item for item in scope["headers"] if item[0].lower() not in _FORWARDED]
        peer = scope.get("client")
        if peer is None or not self._proxies.trusts(peer[0]):
            return {**scope, "headers": headers}
        said = Headers(scope=scope)
        changes: dict[str, object] = {}
        client = self._client(said)
        if client is not None:
            changes["client"] = (client, 0)
        scheme = _last(said, "x-forwarded-proto").lower()
        if scheme in {"http", "https"}:
            changes["scheme"] = scheme
        host = _last(said, "x-forwarded-host")
        if _HOST.fullmatch(host):
            headers = [item for item in headers if item[0].lower() != b"host"]
            headers.append((b"host", host.encode("ascii")))
        return {**scope, **changes, "headers": headers}

    def _client(self, said: Headers) -> str | None:
        """The address nearest to us that is no trusted proxy; None if it is none."""
        for address in reversed(list(_values(said, "x-forwarded-for"))):
            if not self._proxies.trusts(address):
                try:
                    return str(ip_address(address))
                except ValueError:
                    return None
        return None


def was_forwarded(scope: Scope) -> bool:
    """Whether any proxy, named or not, says that it sent this request on."""
    return bool(scope.get("state", {}).get("forwarded", False))


def _below(scope: Scope, root: str) -> Scope:
    """The scope of a service under `root`, whether or not the proxy took that off the path."""
    if not root:
        return scope
    path = str(scope["path"])
    if path != root and not path.startswith(f"{root}/"):
        path = root + path
    return {**scope, "path": path if path != root else f"{root}/", "root_path": root}


def _values(said: Headers, name: str) -> Iterator[str]:
    for line in said.getlist(name):
        yield from (value.strip() for value in line.split(","))


def _last(said: Headers, name: str) -> str:
    return next(reversed(list(_values(said, name))), "")
