"""An object server whose owner gave no right to list, and that can refuse an object or say nothing."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from tests.service.buckets import CREDENTIALS

HALF: Final = 1000


class Refusing(ThreadingHTTPServer):
    """As much of S3 as small objects need."""

    daemon_threads = True

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}
        self.refused: set[str] = set()
        self.away = False  # every request is refused
        self.mute = False  # no request is answered
        self.stalls = False  # answers begin and do not end
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)

    @property
    def environment(self) -> dict[str, str]:
        return CREDENTIALS | {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.server_port}"}


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Refusing

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        store, path = self.server, self.path.partition("?")[0]
        if store.mute:
            store.released.wait()
            return
        if store.away or path in store.refused or (self.command == "GET" and path == "/bucket"):
            self._answer(403)
        elif self.command == "PUT":
            store.objects[path] = body
            self._answer(200)
        elif self.command == "POST":
            keys = re.findall("<Key>(.*?)</Key>", body.decode())
            for key in keys:
                store.objects.pop(f"/bucket/{key}", None)
            told = "".join(f"<Deleted><Key>{key}</Key></Deleted>" for key in keys)
            self._answer(200, f"<DeleteResult>{told}</DeleteResult>".encode())
        elif path in store.objects:
            self._give(store.objects[path])
        else:
            self._answer(403)  # as S3 does where one may not list

    do_GET = do_HEAD = do_PUT = do_POST = _handle  # noqa: N815 (the library's names)

    def _give(self, data: bytes) -> None:
        asked = self.headers.get("Range", "")
        first, _, last = asked.removeprefix("bytes=").partition("-")
        part = data[int(first) : int(last) + 1] if asked else data
        within = f"bytes {first}-{last}/{len(data)}" if asked else None
        if self.server.stalls and self.command == "GET":
            self._answer(206, part, within, cut=HALF)
            self.server.released.wait()
        else:
            self._answer(206 if asked else 200, part, within)

    def _answer(
        self, status: int, body: bytes = b"", within: str | None = None, cut: int | None = None
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"1"')
        self.send_header("Last-Modified", formatdate(0, usegmt=True))
        if within is not None:
            self.send_header("Content-Range", within)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body[:cut])

    def log_message(self, format: str, *arguments: object) -> None: ...


@contextmanager
def refusing() -> Iterator[Refusing]:
    server = Refusing()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()
