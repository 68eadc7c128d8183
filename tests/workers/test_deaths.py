"""The pool tells of what its children died."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.db.deaths import Cause, Death
from workers.deaths import OutOfMemoryKills, child_died, death_of
from workers.pool import LonePool


@pytest.fixture
def kills(tmp_path: Path) -> OutOfMemoryKills:
    (tmp_path / "memory.events").write_text("low 0\noom 0\noom_kill 3\n")
    return OutOfMemoryKills(tmp_path / "memory.events")


@pytest.fixture
def pool() -> Iterator[LonePool]:
    made = LonePool(processes=1)
    yield made
    made.terminate()
    made.join()


def kill_oneself() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_pool_tells_which_child_died_of_which_signal(pool: LonePool) -> None:
    told: list[tuple[int, int]] = []
    heard = threading.Event()

    def hear(pid: int, status: int, **_signal: object) -> None:
        told.append((pid, status))
        heard.set()

    child_died.connect(hear)
    (child,) = pool._pool  # type: ignore[attr-defined]  # not in its stubs
    pool.apply_async(kill_oneself)
    assert heard.wait(30)
    assert told == [(child.pid, -signal.SIGKILL)]


def test_a_death_is_named_by_its_status(kills: OutOfMemoryKills) -> None:
    assert death_of(-signal.SIGKILL, kills) == Death(Cause.KILLED, "SIGKILL")
    assert death_of(-signal.SIGABRT, kills) == Death(Cause.KILLED, "SIGABRT")
    assert death_of(70, kills) == Death(Cause.EXITED, "exit status 70")


def test_a_kill_while_the_kernel_counted_one_for_memory_was_for_memory(
    kills: OutOfMemoryKills, tmp_path: Path
) -> None:
    (tmp_path / "memory.events").write_text("low 0\noom 1\noom_kill 4\n")
    assert death_of(-signal.SIGKILL, kills) == Death(Cause.OUT_OF_MEMORY, "SIGKILL")
    assert death_of(-signal.SIGKILL, kills) == Death(Cause.KILLED, "SIGKILL")


def test_this_machine_counts_its_kills() -> None:
    assert not OutOfMemoryKills.here().grown()
