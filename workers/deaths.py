"""What the parent of the pool learns of the death of a child, and what it does about it."""

import logging
import signal
from contextlib import closing
from pathlib import Path
from typing import Final

from celery.utils.dispatch import Signal
from sqlalchemy.exc import SQLAlchemyError

from service.db.batch_deaths import LineDeaths
from service.db.deaths import Cause, Death
from service.scans.quarantine import Endings
from service.settings import Settings
from service.wiring import database_of, scan_keeping
from workers.container import process_name

log = logging.getLogger(__name__)

child_died: Final = Signal(name="child_died", providing_args=["pid", "status"])
"""A child that ran a task has died; its exit status as `multiprocessing` gives it."""

child_out_of_time: Final = Signal(name="child_out_of_time", providing_args=["pid", "seconds"])
"""A child did not end at the soft time limit, and is killed right after this."""

_CGROUPS: Final = Path("/sys/fs/cgroup")
_KILLS: Final = "oom_kill"


class OutOfMemoryKills:
    """How often the kernel killed for memory where this process lives: in its cgroup, or at all."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen = self._count()

    @classmethod
    def here(cls) -> "OutOfMemoryKills":
        """A cgroup of version 2 counts for itself; elsewhere the machine's count has to do."""
        for line in Path("/proc/self/cgroup").read_text().splitlines():
            number, _, place = line.partition("::")
            events = _CGROUPS / place.lstrip("/") / "memory.events"
            if number == "0" and events.exists():
                return cls(events)
        return cls(Path("/proc/vmstat"))

    def grown(self) -> bool:
        """Whether there was another one since this was last asked."""
        before, self._seen = self._seen, self._count()
        return self._seen > before

    def _count(self) -> int:
        for line in self._file.read_text().splitlines():
            name, _, count = line.partition(" ")
            if name == _KILLS:
                return int(count)
        return 0


def death_of(status: int, kills: OutOfMemoryKills) -> Death:
    """By the exit status: a negative one is a signal."""
    for_memory = kills.grown()
    if status >= 0:
        return Death(Cause.EXITED, f"exit status {status}")
    if status == -signal.SIGKILL and for_memory:
        return Death(Cause.OUT_OF_MEMORY, "SIGKILL")
    try:
        return Death(Cause.KILLED, signal.Signals(-status).name)
    except ValueError:  # of those that have no name
        return Death(Cause.KILLED, f"signal {-status}")


def install(settings: Settings) -> None:
    """Say in the database what died of what, so that its scan gets on before its lease runs out."""
    kills = OutOfMemoryKills.here()

    def died(pid: int, status: int, **_signal: object) -> None:
        _note(settings, pid, death_of(status, kills))

    def out_of_time(pid: int, seconds: float, **_signal: object) -> None:
        _note(settings, pid, Death(Cause.TIME_LIMIT, f"{seconds:g} s"))

    child_died.connect(died, weak=False)
    child_out_of_time.connect(out_of_time, weak=False)


def _note(settings: Settings, pid: int, death: Death) -> None:
    told = {"pid": pid, "cause": death.cause, "detail": death.detail}
    log.error("worker process died", extra=told)
    try:
        with closing(database_of(settings)) as database:
            keeping, attempts = scan_keeping(settings), settings.leases.attempts
            Endings(database, keeping, attempts, database.now).died(process_name(pid), death)
            LineDeaths(database).died(process_name(pid), death, database.now())
    except SQLAlchemyError as error:
        log.warning("its scan goes on when its lease runs out: %s", type(error).__name__)
