"""Fetch a URL that a stranger named, without letting it reach into our own network.

Every hop of a redirect is resolved once, all its addresses are checked, and the connection goes
to one of those addresses and not to the name, which could resolve differently a moment later.
Proxies of the environment are not used: they would resolve again.
"""

import http.client
import ipaddress
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Final, Protocol
from urllib.parse import SplitResult, urljoin, urlsplit

from service.errors import FetchFailed, FileTooLarge, Trouble, UrlRefused

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

CHUNK_BYTES: Final = 256 * 1024
USER_AGENT: Final = "assay"
EXCERPT_BYTES, EXCERPT_SECONDS = 1024, 1.0

_LOOKUPS: Final = threading.BoundedSemaphore(32)
_PORTS: Final = {"http": 80, "https": 443}
_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})

# Public by registration, and still not the public internet.
_REFUSED: Final = tuple(
    ipaddress.ip_network(network)
    for network in (
        "100.64.0.0/10",  # shared by a carrier's customers, and metadata of one cloud
        "168.63.129.16/32",  # metadata and wire server of another
        "192.0.0.0/24",
        "192.88.99.0/24",  # relays into 6to4
        "198.18.0.0/15",
        "::/96",  # IPv4 written as IPv6, long deprecated
        "fec0::/10",
    )
)
_TROUBLES: Final = (
    (TimeoutError, Trouble.TIMEOUT),
    (ssl.SSLError, Trouble.TLS),
    (OSError, Trouble.CONNECTION),
    (Exception, Trouble.ANSWER),
)
_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


class Sink(Protocol):
    """Where the body goes: a `Receiver`, a file."""

    def write(self, data: bytes, /) -> object: ...


class Partial(Sink, Protocol):
    """A sink that may hold the beginning of the body from an earlier attempt."""

    @property
    def held(self) -> int:
        """How many bytes of the body it holds."""
        ...

    @property
    def etag(self) -> str:
        """How the server named the version that these bytes are of; empty when it did not."""
        ...

    def begin(self, at: int, etag: str, total: int | None) -> None:
        """The body of version `etag` follows from byte `at` on; what is held beyond it is void."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """What a fetch may do."""

    max_bytes: int
    seconds: float = 60.0  # for everything: names, redirects, body
    silence: float = 60.0  # seconds without a byte
    redirects: int = 3
    # (address, port) pairs that are allowed whatever the rules say: a mirror inside the network
    exempt: frozenset[tuple[str, int]] = frozenset()
    # private networks that are allowed: those of a closed installation's own receivers
    networks: tuple[ipaddress.IPv4Network | ipaddress.IPv6Network, ...] = ()

    def allows(self, pair: tuple[str, int]) -> bool:
        address = ipaddress.ip_address(pair[0])
        listed = any(address.version == net.version and address in net for net in self.networks)
        return listed or pair in self.exempt or is_public(address)


def fetch(url: str, into: Sink, guard: Guard) -> None:
    """Write the body behind `url` to `into`.

    Raises `UrlRefused` before a forbidden connection is opened, `FetchFailed` when the other side
    does not deliver, `FileTooLarge` as soon as the limit is passed, and whatever `into` raises.
    """
    _follow(url, _Whole(into), guard)


def resume(url: str, into: Partial, guard: Guard) -> None:
    """As `fetch`, asking only for what `into` lacks, if the server still has that version."""
    _follow(url, into, guard)


@dataclass(frozen=True, slots=True)
class Answer:
    """How a server answered a message."""

    status: int
    retry_after: int = 0  # seconds; 0: it did not say
    untrusted_excerpt: bytes = b""  # how the body of a refusal begins; the rest is not read


def check(url: str, guard: Guard) -> None:
    """Raises `UrlRefused` for an address that may not be talked to, `FetchFailed` for no name."""
    _allowed(_parsed(url), guard, time.monotonic() + guard.seconds)


def post(url: str, body: bytes, headers: dict[str, str], guard: Guard) -> Answer:
    """Send JSON to `url` and return the answer, whatever its status; no redirect is followed.

    Raises `UrlRefused` before a forbidden connection is opened, `FetchFailed` without an answer.
    """
    deadline, target = time.monotonic() + guard.seconds, _parsed(url)
    connection = _Pinned(target, _allowed(target, guard, deadline), deadline, guard.silence)
    sent = _HEADERS | {"Content-Type": "application/json"} | headers
    with _Watchdog(connection, deadline), _translated(guard, deadline):
        connection.request("POST", _path(target), body, sent)
        response = connection.getresponse()
        asked = response.getheader("Retry-After") or ""
        seconds = int(asked) if re.fullmatch(r"[0-9]{1,6}", asked) else 0
        well = 200 <= response.status < 300
        return Answer(response.status, seconds, b"" if well else connection.excerpt(response))


class _Whole:
    """A sink that holds nothing yet, as a `Partial`."""

    held = 0
    etag = ""

    def __init__(self, into: Sink) -> None:
        self.write = into.write

    def begin(self, at: int, etag: str, total: int | None) -> None:
        """Nothing was held, so nothing is void."""


def _follow(url: str, into: Partial, guard: Guard) -> None:
    deadline = time.monotonic() + guard.seconds
    target = _parsed(url)
    for _ in range(guard.redirects + 1):
        moved = _get(target, into, guard, deadline)
        if moved is None:
            return
        following = _parsed(moved, base=target.geturl())
        if target.scheme == "https" and following.scheme == "http":
            raise UrlRefused("the address redirects from https to http")
        target = following
    raise FetchFailed(f"the address redirects more than {guard.redirects} times")


def is_public(address: Address) -> bool:
    """Whether an address is one that anybody on the internet could reach, and nothing of ours."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(inner)
        if address.teredo is not None or address.is_site_local:
            return False
    refused = address.is_multicast or address.is_reserved or address.is_unspecified
    listed = any(address.version == net.version and address in net for net in _REFUSED)
    return address.is_global and not refused and not listed


