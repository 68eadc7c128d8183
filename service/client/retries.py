"""When a request is sent again, and how long to wait before."""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

PASSING: Final = frozenset({408, 425, 429, 502, 503, 504})
"""Statuses that may be others when the same request is sent again."""

IN_FLIGHT: Final = 409
"""Passing only where the server says after how long: the first request with a key is still running."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How patient a client is.

    It waits `first * 2 ** n` seconds before attempt n + 2, at most `longest`, less a random part of
    up to half (so that many clients do not come back at once), or as long as the server says in
    Retry-After, and gives up where that is more than `longest_asked`.
    """

    attempts: int = 6
    first: float = 0.5
    longest: float = 30.0
    longest_asked: float = 300.0

    def wait(self, attempt: int, status: int | None, headers: Mapping[str, str]) -> float | None:
        """Seconds until the next attempt after number `attempt` (from 1); None: do not try again.

        `status` is None where no answer came.
        """
        asked = asked_to_wait(headers)
        passing = status is None or status in PASSING or (status == IN_FLIGHT and asked is not None)
        if not passing or attempt >= self.attempts:
            return None
        if asked is not None:
            return asked if asked <= self.longest_asked else None
        pause = min(self.longest, self.first * 2.0 ** (attempt - 1))
        return pause * random.uniform(0.5, 1.0)  # noqa: S311 (no secret)


def asked_to_wait(headers: Mapping[str, str]) -> float | None:
    """Seconds of a Retry-After header (RFC 9110), which holds a number or a date."""
    text = headers.get("retry-after", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
