"""A thread that does chores at a steady pace and outlives whatever they raise."""

import logging
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

log = logging.getLogger(__name__)

QUIET_SECONDS: Final = 60.0
"""A chore that keeps failing in the same way shows its traceback this often."""


class Clockwork:
    """Runs the chores one after the other, then rests for `seconds`.

    Every promise about accepted scans hangs on such threads, so nothing that a chore raises ends
    one: it is logged, and the chore is tried again after the rest.
    """

    def __init__(self, *chores: Callable[[], object], seconds: float, name: str = "chores") -> None:
        self._chores = chores
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._well_at = time.monotonic()
        self._shown: dict[str, float] = {}

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Wait for the chore that runs, then end."""
        self._stop.set()
        self._thread.join()

    def dismiss(self) -> None:
        """End without waiting for the chore that runs."""
        self._stop.set()

    @property
    def silence(self) -> float:
        """Seconds since all chores last went well: grows when one fails or never comes back."""
        return time.monotonic() - self._well_at

    def _run(self) -> None:
        while True:
            if all([self._done(chore) for chore in self._chores]):
                self._well_at = time.monotonic()
            if self._stop.wait(self._seconds):
                return

    def _done(self, chore: Callable[[], object]) -> bool:
        try:
            chore()
        except Exception as error:
            if self._is_new(f"{type(error).__name__}: {error}"):
                log.exception("a chore failed and will be tried again")
            else:
                log.error("a chore failed again: %s", type(error).__name__)
            return False
        return True

    def _is_new(self, trouble: str) -> bool:
        now = time.monotonic()
        shown = {key: at for key, at in self._shown.items() if now - at < QUIET_SECONDS}
        self._shown = shown if trouble in shown else {**shown, trouble: now}
        return trouble not in shown
