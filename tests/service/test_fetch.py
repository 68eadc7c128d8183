"""The URL guard, against a real server that only an explicit exemption makes reachable."""

import io
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from service.errors import FetchFailed, FileTooLarge, UrlRefused
from service.fetch import Guard, fetch, is_public
from tests.service.certificates import self_signed

BODY = b"\xff\xd8\xff" + bytes(100_000)


class Handler(BaseHTTPRequestHandler):
    """Serves /ok, redirects from /to?URL, and misbehaves in the ways a server can."""

    protocol_version = "HTTP/1.1"
    server: "Server"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        path, _, query = self.path.partition("?")
        getattr(self, "_" + path.strip("/").replace("-", "_"))(query)

    def _ok(self, _query: str) -> None:
        self.server.host = self.headers["Host"]
        self._send(200, {"Content-Length": str(len(BODY))}, BODY)

    def _to(self, query: str) -> None:
        self._send(302, {"Location": query, "Content-Length": "0"})

    def _nowhere(self, _query: str) -> None:
        self._send(302, {"Content-Length": "0"})

    def _missing(self, _query: str) -> None:
        self._send(404, {"Content-Length": "0"})

    def _endless(self, _query: str) -> None:
        self._send(200, {})
        for _ in range(1000):
            self.wfile.write(bytes(10_000))

    def _claims_much(self, _query: str) -> None:
        self._send(200, {"Content-Length": "999999999"}, b"x")

    def _cut(self, _query: str) -> None:
        self._send(200, {"Content-Length": "1000"}, b"only this")
        self.close_connection = True

    def _drips(self, _query: str) -> None:
        for letter in b"HTTP/1.1 200 OK\r\n" * 20:
            self.wfile.write(bytes([letter]))
            time.sleep(0.05)

    def _drips_body(self, query: str) -> None:
        self._send(200, {"Content-Length": "1000"} if "length" in query else {})
        with suppress(OSError):  # cut off
            for _ in range(80):
                self.wfile.write(b"x")
                time.sleep(0.05)
        self.close_connection = True

    def _part(self, _query: str) -> None:
        self._send(206, {"Content-Length": "10", "Content-Range": "bytes 0-9/1000"}, BODY[:10])

    def _garbage(self, _query: str) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")
        self.close_connection = True

    def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str] = []
        self.host = ""

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def guard(self, **options: Any) -> Guard:
        """Lets this one port through, nothing else."""
        exempt = frozenset({("127.0.0.1", self.port)})
        return Guard(max_bytes=options.pop("max_bytes", 1_000_000), exempt=exempt, **options)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients of these tests hang up on purpose."""


@contextmanager
def running(server: Server) -> Iterator[Server]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with running(Server()) as started:
        yield started


def fetched(url: str, guard: Guard) -> bytes:
    into = io.BytesIO()
    fetch(url, into, guard)
    return into.getvalue()


def test_the_body_arrives_whole(server: Server) -> None:
    assert fetched(server.url("/ok"), server.guard()) == BODY
    assert server.host == f"127.0.0.1:{server.port}"


def test_loopback_is_refused_without_the_exemption(server: Server) -> None:
    with pytest.raises(UrlRefused):
        fetched(server.url("/ok"), Guard(max_bytes=1000))
    assert server.asked == []


def test_the_exemption_is_for_one_port_only(server: Server) -> None:
    with running(Server()) as other, pytest.raises(UrlRefused):
        fetched(other.url("/ok"), server.guard())
    assert other.asked == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:1::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
    ],
)
def test_an_address_inside_some_network_is_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.216.34", "2606:4700::1111", "64:ff9b::808:808"]
)
def test_an_address_of_the_internet_is_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://localhost/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:169.254.169.254]/latest/meta-data/",
        "http://169.254.169.254/latest/meta-data/",
    ],
)
def test_no_spelling_of_a_private_address_gets_through(url: str) -> None:
    with pytest.raises(UrlRefused):
        fetched(url, Guard(max_bytes=1000))


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.org/a.jpg",
        "gopher://example.org/",
        "data:image/png;base64,AAAA",
        "//example.org/a.jpg",
        "example.org/a.jpg",
        "http://",
        "http:///a.jpg",
        "http://user:secret@example.org/",
        "http://example.org:99999/",
        "http://[::1/",
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(UrlRefused):
        fetched(url, Guard(max_bytes=1000))


def test_a_redirect_is_followed(server: Server) -> None:
    assert fetched(server.url("/to?/ok"), server.guard()) == BODY


def test_every_hop_of_a_redirect_is_checked(server: Server) -> None:
    with running(Server()) as inside, pytest.raises(UrlRefused):
        fetched(server.url(f"/to?{inside.url('/ok')}"), server.guard())
    assert inside.asked == []


def test_a_redirect_cannot_change_to_another_scheme(server: Server) -> None:
    with pytest.raises(UrlRefused):
        fetched(server.url("/to?file:///etc/passwd"), server.guard())


def test_a_redirect_to_no_address_at_all_is_refused(server: Server) -> None:
    with pytest.raises(UrlRefused, match="malformed"):
        fetched(server.url("/to?http://[nowhere"), server.guard())


def test_redirects_end_after_three(server: Server) -> None:
    with pytest.raises(FetchFailed, match="redirects"):
        fetched(server.url("/to?/to?/to?/to?/ok"), server.guard())
    assert len(server.asked) == 4


def test_a_name_is_resolved_once_and_the_connection_goes_to_that_address(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [[(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))]]
    real = socket.getaddrinfo

    def resolve(host: str, *arguments: Any, **options: Any) -> Any:
        return answers.pop() if host == "pictures.example" else real(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    assert fetched(f"http://pictures.example:{server.port}/ok", server.guard()) == BODY
    assert answers == []
    assert server.host == f"pictures.example:{server.port}"


def test_one_private_address_among_public_ones_refuses_the_host(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(*_arguments: Any, **_options: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 80))
            for address in ("93.184.216.34", "10.0.0.1")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(UrlRefused):
        fetched("http://pictures.example/", Guard(max_bytes=1000))


def test_a_proxy_of_the_environment_is_not_used(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9/")
    assert fetched(server.url("/ok"), server.guard()) == BODY


def test_an_endless_body_is_cut_at_the_limit(server: Server) -> None:
    into = io.BytesIO()
    with pytest.raises(FileTooLarge):
        fetch(server.url("/endless"), into, server.guard(max_bytes=50_000))
    assert len(into.getvalue()) <= 50_000


def test_an_announced_body_over_the_limit_is_not_read(server: Server) -> None:
    into = io.BytesIO()
    with pytest.raises(FileTooLarge):
        fetch(server.url("/claims-much"), into, server.guard())
    assert into.getvalue() == b""


@pytest.mark.parametrize("path", ["/missing", "/nowhere", "/cut", "/garbage"])
def test_a_server_that_does_not_deliver_is_reported(server: Server, path: str) -> None:
    with pytest.raises(FetchFailed):
        fetched(server.url(path), server.guard())


def test_a_server_that_sends_byte_by_byte_is_cut_off_in_time(server: Server) -> None:
    start = time.monotonic()
    with pytest.raises(FetchFailed, match="not complete"):
        fetched(server.url("/drips"), server.guard(seconds=0.5))
    assert time.monotonic() - start < 3


@pytest.mark.parametrize("query", ["length", "open"])
def test_a_body_that_comes_byte_by_byte_is_cut_off_in_time(server: Server, query: str) -> None:
    start = time.monotonic()
    with pytest.raises(FetchFailed, match="not complete"):
        fetched(server.url(f"/drips-body?{query}"), server.guard(seconds=0.5))
    assert time.monotonic() - start < 2


def test_a_part_that_nobody_asked_for_is_refused(server: Server) -> None:
    with pytest.raises(FetchFailed, match="206"):
        fetched(server.url("/part"), server.guard())


def test_a_host_with_characters_that_no_host_has_is_refused() -> None:
    with pytest.raises(UrlRefused):
        fetched("http://192.0.2.1\x00.example/", Guard(max_bytes=1000))


def test_a_port_where_nobody_listens_is_reported(server: Server) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    guard = Guard(max_bytes=1000, exempt=frozenset({("127.0.0.1", port)}))
    with pytest.raises(FetchFailed):
        fetched(f"http://127.0.0.1:{port}/", guard)


def test_a_host_without_an_address_is_reported() -> None:
    with pytest.raises(FetchFailed):
        fetched("http://nowhere.invalid/", Guard(max_bytes=1000))


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server with a certificate for `localhost` from an authority the process trusts."""
    certificate, key = self_signed(tmp_path, "localhost")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = Server()
    server.socket = context.wrap_socket(server.socket, server_side=True)
    with running(server) as started:
        yield started


