"""How a worker's processes are watched from outside: what they count, and that they live.

Each process of the pool counts in files of a folder that the parent reads, and touches one there
for as long as its Python runs.
"""

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

FOLDER: Final = "PROMETHEUS_MULTIPROC_DIR"
"""Where the library looks for the folder, once, when it is imported."""

SILENCE_SECONDS: Final = 120.0
"""A process whose Python has not run for this long hangs."""

_BEAT: Final = "beat-"


@contextmanager
def counting() -> Iterator[None]:
    """A folder for the figures, until the worker ends; before anything that counts is imported."""
    folder = tempfile.mkdtemp(prefix="assay-figures-")
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        del os.environ[FOLDER]
        shutil.rmtree(folder, ignore_errors=True)


def listen(host: str, port: int) -> None:
    """Answer Prometheus and health checks, in the parent of the pool; port 0: nobody.

    Raises `SettingsInvalid`.
    """
    from prometheus_client.multiprocess import MultiProcessCollector

    from service.watching import server

    if not port:
        return
    folder = Path(os.environ[FOLDER])
    told = server.figures_of(MultiProcessCollector(None, str(folder)))  # type: ignore[no-untyped-call]
    server.start(
        host,
        port,
        {
            "/metrics": told,
            "/health/live": lambda: server.Answer.health(well=_lives(folder)),
            "/health/ready": lambda: server.Answer.health(well=bool(_beats(folder))),
        },
    )


def beat() -> None:
    """This process of the pool lives; called about once a second from its first scan on."""
    folder = os.environ.get(FOLDER)
    if folder is not None:
        (Path(folder) / f"{_BEAT}{os.getpid()}").touch()


def _lives(folder: Path) -> bool:
    """No process of the pool hangs; before the first is ready there is none yet."""
    return all(seconds < SILENCE_SECONDS for seconds in _beats(folder))


def _beats(folder: Path) -> list[float]:
    """Seconds since each process of the pool that exists was heard."""
    found = []
    for path in folder.glob(f"{_BEAT}*"):
        if Path("/proc", path.name.removeprefix(_BEAT)).exists():
            found.append(time.time() - path.stat().st_mtime)
        else:
            path.unlink(missing_ok=True)
    return found
