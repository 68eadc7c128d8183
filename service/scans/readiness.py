"""Whether the parts that a scan needs answer."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from service.db.engine import Database
from service.db.lifecycle import UNHEARD, Overdue, Readiness, WorkerSeen
from service.db.upkeep import UpkeepRows
from service.errors import QueueUnavailable
from service.scans.queue import QUEUES, Queue
from service.scans.reconcile import Reconciler
from service.storage.protocol import BlobStore

LEAST_PATIENCE: Final = 30.0


class Checkup:
    """Asks each part."""

    def __init__(
        self,
        *,
        database: Database,
        upkeep: UpkeepRows,
        store: BlobStore,
        queue: Queue,
        reconciler: Reconciler,
        pace: float,
        now: Callable[[], datetime],
    ) -> None:
        """`pace`: seconds between two rounds of the reconciler."""
        self._database = database
        self._upkeep = upkeep
        self._store = store
        self._queue = queue
        self._reconciler = reconciler
        self._patience = timedelta(seconds=max(LEAST_PATIENCE, 4 * pace))
        self._now = now

    def ready(self) -> Readiness:
        """Ask now."""
        database = self._database.usable()
        workers: tuple[WorkerSeen, ...] = ()
        overdue, lately = Overdue(), False
        if database:
            now = self._now()
            workers = self._upkeep.workers(now - UNHEARD, now)
            rounds = (item.reconciled_at for item in workers if item.reconciled_at is not None)
            lately = any(now - self._patience <= at <= now + self._patience for at in rounds)
            overdue = self._reconciler.overdue()
        return Readiness(
            database=database,
            storage=self._store.usable(),
            broker=self._broker_answers(),
            workers=workers,
            reconciler=lately,
            overdue=overdue,
        )

    def _broker_answers(self) -> bool:
        with suppress(QueueUnavailable):
            self._queue.depth(QUEUES[0])
            return True
        return False
