"""Messages that wake senders: each names an endpoint at which something is due, the rows say what."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

from service.db.engine import Database
from service.db.lifecycle import WEBHOOKS_QUEUE
from service.db.webhook_sending import SendingRows, Waiting
from service.errors import QueueUnavailable

log = logging.getLogger(__name__)

RESEND_AFTER: Final = timedelta(seconds=10)
"""A message may travel this long before it can count as lost."""


class Bells(Protocol):
    """A queue of messages."""

    def enqueue(self, endpoint_id: str, queue: str, /) -> None:
        """Raises `QueueUnavailable`."""
        ...

    def depth(self, queue: str) -> int:
        """How many messages wait. Raises `QueueUnavailable`."""
        ...


class Ringer:
    """Sends a message for each endpoint that needs a sender, from any number of processes."""

    def __init__(
        self, database: Database, bells: Bells, now: Callable[[], datetime] | None = None
    ) -> None:
        self._rows = SendingRows(database)
        self._bells = bells
        self._now = now or database.now

    def ring(self) -> int:
        """One round: new events, retries that are due, and messages that were lost; how many."""
        waiting = self._rows.waiting(self._now())
        if not waiting:
            return 0
        unrung = [item for item in waiting if item.rung_at is None]
        try:
            return sum(self._ring(item) for item in (*unrung, *self._lost(waiting)))
        except QueueUnavailable as error:
            log.warning("webhooks wait for the broker: %s", error)
            return 0

    def _lost(self, waiting: Sequence[Waiting]) -> Sequence[Waiting]:
        """As many as the queue holds too few messages, of those that wait for longest."""
        now = self._now()
        late = [
            item
            for item in waiting
            if item.rung_at is not None and not now - RESEND_AFTER <= item.rung_at <= now
        ]
        if not late:
            return ()
        rung = sum(item.rung_at is not None for item in waiting)
        return late[: max(0, rung - self._bells.depth(WEBHOOKS_QUEUE))]

    def _ring(self, item: Waiting) -> bool:
        """Claim first, so that of several ringers one sends."""
        now = self._now()
        if not self._rows.mark_rung(item, now):
            return False
        try:
            self._bells.enqueue(item.endpoint_id, WEBHOOKS_QUEUE)
        except QueueUnavailable:
            self._rows.mark_rung(Waiting(item.endpoint_id, now), None)
            raise
        return True
