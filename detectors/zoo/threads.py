"""How many threads one file may use: a process says so before it loads any model."""

import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import local
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

_chosen = [2]
_here = local()


def use_threads(count: int) -> None:
    """More threads help one file; several files at once are done sooner with one each."""
    _chosen[0] = count
    hold_libraries()


def hold_libraries() -> None:
    """Have torch and OpenCV, if they are loaded, use no more threads than one file may."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(_chosen[0])
    if opencv := sys.modules.get("cv2"):
        opencv.setNumThreads(_chosen[0])


def threads() -> int:
    return _chosen[0]


def side_by_side(function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
    """What `function` makes of each item, in their order, by as many threads as one file may use.

    Each item is computed by one thread, so no result depends on their number. Within such a thread
    the next call computes by itself. Raises what the first item that fails raises.
    """
    known = list(items)
    count = min(threads(), len(known))
    if count < 2 or getattr(_here, "one_of_several", False):
        return [function(item) for item in known]
    with ThreadPoolExecutor(count, initializer=_mark) as pool:
        return list(pool.map(function, known))


class Ahead:
    """Work that is begun before all of it is known, by as many threads as one file may use.

    As with `side_by_side` each piece of it is computed by one thread.
    """

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(threads(), initializer=_mark)

    def begin(self, work: Callable[[], Result]) -> Future[Result]:
        return self._pool.submit(work)

    def close(self) -> None:
        """Drop what was not begun, without waiting for what was."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _mark() -> None:
    _here.one_of_several = True


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with torch in the calling thread alone.

    Sums are split by the number of threads, so that the last bits of a score would depend on how many
    files are judged at once.
    """
    import torch

    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(_chosen[0])
