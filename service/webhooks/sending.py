"""One attempt after another: what is due is sent, and the answer says what follows."""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from service import figures
from service.db.engine import Database
from service.db.webhook_sending import Due, Outcome, SendingRows
from service.db.webhook_tables import AttemptCode, DeliveryState
from service.db.webhooks import WebhookRows
from service.errors import FetchFailed, SecretUnreadable, UrlRefused
from service.fetch import Answer, Guard, post
from service.webhooks.sealing import SEALED, Seal
from service.webhooks.signing import headers

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 5.0
LONGEST_PAUSE: Final = 3600.0
QUIET: Final = timedelta(minutes=1)
LONGEST_QUIET: Final = timedelta(minutes=10)
"""An endpoint that failed is left alone for a minute at most, and for up to ten the longer it has
been failing, so that many that hang leave others their turn."""
PAUSE_AFTER: Final = timedelta(hours=24)
"""An endpoint that fails for this long is not told any more."""
TURN_SECONDS: Final = 30.0
"""After so long an endpoint that still has something due goes to the end of the queue."""
ANSWER_LENGTH: Final = 500
GONE: Final = 410


class Sender:
    """Sends what is due, from any number of threads and processes at once."""

    def __init__(
        self,
        database: Database,
        guard: Guard,
        seal: Seal,
        *,
        keep: timedelta = timedelta(days=30),
        now: Callable[[], datetime] | None = None,
    ) -> None:
        self._rows = SendingRows(database)
        self._secrets = WebhookRows(database)
        self._guard = guard
        self._seal = seal
        self._keep = keep
        self._now = now or database.now
        self._stopped = threading.Event()

    def tell(self, endpoint_id: str) -> int:
        """Send what is due at an endpoint, until one fails or its turn is over; how many attempts.

        Nothing where another sender is at it, or where it is paused or failed just now.
        """
        count, end, now = 0, time.monotonic() + TURN_SECONDS, self._now()
        due = self._rows.begin(endpoint_id, secrets.token_hex(16), now, self._lease_end(now))
        while due is not None:
            outcome = self._attempt(due)
            count += 1
            over = self._stopped.is_set() or time.monotonic() > end
            now = self._now()
            due = self._rows.settle(due, outcome, now, None if over else self._lease_end(now))
        return count

    def stop(self) -> None:
        """End every turn after the attempt that is under way."""
        self._stopped.set()

    def upkeep(self) -> None:
        """Delete what was told long ago, and seal secrets that an earlier version stored."""
        self._rows.forget(self._now() - self._keep)
        for endpoint_id, secret, former in self._secrets.plain(SEALED):
            earlier = self._sealed(endpoint_id, former) if former is not None else None
            self._secrets.reseal(endpoint_id, secret, self._sealed(endpoint_id, secret), earlier)

    def _sealed(self, endpoint_id: str, stored: str) -> str:
        return stored if stored.startswith(SEALED) else self._seal.sealed(endpoint_id, stored)

    def _lease_end(self, now: datetime) -> datetime:
        return now + timedelta(seconds=2 * self._guard.seconds + 2)

    def _attempt(self, due: Due) -> Outcome:
        begun, clock = self._now(), time.monotonic()
        try:
            answer = self._post(due, begun)
            code, error = _judged_answer(answer)
        except (FetchFailed, UrlRefused, SecretUnreadable) as failure:
            answer, error = None, f"{failure} ({failure.code})"
            code = AttemptCode(
                failure.trouble if isinstance(failure, FetchFailed) else failure.code
            )
        outcome = judged(
            due,
            answer,
            code,
            error,
            begun=begun,
            took=int((time.monotonic() - clock) * 1000),
            now=self._now(),
        )
        figures.told(outcome.state, outcome.milliseconds / 1000)
        log.info(
            "webhook",
            extra={"event_id": due.event_id, "state": outcome.state, "code": outcome.code},
        )
        return outcome

    def _post(self, due: Due, now: datetime) -> Answer:
        """Raises `FetchFailed`, `UrlRefused`, and `SecretUnreadable` for the present secret."""
        stored, *former = due.stored_secrets
        keys = [self._seal.opened(due.endpoint_id, stored)]
        with suppress(SecretUnreadable):
            keys.extend(self._seal.opened(due.endpoint_id, text) for text in former)
        body = due.document.encode()
        return post(due.url, body, headers(due.event_id, now, body, keys), self._guard)


def _judged_answer(answer: Answer) -> tuple[AttemptCode | None, str | None]:
    """The code and the sentence that go with an answer; neither where it is a success."""
    if 200 <= answer.status < 300:
        return None, None
    code = AttemptCode.REDIRECTED if 300 <= answer.status < 400 else AttemptCode.REFUSED
    sentence = f"the receiver answered {answer.status}"
    return (AttemptCode.GONE if answer.status == GONE else code), sentence


def judged(
    due: Due,
    answer: Answer | None,
    code: AttemptCode | None,
    error: str | None,
    *,
    begun: datetime,
    took: int,
    now: datetime,
) -> Outcome:
    """What follows from an attempt that delivered, or failed with `code`."""
    gone = code is AttemptCode.GONE
    next_at = now if code is None else now + timedelta(seconds=_pause(due.attempt, answer))
    state = DeliveryState.DELIVERED
    if code is not None:
        dead = gone or next_at > due.give_up_at
        state = DeliveryState.DEAD if dead else DeliveryState.PENDING
    return Outcome(
        state=state,
        next_at=next_at,
        begun_at=begun,
        status=answer.status if answer is not None else None,
        milliseconds=took,
        code=code,
        error=error,
        answer=_printable(answer.untrusted_excerpt) if answer is not None else None,
        pause=_pausing(due, gone=gone, now=now) if code is not None else None,
        quiet_until=min(next_at, now + _quiet(due, now)) if code is not None else None,
    )


def _quiet(due: Due, now: datetime) -> timedelta:
    failing = now - due.failing_since if due.failing_since is not None else timedelta(0)
    return min(max(QUIET, failing / 10), LONGEST_QUIET)


def _pausing(due: Due, *, gone: bool, now: datetime) -> str | None:
    """Why an endpoint whose attempt failed is told no more; None: it is."""
    if gone:
        return "the receiver answered 410: it is gone"
    since = due.failing_since
    if since is not None and now - since >= PAUSE_AFTER:
        return f"every attempt failed since {since:%Y-%m-%d %H:%M} UTC"
    return None


def _printable(untrusted: bytes) -> str | None:
    """How an answer begins, as text that any database and any terminal can take."""
    text = untrusted.decode(errors="replace")[:ANSWER_LENGTH]
    return "".join(letter if letter.isprintable() else " " for letter in text).strip() or None


def _pause(attempt: int, answer: Answer | None) -> float:
    """Seconds until the next attempt: twice as long each time, scattered, or as was asked for."""
    longest = min(LONGEST_PAUSE, FIRST_PAUSE * 2.0 ** min(attempt - 1, 20))
    scattered = longest * random.uniform(0.5, 1.0)  # noqa: S311 (spreads load, guards nothing)
    asked = answer.retry_after if answer is not None else 0
    return max(scattered, min(asked, LONGEST_PAUSE))
