"""One attempt after another: what is due is sent, and the answer says what follows."""

import logging
import random
import secrets
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from service import figures
from service.db.engine import Database
from service.db.webhook_tables import DeliveryState
from service.db.webhooks import Due, Outcome, WebhookRows
from service.errors import FetchFailed, UrlRefused
from service.fetch import Answer, Guard, post
from service.webhooks.signing import headers

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 3600.0
QUIET: Final = timedelta(minutes=1)
"""An endpoint that failed is left alone for this long at most, so that others get their turn."""
PAUSE_AFTER: Final = timedelta(hours=24)
"""An endpoint that fails for this long is not told any more."""
KEPT: Final = timedelta(days=30)
GONE: Final = 410


class Sender:
    """Sends what is due, from any number of threads and processes at once."""

    def __init__(
        self, database: Database, guard: Guard, now: Callable[[], datetime] | None = None
    ) -> None:
        self._rows = WebhookRows(database)
        self._guard = guard
        self._now = now or database.now

    def send_one(self) -> bool:
        """One attempt at whatever waits longest; False: nothing is due."""
        now = self._now()
        lease = timedelta(seconds=2 * self._guard.seconds + 10)
        due = self._rows.take(secrets.token_hex(16), now, now + lease)
        if due is None:
            return False
        begun = time.monotonic()
        error, answer = "", None
        try:
            body = due.document.encode()
            signed = headers(due.event_id, now, body, due.secrets)
            answer = post(due.url, body, signed, self._guard)
        except (FetchFailed, UrlRefused) as failure:
            error = f"{failure} ({failure.code})"
        took = int((time.monotonic() - begun) * 1000)
        outcome = judged(due, answer, error, took, self._now())
        self._rows.settle(due, outcome, self._now())
        figures.told(outcome.state, took / 1000)
        log.info("webhook", extra={"event_id": due.event_id, "state": outcome.state})
        return True

    def forget(self) -> None:
        """Delete what was told long ago."""
        self._rows.forget(self._now() - KEPT)


def judged(due: Due, answer: Answer | None, error: str, took: int, now: datetime) -> Outcome:
    """What follows from an answer, or from the `error` that came in its place."""
    status = answer.status if answer is not None else None
    if status is not None and 200 <= status < 300:
        return Outcome(
            state=DeliveryState.DELIVERED,
            next_at=now,
            status=status,
            milliseconds=took,
            error=None,
        )
    pause = None
    since = due.failing_since
    if status == GONE:
        pause = "the receiver answered 410: it is gone"
    elif since is not None and now - since >= PAUSE_AFTER:
        pause = f"every attempt failed since {since.isoformat(timespec='minutes')}"
    next_at = now + timedelta(seconds=_pause(due.attempt, answer))
    dead = status == GONE or next_at > due.give_up_at
    return Outcome(
        state=DeliveryState.DEAD if dead else DeliveryState.PENDING,
        next_at=next_at,
        status=status,
        milliseconds=took,
        error=error or f"the receiver answered {status}",
        pause=pause,
        quiet_until=min(next_at, now + QUIET),
    )


def _pause(attempt: int, answer: Answer | None) -> float:
    """Seconds until the next attempt: twice as long each time, scattered, or as was asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 20))
    scattered = longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, guards nothing)
    asked = answer.retry_after if answer is not None else 0
    return max(scattered, min(asked, LONGEST_PAUSE))