def _parsed(untrusted_url: str, base: str = "") -> SplitResult:
    try:
        parts = urlsplit(urljoin(base, untrusted_url))
        port = parts.port
    except ValueError as error:
        raise UrlRefused("the address is malformed") from error
    if parts.scheme not in _PORTS:
        raise UrlRefused("only http and https addresses are fetched")
    if not parts.hostname or port == 0 or not parts.hostname.isprintable():
        raise UrlRefused("the address names no host")
    if parts.username is not None or parts.password is not None:
        raise UrlRefused("the address carries a user name or a password")
    return parts._replace(fragment="")


def _get(target: SplitResult, into: Partial, guard: Guard, deadline: float) -> str | None:
    """One request. The address it redirects to, or None when the body was written."""
    connection = _Pinned(target, _allowed(target, guard, deadline), deadline, guard.silence)
    with _Watchdog(connection, deadline):
        with _translated(guard, deadline):
            connection.request("GET", _path(target), headers=_HEADERS | _range(into))
            response = connection.getresponse()
        if response.status in _REDIRECTS:
            return _location(response)
        if response.status == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and into.held:
            into.begin(0, "", None)
            raise FetchFailed(
                "the file changed on the server, so the part fetched before was discarded"
            )
        _begin(response, into)
        _copy(response, into, guard, deadline)
    return None


def _range(into: Partial) -> dict[str, str]:
    """Headers that ask for the rest, of the same version only; none where that is not known."""
    if not into.held or not into.etag or into.etag.startswith("W/"):
        return {}
    return {"Range": f"bytes={into.held}-", "If-Range": into.etag}


def _begin(response: http.client.HTTPResponse, into: Partial) -> None:
    """Tell the sink from which byte on the body comes."""
    etag = response.getheader("ETag") or ""
    if response.status == http.client.OK:
        into.begin(0, etag, response.length)
        return
    place = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", response.getheader("Content-Range") or "")
    if response.status != http.client.PARTIAL_CONTENT or place is None or not _range(into):
        raise FetchFailed(f"the server answered {response.status}")
    start, last, total = (int(number) for number in place.groups())
    if start != into.held or last + 1 != total or etag != into.etag:
        raise FetchFailed("the server did not send the part that it was asked for")
    into.begin(into.held, etag, total)


@contextmanager
def _translated(guard: Guard, deadline: float) -> Iterator[None]:
    try:
        yield
    except (OSError, http.client.HTTPException, UnicodeError) as error:
        if time.monotonic() >= deadline:
            raise FetchFailed(f"not complete after {guard.seconds:g} s", Trouble.TIMEOUT) from error
        trouble = next(named for kind, named in _TROUBLES if isinstance(error, kind))
        raise FetchFailed(f"the connection failed: {type(error).__name__}", trouble) from error


_HEADERS: Final = {
    "User-Agent": USER_AGENT,
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Connection": "close",
}


def _path(target: SplitResult) -> str:
    return (target.path or "/") + (f"?{target.query}" if target.query else "")


def _location(response: http.client.HTTPResponse) -> str:
    location = response.getheader("Location")
    if not location:
        raise FetchFailed("the server redirects without an address")
    return location


