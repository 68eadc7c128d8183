"""Answers of the database that are believed for a second, where every request asks the same again."""

import threading
import time
from collections.abc import Callable, Hashable
from typing import Final, TypeVar, cast

SECONDS: Final = 1.0
"""So long another process may act on what was just changed; the one that changed it never does."""

MOST: Final = 10_000
"""Answers that are held at a time."""

Answer = TypeVar("Answer")


class Recent:
    """Thread-safe. What is not there is asked for every time, so that what is new is known at once."""

    def __init__(self, seconds: float = SECONDS) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._known: dict[Hashable, tuple[float, object]] = {}
        self._forgotten = 0

    def of(self, question: Hashable, ask: Callable[[], Answer | None]) -> Answer | None:
        """What `ask` answered within the last second, else what it answers now."""
        now = time.monotonic()
        known = self._known.get(question)
        if known is not None and now < known[0]:
            return cast(Answer, known[1])
        forgotten = self._forgotten
        answer = ask()
        with self._lock:
            # What was asked before something changed must not be held after it.
            if answer is not None and forgotten == self._forgotten:
                if len(self._known) >= MOST:
                    self._known.clear()
                self._known[question] = now + self._seconds, answer
        return answer

    def forget(self) -> None:
        """To be called once a change of what is held here is committed."""
        with self._lock:
            self._forgotten += 1
            self._known.clear()
