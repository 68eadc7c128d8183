"""Holding a scan while working on it: a thread renews the lease and writes the progress."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from sqlalchemy.exc import SQLAlchemyError

from service.analysis.progress import Progress
from service.db.scans import START, Job, ScanRows
from service.errors import ScanAbandoned

log = logging.getLogger(__name__)

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
        self._renewed_at = now()
        self._lost = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._keep, name=f"lease {job.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join()

    def report(self, progress: Progress) -> None:
        """Note the progress. Raises `ScanAbandoned` when the work has become pointless."""
        self._latest = progress
        if self._lost.is_set():
            raise ScanAbandoned(f"scan {self._job.id} was deleted or taken over")

    def _keep(self) -> None:
        while not self._stop.wait(min(PROGRESS_SECONDS, self._seconds / 4)):
            latest, now = self._latest, self._now()
            due = now - self._renewed_at >= timedelta(seconds=self._seconds / 3)
            if not due and latest == self._written:
                continue
            try:
                held = self._rows.renew(
                    self._job, until=now + timedelta(seconds=self._seconds), progress=latest
                )
            except SQLAlchemyError:
                log.exception("lease not renewed", extra={"scan": self._job.id})
                continue
            if not held:
                self._lost.set()
                return
            self._renewed_at, self._written = now, latest
