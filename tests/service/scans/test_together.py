import threading
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest
from sqlalchemy.exc import IntegrityError, OperationalError

from service.access_errors import TooManyInFlight
from service.scans.together import Together
from tests.e2e.servers import wait_until


@dataclass(slots=True)
class Work:
    """Keeps what every round was for; the first round lasts until it is let go."""

    error: Exception | None = None  # raised by every round that has `bad` in it
    rounds: list[list[str]] = field(default_factory=list)
    begun: threading.Event = field(default_factory=threading.Event)
    let_go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, items: Sequence[str]) -> None:
        self.rounds.append(sorted(items))
        self.begun.set()
        assert self.let_go.wait(10)
        if self.error is not None and "bad" in items:
            raise self.error


def after_one(work: Work, items: Sequence[str]) -> dict[str, "Future[None]"]:
    """What became of these items, all of which came while the round of another was under way."""
    together = Together(work)
    with ThreadPoolExecutor(1 + len(items)) as pool:
        first = pool.submit(together, "first")
        assert work.begun.wait(10)
        futures = {item: pool.submit(together, item) for item in items}
        wait_until(lambda: len(together._waiting) == len(items), what="all wait", seconds=10)
        work.let_go.set()
    first.result()
    return futures


def test_alone_nobody_is_waited_for() -> None:
    work = Work()
    work.let_go.set()
    together = Together(work)
    together("a")
    together("b")
    assert work.rounds == [["a"], ["b"]]


def test_what_comes_during_a_round_is_done_in_the_next_all_at_once() -> None:
    work = Work()
    futures = after_one(work, ["a", "b", "c", "d", "e"])
    assert [future.result() for future in futures.values()] == [None] * 5
    assert work.rounds == [["first"], ["a", "b", "c", "d", "e"]]


@pytest.mark.parametrize(
    "refused", [IntegrityError("INSERT", {}, Exception("no")), TooManyInFlight("no")]
)
def test_nobody_pays_for_what_is_refused_of_another(refused: Exception) -> None:
    work = Work(error=refused)
    futures = after_one(work, ["a", "bad", "c"])
    assert futures["bad"].exception() is refused
    assert futures["a"].exception() is futures["c"].exception() is None
    assert sorted(work.rounds[2:]) == [["a"], ["bad"], ["c"]]


def test_where_the_connection_was_lost_all_are_told_and_nothing_is_done_twice() -> None:
    lost = OperationalError("COMMIT", {}, Exception("gone"), connection_invalidated=True)
    work = Work(error=lost)
    futures = after_one(work, ["a", "bad", "c"])
    assert {future.exception() for future in futures.values()} == {lost}
    assert len(work.rounds) == 2


def test_a_bug_of_one_round_leaves_nobody_waiting() -> None:
    work = Work(error=ZeroDivisionError())
    futures = after_one(work, ["a", "bad", "c"])
    assert isinstance(futures["bad"].exception(), ZeroDivisionError)
    assert sum(future.exception() is not None for future in futures.values()) <= 2


@pytest.mark.parametrize("threads", [4, 16])
def test_everything_is_done_once_however_many_come(threads: int) -> None:
    done: list[int] = []
    together = Together(done.extend)
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(together, range(2000)))
    assert sorted(done) == list(range(2000))
