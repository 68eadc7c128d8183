"""`python -m service.serving --fd N`: the web process, on a socket that its parent holds open."""

import argparse
import resource

import uvicorn
from fastapi import FastAPI
from prometheus_client import ProcessCollector

from service.api.connections import Patience, patient
from service.app import build_app
from service.figures import COUNTED
from service.settings import Settings, read_settings
from service.startup import ALONE, explained
from service.watching import server


def main() -> None:
    """Serve until SIGTERM; one sentence and exit status 2 when the settings make no sense."""
    parser = argparse.ArgumentParser(prog="python -m service.serving", description=main.__doc__)
    parser.add_argument("--fd", type=int, required=True, help="descriptor of a listening socket")
    parser.add_argument(
        ALONE, action="store_true", help="the socket is on loopback, for one person"
    )
    given = parser.parse_args()
    descriptor: int = given.fd
    with explained():
        settings = read_settings()
        app = build_app(settings, alone=given.alone)
        watch(settings, app)
    _many_descriptors()
    uvicorn.Server(
        uvicorn.Config(
            app,
            fd=descriptor,
            http=patient(patience(settings)),
            ws="none",
            log_config=None,
            access_log=False,
            limit_concurrency=settings.connections.total,
            timeout_graceful_shutdown=5,
            proxy_headers=False,
        )
    ).run()


def watch(settings: Settings, app: FastAPI) -> None:
    """Let Prometheus ask, if a port is set. Raises `SettingsInvalid`."""
    if settings.metrics.port:
        process = ProcessCollector(registry=None)
        told = server.figures_of(COUNTED, app.state.installation, process)
        server.start(settings.metrics.host, settings.metrics.port, {"/metrics": told})


def patience(settings: Settings) -> Patience:
    connections = settings.connections
    return Patience(
        header_seconds=connections.header_seconds,
        stall_seconds=connections.stall_seconds,
        bytes_per_second=connections.bytes_per_second,
        unfinished=connections.unfinished,
    )


def _many_descriptors() -> None:
    """A connection takes one, and many systems allow 1,024 unless asked for more."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))


if __name__ == "__main__":
    main()
