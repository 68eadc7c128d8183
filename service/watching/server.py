"""A small HTTP server, apart from the API, that Prometheus and health checks ask."""

import logging
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.registry import Collector, CollectorRegistry

from service.errors import SettingsInvalid

log = logging.getLogger(__name__)

PATIENCE_SECONDS: Final = 5.0
"""A client that says nothing for this long is let go."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a path answers."""

    status: HTTPStatus
    kind: str
    body: bytes

    @classmethod
    def health(cls, *, well: bool) -> "Answer":
        status = HTTPStatus.OK if well else HTTPStatus.SERVICE_UNAVAILABLE
        return cls(status, "text/plain; charset=utf-8", b"ok\n" if well else b"not ok\n")


Look = Callable[[], Answer]


def figures_of(*collectors: Collector) -> Look:
    """Answers with all that these collectors know."""
    registry = CollectorRegistry()
    for collector in collectors:
        registry.register(collector)
    return lambda: Answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))


def start(host: str, port: int, paths: Mapping[str, Look]) -> "Watched":
    """Answer these paths from now on, in threads of this process. Raises `SettingsInvalid`."""
    try:
        server = Watched(host, port, paths)
    except OSError as error:
        sentence = f"cannot listen on {host} port {port}: {error.strerror or error}"
        raise SettingsInvalid(f"metrics: {sentence}") from error
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
    log.info("metrics", extra={"address": f"{host}:{server.server_port}"})
    return server


class Watched(ThreadingHTTPServer):
    """Answers GET of a few paths and nothing else."""

    daemon_threads = True

    def __init__(self, host: str, port: int, paths: Mapping[str, Look]) -> None:
        self.paths = dict(paths)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def look(self, path: str) -> Answer | None:
        """The answer of this path; None: there is nothing. Raises nothing."""
        look = self.paths.get(path.partition("?")[0])
        return None if look is None else look()


class _Handler(BaseHTTPRequestHandler):
    timeout = PATIENCE_SECONDS

    def do_GET(self) -> None:
        server = self.server
        answer = server.look(self.path) if isinstance(server, Watched) else None
        if answer is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.kind)
        self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Who asks, asks every few seconds."""
