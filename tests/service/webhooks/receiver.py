"""A receiver of webhooks on loopback that answers as a test wants it to."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(slots=True)
class Receiver:
    """What arrived, and what is answered."""

    url: str = ""
    status: int = 204
    headers: dict[str, str] = field(default_factory=dict)
    pause: float = 0.0  # seconds before the answer
    answer: bytes = b""
    endless: bool = False  # the answer comes again and again
    raw: bytes | None = None  # sent in place of an answer
    linger: float = 0.0  # seconds until the connection is closed after that
    during: Callable[[], object] | None = None  # called once, before the first answer
    bodies: list[bytes] = field(default_factory=list)
    seen: list[dict[str, str]] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for body in self.bodies]

    @property
    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers in self.seen]


@contextmanager
def receiving(port: int = 0, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver that listens while the block runs, at any port or at this one."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            receiver.seen.append({name.lower(): value for name, value in self.headers.items()})
            during, receiver.during = receiver.during, None
            if during is not None:
                during()
            time.sleep(receiver.pause)
            try:
                self._answer()
            except OSError:  # whoever asked is gone
                self.close_connection = True

        def _answer(self) -> None:
            if receiver.raw is not None:
                self.wfile.write(receiver.raw)
                time.sleep(receiver.linger)
                self.close_connection = True
                return
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(receiver.answer)
            while receiver.endless:
                self.wfile.write(receiver.answer)

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"{'http' if tls is None else 'https'}://127.0.0.1:{server.server_port}/told"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
