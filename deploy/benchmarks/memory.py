"""How much memory the processes of a running service hold."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from service.cli.serve import SERVING
from service.db.lifecycle import WEBHOOKS_QUEUE

SERVERS: Final = (SERVING, "uvicorn")
"""What stands in the command of an API process, today's and that of older builds."""


def children(pid: int) -> list[int]:
    """Process ids of those that it started and that live."""
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(number) for task in tasks for number in task.read_text().split()]


def resident(pid: int) -> int:
    """Proportional resident bytes: a page that two processes share counts half for each."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def of_servers(supervisor: int) -> list[int]:
    """Bytes of each API process."""
    return [resident(it) for it in children(supervisor) if _is_server(it)]


def of_webhooks(supervisor: int) -> list[int]:
    """Bytes of each worker that sends webhooks."""
    return [resident(it) for it in children(supervisor) if WEBHOOKS_QUEUE in _command(it)]


def of_workers(supervisor: int) -> int:
    """Bytes of all workers of scans with their sandboxed children."""
    workers = (
        it
        for it in children(supervisor)
        if not _is_server(it) and WEBHOOKS_QUEUE not in _command(it)
    )
    return sum(resident(member) for worker in workers for member in _family(worker))


def _is_server(pid: int) -> bool:
    return any(name in _command(pid) for name in SERVERS)


def _command(pid: int) -> list[str]:
    return Path(f"/proc/{pid}/cmdline").read_text().split("\0")


def _family(pid: int) -> Iterator[int]:
    yield pid
    for child in children(pid):
        yield from _family(child)