def _copy(response: http.client.HTTPResponse, into: Partial, guard: Guard, deadline: float) -> None:
    announced, size, allowed = response.length, 0, guard.max_bytes - into.held
    if announced is not None and announced > allowed:
        raise FileTooLarge(f"{announced} bytes announced, {allowed} allowed")
    while chunk := _chunk(response, guard, deadline):
        size += len(chunk)
        if size > allowed:
            raise FileTooLarge(f"at most {guard.max_bytes:,} bytes are allowed")
        into.write(chunk)
    if announced is not None and size < announced:
        raise FetchFailed(f"{size} of {announced} bytes arrived")


def _chunk(response: http.client.HTTPResponse, guard: Guard, deadline: float) -> bytes:
    with _translated(guard, deadline):
        chunk = response.read(CHUNK_BYTES)
    if time.monotonic() >= deadline:  # a connection that was cut looks like the end of a body
        raise FetchFailed(f"not complete after {guard.seconds:g} s", Trouble.TIMEOUT)
    return chunk


def _allowed(target: SplitResult, guard: Guard, deadline: float) -> tuple[tuple[str, int], ...]:
    """Every (address, port) of the host, all checked: one bad address refuses the host."""
    port = target.port or _PORTS[target.scheme]
    addresses = _resolved(target.hostname or "", port, guard, deadline)
    pairs = tuple(dict.fromkeys((address, port) for address in addresses))
    for pair in pairs:
        if not guard.allows(pair):
            raise UrlRefused("the address leads into a private network")
    return pairs


def _resolved(host: str, port: int, guard: Guard, deadline: float) -> list[str]:
    """The addresses of a name, or `FetchFailed` at the deadline.

    The system's resolver cannot be stopped. So it runs in a thread that is left behind when it
    takes too long, and only so many may be under way.
    """
    sentence = f"not complete after {guard.seconds:g} s: the name server does not answer"
    late = FetchFailed(sentence, Trouble.TIMEOUT)
    if not _LOOKUPS.acquire(timeout=max(deadline - time.monotonic(), 0.0)):
        raise late
    answer: Future[list[str]] = Future()

    def look_up() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            answer.set_result([str(item[4][0]) for item in found])
        except (OSError, UnicodeError) as error:
            answer.set_exception(error)
        finally:
            _LOOKUPS.release()

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    try:
        return answer.result(timeout=max(deadline - time.monotonic(), 0.0))
    except TimeoutError as error:
        raise late from error
    except (OSError, UnicodeError) as error:
        raise FetchFailed("the host name does not resolve", Trouble.NAME) from error


class _Pinned(http.client.HTTPConnection):
    """A connection to one of some addresses, that talks to the host by its name."""

    def __init__(
        self,
        target: SplitResult,
        pairs: tuple[tuple[str, int], ...],
        deadline: float,
        silence: float,
    ) -> None:
        super().__init__(target.hostname or "", target.port or _PORTS[target.scheme])
        self.default_port = _PORTS[target.scheme]
        self._tls = target.scheme == "https"
        self._pairs = pairs
        self._deadline = deadline
        self._silence = silence
        self._live: socket.socket | None = None  # `sock` is None once a closing answer is read

    def connect(self) -> None:
        self.sock = self._live = self._connected()
        if self._tls:
            context = ssl.create_default_context()
            self.sock = self._live = secured = context.wrap_socket(
                self.sock, server_hostname=self.host, do_handshake_on_connect=False
            )
            secured.do_handshake()  # apart, so that the watchdog can cut it

    def excerpt(self, response: http.client.HTTPResponse) -> bytes:
        """How the body begins, if it does at once."""
        if self._live is not None:
            self._live.settimeout(EXCERPT_SECONDS)
        with suppress(OSError, http.client.HTTPException):
            return response.read1(EXCERPT_BYTES)
        return b""

    def cut(self) -> None:
        """End every wait for the other side, at once and from another thread."""
        if self._live is not None:
            with suppress(OSError):  # closed by the other side in this moment
                self._live.shutdown(socket.SHUT_RDWR)

    def _connected(self) -> socket.socket:
        failure = OSError("no address")
        for pair in self._pairs:
            try:
                left = max(self._deadline - time.monotonic(), 0.1)
                return socket.create_connection(pair, min(left, self._silence))
            except OSError as error:
                failure = error
        raise failure


class _Watchdog:
    """Cuts the connection at the deadline, because a server may send one byte at a time."""

    def __init__(self, connection: _Pinned, deadline: float) -> None:
        self._connection = connection
        self._timer = threading.Timer(max(deadline - time.monotonic(), 0.0), connection.cut)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *_exception: object) -> None:
        self._timer.cancel()
        self._connection.close()
