"""Lend sandboxes to threads, as few of them as do."""

import queue
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Final, Generic, TypeVar

from detectors.errors import MediaTimeout

Thing = TypeVar("Thing")

PATIENCE_SECONDS: Final = 0.5
"""How long a borrower waits for what is lent out before a thing is used that was not used yet.

About as long as a child takes to start: most files are read in a tenth of it, and then judged for
far longer.
"""


class Lender(Generic[Thing]):
    """Each thing is with one borrower at a time."""

    def __init__(self, things: Sequence[Thing]) -> None:
        self._count = len(things)
        self._unused = list(things)
        self._lock = threading.Lock()  # held while one is taken out of these
        self._back: queue.LifoQueue[Thing] = queue.LifoQueue()

    @contextmanager
    def lent(self, seconds: float | None = None) -> Iterator[Thing]:
        """One of the things; waits for it, if wanted not for ever. Raises `MediaTimeout`."""
        thing = self._fresh(least=self._count) or self._found(seconds)
        try:
            yield thing
        finally:
            self._back.put(thing)

    def _found(self, seconds: float | None) -> Thing:
        patience = PATIENCE_SECONDS if seconds is None else min(seconds, PATIENCE_SECONDS)
        with suppress(queue.Empty):
            return self._back.get(timeout=patience)
        fresh = self._fresh(least=1)
        if fresh is not None:
            return fresh
        try:
            return self._back.get(timeout=None if seconds is None else seconds - patience)
        except queue.Empty:
            raise MediaTimeout(f"no decoder was free within {seconds:.3g} s") from None

    def _fresh(self, *, least: int) -> Thing | None:
        """One that was not used yet, if there are at least so many."""
        with self._lock:
            return self._unused.pop() if len(self._unused) >= least else None
