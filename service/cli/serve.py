"""`assay serve` and `assay worker`: the service as processes on this machine."""

import os
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Self

from detectors.base import Kind
from service.api.hosts import Hosts
from service.cli.complain import say, sentence_of, told
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.supervisor import Child, supervise
from service.db.lifecycle import PROVENANCE_QUEUE, WEBHOOKS_QUEUE
from service.language.spoken import _
from service.startup import ALONE

SERVING: Final = "service.serving"
STARTUP: Final = "service.startup"
WORKERS: Final = "workers"
BACKLOG: Final = 512
BESIDE: Final = 3
"""Ports for Prometheus that lie beside that of the API, one each for what runs beside it."""
NICENESS: Final = 10
"""Of a worker that shares a machine with the API: a scan can wait, whoever uploads does."""
LONG_NICENESS: Final = 19
"""Of the worker for what takes long: beside it the other has nearly the whole of a core."""
QUICK: Final = (Kind.IMAGE.value, PROVENANCE_QUEUE)
LONG: Final = (Kind.AUDIO.value, Kind.VIDEO.value)
"""Queues by what a scan costs. How long sound lasts its size does not tell, so it goes with films."""


@dataclass(frozen=True, slots=True)
class Way:
    """Who is let in: an argument for the processes that ask, and what goes into their environment."""

    arguments: tuple[str, ...]
    environment: Mapping[str, str]

    @classmethod
    def of(cls, host: str, *, everybody: bool, keys: bool) -> Self:
        """Only loopback can be for one person alone, and only where keys are not asked for."""
        alone = not keys and Hosts().allow(f"[{host}]" if ":" in host else host)
        return cls((ALONE,) if alone else (), {"ASSAY_OPEN": "true"} if everybody else {})


def run(
    host: str, port: int, *, api_only: bool, way: Way, processes: int = 1, workers: int = 2
) -> ExitCode:
    """Serve until Ctrl-C. The socket outlives the API processes: a restart refuses nobody."""
    settings = read_settings()
    if processes > 1 and settings.broker_url is None:
        say(
            _(
                "several API processes count limits together only in a Redis: set {name}",
                name="ASSAY_BROKER_URL",
            )
        )
        return ExitCode.USAGE
    checked = subprocess.run(  # noqa: S603 (ours, no shell)
        _python("-m", STARTUP, *way.arguments),
        env={**os.environ, **way.environment},
        check=False,
    )
    if checked.returncode:
        return ExitCode.USAGE
    try:
        listener = _listen(host, port)
    except OSError as error:
        where = _("cannot listen on {hostname} port {text}", hostname=host, text=str(port))
        say(f"{where}: {told(sentence_of(error))} [address_unavailable]")
        return ExitCode.USAGE
    with listener:
        metrics = settings.metrics.port
        apis = [
            _api(listener, (*settings.allowed_hosts, host), way, number, metrics)
            for number in range(processes)
        ]
        others = [] if api_only else [worker_of_scans(metrics, workers), _sender(metrics)]
        children = [*apis, *others]
        name = f"[{host}]" if ":" in host else host
        url = f"http://{name}:{listener.getsockname()[1]}/"
        say(_("page and API at {url} (Ctrl-C stops it)", url=url))
        _warn_of_root()
        ending = supervise(children)
    say(_("stopped"))
    return ending


def become_worker(queues: str | None, concurrency: int | None) -> None:
    """Replace this process by a worker; the service may not import the workers package."""
    read_settings()
    _warn_of_root()
    command = _python("-m", WORKERS)
    if concurrency is not None:
        command += ["--concurrency", str(concurrency)]
    if queues:
        command += ["--queues", queues]
    os.execv(command[0], command)  # noqa: S606 (our own interpreter, no shell)


def _warn_of_root() -> None:
    """Once for all the processes that this one starts."""
    if os.geteuid() == 0:
        say(_("this runs as root, and needs no such rights: run it as a user of its own"))


def _api(
    listener: socket.socket, hosts: tuple[str, ...], way: Way, number: int, metrics: int
) -> Child:
    """All take requests from one socket. The ports for Prometheus of worker and sender lie between
    that of the first and those of the others.
    """
    descriptor = listener.fileno()
    port = metrics + BESIDE + number if metrics and number else metrics
    return Child(
        name=f"API {number + 1}" if number else "API",
        command=_python("-m", SERVING, "--fd", str(descriptor), *way.arguments),
        environment={
            "ASSAY_ALLOWED_HOSTS": ",".join(hosts),
            "ASSAY_METRICS__PORT": str(port),
            **way.environment,
        },
        descriptors=(descriptor,),
    )


def worker_of_scans(metrics: int, lanes: int) -> Child:
    """One process for everything, or two that share what they loaded, so that a picture never waits for
    a film.
    """
    lots = [(*QUICK, *LONG)] if lanes == 1 else [QUICK, LONG]
    arguments: list[str] = []
    for queues, niceness, port in zip(lots, (NICENESS, LONG_NICENESS), (1, BESIDE), strict=False):
        arguments += ["--queues", ",".join(queues), "--nice", str(niceness)]
        if metrics:
            arguments += ["--metrics-port", str(metrics + port)]
    return _beside("worker", _python("-m", WORKERS, *arguments), metrics and metrics + 1)


def _sender(metrics: int) -> Child:
    """Webhooks are sent apart, so that a slow receiver holds up no scan."""
    command = _python("-m", WORKERS, "--queues", WEBHOOKS_QUEUE)
    return _beside("webhooks", command, metrics and metrics + 2)


def _beside(name: str, command: list[str], metrics: int) -> Child:
    """A process with a port of its own for Prometheus; 0: none."""
    return Child(name=name, command=command, environment={"ASSAY_METRICS__PORT": str(metrics)})


def _python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def _listen(host: str, port: int) -> socket.socket:
    """Raises `OSError`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=BACKLOG)
    # Connections have it from here: asyncio sets it only where it binds. Without, the body of an answer
    # waits 40 ms for the client's acknowledgement of the head.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener
