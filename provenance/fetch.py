"""Fetch a small public file without being led into a private network or drowned in bytes."""

import http.client
import ipaddress
import socket
import ssl
import time
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urljoin, urlsplit

from provenance.errors import FetchRefused

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a fetch may do. Only tests and operators' own mirrors relax the first two."""

    https_only: bool = True
    public_addresses_only: bool = True
    max_bytes: int = 8 * 1024**2
    max_seconds: float = 20.0
    max_redirects: int = 3


DEFAULT_GUARD: Final = Guard()


def fetch(url: str, guard: Guard = DEFAULT_GUARD) -> bytes:
    """Return the body behind `url`; every redirect is checked as the first address was.

    Raises:
        FetchRefused: scheme, address, status, size or time is outside what `guard` allows.
    """
    deadline = time.monotonic() + guard.max_seconds
    for _ in range(guard.max_redirects + 1):
        parts = urlsplit(url)
        address = _resolve(parts, guard)
        status, location, body = _get(parts, address, deadline, guard)
        if status not in _REDIRECTS:
            if status != http.client.OK:
                raise FetchRefused(f"{parts.hostname} answered with status {status}")
            return body
        if not location:
            raise FetchRefused(f"{parts.hostname} redirects to nowhere")
        url = urljoin(url, location)
    raise FetchRefused(f"more than {guard.max_redirects} redirects")


def _resolve(parts: SplitResult, guard: Guard) -> str:
    """Return the one address to connect to: resolved once, so a later answer cannot differ."""
    allowed = ("https",) if guard.https_only else ("https", "http")
    if parts.scheme not in allowed:
        raise FetchRefused(f"only {' or '.join(allowed)} addresses are fetched")
    if not parts.hostname or parts.username or parts.password:
        raise FetchRefused("the address needs a plain host name")
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError, UnicodeError) as error:
        raise FetchRefused(f"cannot resolve the host: {error}") from error
    addresses = [str(entry[4][0]) for entry in found]
    if guard.public_addresses_only and not all(map(_is_public, addresses)):
        raise FetchRefused(f"{parts.hostname} is not a public address")
    return addresses[0]


def _is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_global and not ip.is_multicast


class _Pinned(http.client.HTTPConnection):
    """A connection to an address already checked, under the name that the certificate must bear."""

    def __init__(self, parts: SplitResult, address: str, timeout: float) -> None:
        super().__init__(str(parts.hostname), parts.port or None, timeout=timeout)
        self._address = address
        self._tls = ssl.create_default_context() if parts.scheme == "https" else None
        if self._tls and not parts.port:
            self.port = http.client.HTTPS_PORT

    def connect(self) -> None:
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._tls:
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


def _get(parts: SplitResult, address: str, deadline: float, guard: Guard) -> tuple[int, str, bytes]:
    connection = _Pinned(parts, address, _remaining(deadline))
    target = f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}"
    try:
        connection.request("GET", target, headers={"User-Agent": "assay", "Accept": "*/*"})
        response = connection.getresponse()
        body = b"" if response.status in _REDIRECTS else _read(response, deadline, guard.max_bytes)
        return response.status, response.headers.get("Location", ""), body
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise FetchRefused(f"{parts.hostname} could not be read: {error}") from error
    finally:
        connection.close()


def _read(response: http.client.HTTPResponse, deadline: float, limit: int) -> bytes:
    body = bytearray()
    while block := response.read1(_BLOCK):
        body += block
        if len(body) > limit:
            raise FetchRefused(f"the answer is larger than {limit} bytes")
        _remaining(deadline)
    return bytes(body)


def _remaining(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise FetchRefused("the answer took too long")
    return left
