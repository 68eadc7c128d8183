"""Going on with a fetch: only the same version, only from where it was left, never in silence."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from service.errors import FetchFailed, FileTooLarge
from service.fetch import Guard, resume

BODY = bytes(range(256)) * 40
HALF = len(BODY) // 2


class Held:
    """A sink that holds the beginning of a body."""

    def __init__(self, data: bytes, etag: str) -> None:
        self.data, self.etag = bytearray(data), etag
        self.total: int | None = None

    @property
    def held(self) -> int:
        return len(self.data)

    def begin(self, at: int, etag: str, total: int | None) -> None:
        del self.data[at:]
        self.etag, self.total = etag, total

    def write(self, data: bytes) -> None:
        self.data += data


Answer = tuple[int, dict[str, str], bytes]


@contextmanager
def answering(answer: Answer, *, hold: threading.Event | None = None) -> Iterator[tuple[str, Any]]:
    """A server with one answer; its address, and the headers that it was asked with."""
    asked: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(dict(self.headers))
            status, headers, body = answer
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)
            if hold is not None:
                hold.wait(10)

        def log_message(self, format: str, *args: Any) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/", asked
        finally:
            if hold is not None:
                hold.set()
            server.shutdown()
            thread.join()


def guard(url: str, **options: Any) -> Guard:
    port = int(url.rstrip("/").rpartition(":")[2])
    return Guard(max_bytes=len(BODY), exempt=frozenset({("127.0.0.1", port)}), **options)


def part(first: int, etag: str = '"a"') -> Answer:
    place = f"bytes {first}-{len(BODY) - 1}/{len(BODY)}"
    return 206, {"ETag": etag, "Content-Range": place}, BODY[first:]


def test_the_rest_of_the_same_version_is_appended() -> None:
    sink = Held(BODY[:HALF], '"a"')
    with answering(part(HALF)) as (url, asked):
        resume(url, sink, guard(url))
    assert (bytes(sink.data), sink.total) == (BODY, len(BODY))
    assert asked[0]["Range"] == f"bytes={HALF}-"
    assert asked[0]["If-Range"] == '"a"'


@pytest.mark.parametrize("etag", ["", 'W/"a"'])
def test_without_a_strong_name_of_the_version_all_of_it_is_asked_for(etag: str) -> None:
    sink = Held(b"of something else", etag)
    with answering((200, {"ETag": '"b"'}, BODY)) as (url, asked):
        resume(url, sink, guard(url))
    assert (bytes(sink.data), sink.etag) == (BODY, '"b"')
    assert "Range" not in asked[0]


@pytest.mark.parametrize(
    "answer",
    [part(HALF - 1), part(HALF, '"b"'), (206, {"ETag": '"a"'}, BODY[HALF:]), (404, {}, b"")],
)
def test_another_part_than_was_asked_for_is_refused_and_nothing_changes(answer: Answer) -> None:
    sink = Held(BODY[:HALF], '"a"')
    with answering(answer) as (url, _), pytest.raises(FetchFailed):
        resume(url, sink, guard(url))
    assert bytes(sink.data) == BODY[:HALF]


def test_what_does_not_fit_any_more_is_discarded() -> None:
    sink = Held(BODY + b"more", '"a"')
    with answering((416, {}, b"")) as (url, _), pytest.raises(FetchFailed, match="discarded"):
        resume(url, sink, guard(url))
    assert sink.held == 0


def test_what_is_held_counts_towards_the_limit() -> None:
    sink = Held(bytes(HALF + 1), '"a"')
    answer = (206, {"ETag": '"a"', "Content-Range": f"bytes {HALF + 1}-99999/100000"}, BODY[HALF:])
    with answering(answer) as (url, _), pytest.raises(FileTooLarge):
        resume(url, sink, guard(url))


def test_a_server_that_falls_silent_is_not_waited_for() -> None:
    hold = threading.Event()
    sink = Held(b"", "")
    answer = (200, {"Content-Length": str(len(BODY))}, BODY[:HALF])
    with answering(answer, hold=hold) as (url, _), pytest.raises(FetchFailed):
        resume(url, sink, guard(url, silence=0.2))
    assert bytes(sink.data) in (b"", BODY[:HALF])
