"""Views of several scans through one encoder in one pass, so that an accelerator is kept busy.

A thread of its own gathers what the scans of a process ask for, up to a number of views or for a
few milliseconds. Nobody waits longer than that for company, and a pass that fails is tried again
view by view, so that one scan's trouble stays its own.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from threading import Thread
from time import monotonic
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Encode = Callable[[Sequence[Pixels]], Floats]

MOST: Final = 64
"""Views in one pass."""

PATIENCE: Final = 0.004
"""Seconds that the first view of a pass waits for others."""

_Asked = tuple[Pixels, Future[Floats]]


class Batcher:
    """Gathers views for `encode`, which gives (views, ...) for a list of them."""

    def __init__(self, encode: Encode, *, most: int = MOST, patience: float = PATIENCE) -> None:
        self._encode = encode
        self._most = most
        self._patience = patience
        self._asked: SimpleQueue[_Asked | None] = SimpleQueue()
        self._pass = ThreadPoolExecutor(1, thread_name_prefix="encoder")
        self._thread = Thread(target=self._work, name="encoder-batches", daemon=True)
        self._thread.start()

    def encoded(self, views: Sequence[Pixels]) -> Floats:
        """What `encode` gives for these views. Raises what it raised for one of them alone."""
        waiting: list[Future[Floats]] = [Future() for _ in views]
        for asked in zip(views, waiting, strict=True):
            self._asked.put(asked)
        return np.stack([future.result() for future in waiting])

    def close(self) -> None:
        """Answer what was asked before, then stop."""
        self._asked.put(None)
        self._thread.join()
        self._pass.shutdown()

    def _work(self) -> None:
        while (first := self._asked.get()) is not None:
            together, ended = self._gathered(first)
            self._answer(together)
            if ended:
                return

    def _gathered(self, first: _Asked) -> tuple[list[_Asked], bool]:
        """`first` and its company, and whether nothing will follow."""
        together, until = [first], monotonic() + self._patience
        while len(together) < self._most:
            try:
                asked = self._asked.get(timeout=max(0.0, until - monotonic()))
            except Empty:
                break
            if asked is None:
                return together, True
            together.append(asked)
        return together, False

    def _answer(self, together: list[_Asked]) -> None:
        done = self._pass.submit(self._encode, [view for view, _ in together])
        error = done.exception()
        if error is None:
            for (_, future), found in zip(together, done.result(), strict=True):
                future.set_result(found)
        elif len(together) == 1:
            together[0][1].set_exception(error)
        else:
            for asked in together:
                self._answer([asked])