def both_families(port: int) -> Guard:
    return Guard(max_bytes=1_000_000, exempt=frozenset({("127.0.0.1", port), ("::1", port)}))


def test_https_checks_the_certificate_against_the_name(secure: Server) -> None:
    guard = both_families(secure.port)
    assert fetched(f"https://localhost:{secure.port}/ok", guard) == BODY
    with pytest.raises(FetchFailed):
        fetched(f"https://127.0.0.1:{secure.port}/ok", guard)


def test_https_never_redirects_to_http(secure: Server, server: Server) -> None:
    guard = both_families(secure.port)
    with pytest.raises(UrlRefused, match="https to http"):
        fetched(f"https://localhost:{secure.port}/to?{server.url('/ok')}", guard)
    assert server.asked == []


def test_the_deadline_covers_a_name_that_nobody_resolves(monkeypatch: pytest.MonkeyPatch) -> None:
    answer = threading.Event()

    def hang(*_arguments: Any, **_options: Any) -> Any:
        answer.wait(30)
        raise socket.gaierror

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    began = time.monotonic()
    try:
        with pytest.raises(FetchFailed, match="name server"):
            fetched("http://pictures.example/", Guard(max_bytes=1000, seconds=0.3))
    finally:
        answer.set()
    assert time.monotonic() - began < 10
