"""The reconciler: whatever died, every accepted scan gets on, and what is old is deleted."""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import islice
from types import TracebackType
from typing import Final, Self, TypeVar

from sqlalchemy.exc import SQLAlchemyError

from service.db.lifecycle import Failure, Reconciled
from service.db.upkeep import BATCH, UpkeepRows, Waiting
from service.errors import QueueUnavailable
from service.scans.index_entries import IndexEntries
from service.scans.queue import QUEUES, Queue
from service.scans.storage import BlobStore

log = logging.getLogger(__name__)

Name = TypeVar("Name")

WORKER_LOST: Final = Failure(
    "worker_lost", "Every worker that tried this scan died or was stopped before it had a report."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the reconciler steps in."""

    attempts: int  # after that many lost workers a scan fails
    resend_after: timedelta  # a message may take this long before it can count as lost
    orphan_after: timedelta  # a blob without a scan may be an upload that is just being accepted
    sweep_every: timedelta  # looking for such blobs lists the whole store


class Reconciler:
    """One round at a time, safe beside others in any number of processes."""

    def __init__(
        self,
        rows: UpkeepRows,
        store: BlobStore,
        queue: Queue,
        *,
        known: IndexEntries | None = None,
        schedule: Schedule,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._store = store
        self._queue = queue
        self._known = known
        self._schedule = schedule
        self._now = now
        self._sweep_due = now()

    def round(self) -> Reconciled:
        """Do all that is due. Raises `SQLAlchemyError`; a broker that is down is no error."""
        now = self._now()
        retried, failed = self._rows.end_lapsed_leases(
            now, most=self._schedule.attempts, failure=WORKER_LOST
        )
        result = Reconciled(
            retried=retried, failed=failed, sent=self._send(now), expired=self._expire(now)
        )
        if now >= self._sweep_due:
            self._sweep_due = now + self._schedule.sweep_every
            result = replace(result, swept=self._sweep(now))
        if result:
            log.info("reconciled", extra={"round": result})
        return result

    def _send(self, now: datetime) -> int:
        try:
            return sum(self._send_one(scan, now) for scan in (*self._rows.unsent(), *self._lost()))
        except QueueUnavailable as error:
            log.warning("messages wait for the broker: %s", error)
            return 0

    def _lost(self) -> Iterator[Waiting]:
        """Scans whose message is gone.

        A queue must hold at least one message for each waiting scan. If it holds fewer, as many
        as are missing are sent again, for the scans that wait longest. So a long queue is not
        made longer, and a broker that lost everything is filled again.
        """
        for queue in QUEUES:
            waiting = self._rows.waiting(queue)
            missing = waiting - self._queue.depth(queue) if waiting else 0
            if missing > 0:
                before = self._now() - self._schedule.resend_after
                yield from self._rows.sent_before(queue, before, limit=missing)

    def _send_one(self, scan: Waiting, now: datetime) -> bool:
        """Claim first, so that of several reconcilers one sends."""
        if not self._rows.claim_sending(scan, now):
            return False
        try:
            self._queue.enqueue(scan.id, scan.queue)
        except QueueUnavailable:
            self._rows.not_sent(scan.id, now)
            raise
        return True

    def _expire(self, now: datetime) -> int:
        count, blobs = self._rows.expire(now)
        for blob in blobs:
            self._store.delete(blob)
        return count

    def _sweep(self, now: datetime) -> int:
        """Delete what no scan refers to: an upload or a deletion that was killed midway.

        Scans that are gone also let go of what they hold in the index of known media.
        """
        swept = 0
        for keys in _batches(self._store.older_than(now - self._schedule.orphan_after)):
            for key in self._rows.without_scan(keys):
                self._store.delete(key)
                swept += 1
        if self._known is not None:
            for scans in _batches(self._known.holding()):
                self._known.forget(self._rows.without_report(scans))
        return swept


class Clockwork:
    """A thread that runs chores at a steady pace; a database that is down only delays them."""

    def __init__(self, *chores: Callable[[], object], seconds: float) -> None:
        self._chores = chores
        self._seconds = seconds
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="chores", daemon=True)

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

    def _run(self) -> None:
        while True:
            try:
                for chore in self._chores:
                    chore()
            except (SQLAlchemyError, OSError):
                log.exception("a chore failed and will be tried again")
            if self._stop.wait(self._seconds):
                return


def _batches(keys: Iterable[Name]) -> Iterator[tuple[Name, ...]]:
    remaining = iter(keys)
    while batch := tuple(islice(remaining, BATCH)):
        yield batch
