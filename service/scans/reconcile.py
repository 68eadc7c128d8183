"""The reconciler: whatever died, every accepted scan gets on, and what is old is deleted."""

import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import count, islice
from typing import Final, TypeVar

from service.db.idempotency import IdempotencyRows
from service.db.lifecycle import Overdue, Reconciled
from service.db.upkeep import BATCH, UpkeepRows, Waiting
from service.errors import QueueUnavailable, StorageUnavailable
from service.scans.index_entries import IndexEntries
from service.scans.quarantine import Endings
from service.scans.queue import QUEUES, Queue
from service.scans.receipts import Deletions
from service.storage.protocol import BlobStore

log = logging.getLogger(__name__)

Name = TypeVar("Name")

LATE: Final = timedelta(hours=1)
"""In the usual course a scan is deleted seconds after it is due. What is due for longer was missed:
the service was off, or the clock has jumped."""

BATCHES: Final = 20
"""Looked at in one round; a tenant that changes its mind has every scan looked at again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When the reconciler steps in."""

    resend_after: timedelta  # a message may take this long before it can count as lost
    orphan_after: timedelta  # a blob without a scan may be an upload that is just being accepted
    sweep_every: timedelta  # looking for such blobs lists the whole store
    longest_lease: timedelta  # one that ends later was written before the clock was set back
    expire_share: float  # of all scans that may be deleted late and at once without being asked


class Reconciler:
    """One round at a time, safe beside others in any number of processes."""

    def __init__(
        self,
        rows: UpkeepRows,
        store: BlobStore,
        queue: Queue,
        *,
        endings: Endings,
        deletions: Deletions,
        known: IndexEntries | None = None,
        keys: IdempotencyRows,
        schedule: Schedule,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._store = store
        self._queue = queue
        self._endings = endings
        self._deletions = deletions
        self._known = known
        self._keys = keys
        self._schedule = schedule
        self._now = now
        self._sweep_due: datetime | None = None
        self._holding = 0

    def round(self) -> Reconciled:
        """Do all that is due. Raises `SQLAlchemyError`; a broker that is down is no error."""
        now = self._now()
        self._rows.shorten_leases(now + self._schedule.longest_lease)
        ended = self._endings.lapsed()
        result = Reconciled(
            retried=ended.again,
            failed=len(ended.failed),
            sent=self._send(now),
            expired=self._expire(now),
        )
        self._deletions.finish_all()
        if self._sweep_due is None or not _near(now, self._sweep_due, self._schedule.sweep_every):
            self._sweep_due = now + self._schedule.sweep_every
            result = replace(result, swept=self._sweep(now))
            self._keys.sweep(now)
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
                now = self._now()
                before = now - self._schedule.resend_after
                yield from self._rows.sent_before(queue, before, now, limit=missing)

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

    def send(self) -> int:
        """Send every message that is due, without the rest of a round."""
        return self._send(self._now())

    def overdue(self) -> Overdue:
        """What is past its retention, and whether it is too much to be deleted unasked."""
        now = self._now()
        late, kept = self._rows.late(now - LATE)
        most = self._schedule.expire_share * kept
        return Overdue(due=self._rows.due(now), kept=kept, held=late > most)

    def expire_all(self) -> int:
        """Delete everything that is past its retention, however much it is: somebody said so."""
        return self._prune(self._now(), most=None)

    def _expire(self, now: datetime) -> int:
        """Delete what is due, unless a clock that was set seems to have made it so."""
        overdue = self.overdue() if self._rows.due(now, most=1) else None
        if overdue is None or not overdue.held:
            self._holding = 0
            return self._prune(now, most=BATCHES)
        if self._holding != overdue.due:
            self._holding = overdue.due
            log.error(
                "%d of %d scans are past their retention at once; none is deleted before somebody "
                "looks at the clock and runs `assay expire --yes`",
                overdue.due,
                overdue.kept,
            )
        return 0

    def _prune(self, now: datetime, *, most: int | None) -> int:
        """Look at what is due, in at most so many batches; how many scans lost something."""
        total = 0
        for _ in count() if most is None else range(most):
            pruned = self._rows.prune(now)
            total += pruned.removed
            if pruned.removed:
                self._deletions.finish_all()
            if pruned.looked < BATCH:
                break
        return total

    def _sweep(self, now: datetime) -> int:
        """Delete what no scan refers to: an upload or a deletion that was killed midway.

        Scans that are gone also let go of what they hold in the index of known media.
        """
        swept = 0
        try:
            for keys in _batches(self._store.older_than(now - self._schedule.orphan_after)):
                for key in self._rows.without_scan(keys):
                    self._store.delete(key)
                    swept += 1
        except StorageUnavailable as error:
            log.warning("the sweep goes on another time: %s", error)
        if self._known is not None:
            for scans in _batches(self._known.holding()):
                self._known.forget(self._rows.without_entry(scans))
        return swept


def _near(now: datetime, due: datetime, every: timedelta) -> bool:
    """Whether `due` still lies ahead, and no further than it was put: the clock may be set back."""
    return timedelta(0) < due - now <= every


def _batches(keys: Iterable[Name]) -> Iterator[tuple[Name, ...]]:
    remaining = iter(keys)
    while batch := tuple(islice(remaining, BATCH)):
        yield batch
