"""`assay serve` and `assay worker`: the service as processes on this machine."""

import os
import socket
import sys
from typing import Final

from service.cli.complain import say, sentence_of
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.supervisor import Child, supervise

APP: Final = "service.app:serve_app"
WORKERS: Final = "workers"
BACKLOG: Final = 512
CONNECTIONS: Final = 1000  # beyond that the API answers 503


def run(host: str, port: int, *, api_only: bool) -> ExitCode:
    """Serve until Ctrl-C. The socket outlives the API process: a restart refuses nobody."""
    read_settings()
    try:
        listener = _listen(host, port)
    except OSError as error:
        say(f"cannot listen on {host} port {port}: {sentence_of(error)} [address_unavailable]")
        return ExitCode.USAGE
    with listener:
        children = [_api(listener)] if api_only else [_api(listener), _worker()]
        name = f"[{host}]" if ":" in host else host
        say(f"page and API at http://{name}:{listener.getsockname()[1]}/ (Ctrl-C stops it)")
        alive = supervise(children)
    say("stopped")
    return ExitCode.NOTHING_FOUND if alive else ExitCode.INTERNAL


def become_worker(queues: str | None, concurrency: int) -> None:
    """Replace this process by a worker; the service may not import the workers package."""
    read_settings()
    command = _python("-m", WORKERS, "--concurrency", str(concurrency))
    if queues:
        command += ["--queues", queues]
    os.execv(command[0], command)  # noqa: S606 (our own interpreter, no shell)


def _api(listener: socket.socket) -> Child:
    descriptor = listener.fileno()
    options = (
        *("--fd", str(descriptor), "--no-access-log", "--timeout-graceful-shutdown", "5"),
        *("--limit-concurrency", str(CONNECTIONS), "--no-proxy-headers"),  # ours are: api.proxy
    )
    return Child(
        name="API",
        command=_python("-m", "uvicorn", "--factory", APP, "--log-level", "warning", *options),
        descriptors=(descriptor,),
    )


def _worker() -> Child:
    return Child(name="worker", command=_python("-m", WORKERS))


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _listen(host: str, port: int) -> socket.socket:
    """Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return socket.create_server((host, port), family=family, backlog=BACKLOG)
