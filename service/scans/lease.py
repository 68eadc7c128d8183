"""Holding a scan while working on it: a thread renews the lease and writes the progress."""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from service.analysis.progress import Progress
from service.db.entries import START
from service.db.scans import Job, ScanRows
from service.errors import ScanAbandoned
from service.scans.clockwork import Clockwork

PROGRESS_SECONDS: Final = 0.25
"""How often progress is written at most: the analysis itself never waits for the database."""


class Lease:
    """A context manager around the work on one scan."""

    def __init__(
        self, rows: ScanRows, job: Job, *, seconds: float, now: Callable[[], datetime]
    ) -> None:
        self._rows = rows
        self._job = job
        self._seconds = seconds
        self._now = now
        self._latest = START
        self._written = START
        self._renewed_at = time.monotonic()  # a clock that is set must not delay a renewal
        self._lost = threading.Event()
        pace = min(PROGRESS_SECONDS, seconds / 4)
        self._clock = Clockwork(self._keep, seconds=pace, name=f"lease {job.id}")

    def __enter__(self) -> Self:
        self._clock.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._clock.stop()

    def report(self, progress: Progress) -> None:
        """Note the progress. Raises `ScanAbandoned` when the work has become pointless."""
        self._latest = progress
        if self._lost.is_set():
            raise ScanAbandoned(f"scan {self._job.id} was deleted or taken over")

    def _keep(self) -> None:
        latest, began = self._latest, time.monotonic()
        due = began - self._renewed_at >= self._seconds / 3
        if self._lost.is_set() or not (due or latest != self._written):
            return
        until = self._now() + timedelta(seconds=self._seconds)
        if self._rows.renew(self._job, until=until, progress=latest):
            self._renewed_at, self._written = began, latest
        else:
            self._lost.set()
