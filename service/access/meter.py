"""How much a key and its tenant may do: requests and bytes are counted, scans in flight bounded.

A minute or a day begins with the first request or upload in it, and then nothing is left over from
the one before: what may pass in it is exact, however many come at once. Counters are shared by all
processes in Redis, and are those of this process without it.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from math import ceil
from typing import Final

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.errors import StorageError
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from service.access.principal import Principal
from service.access_errors import UploadQuotaUsed
from service.db.access import OwnLimits
from service.db.places import UNBOUNDED, Places

log = logging.getLogger(__name__)

IN_PROCESS: Final = "memory://"
KNOWN_SECONDS: Final = 10.0
"""A tenant's own limits are read again after this."""
AWAY_SECONDS: Final = 5.0
"""While the counters cannot be reached nothing is counted, and they are tried again after this."""

_TIMEOUTS: Final = {"socket_timeout": 1, "socket_connect_timeout": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """What each key or person, and each tenant, may do. 0: as much as it likes."""

    key_requests_per_minute: int = 0
    key_upload_bytes_per_day: int = 0
    key_scans_in_flight: int = 0
    requests_per_minute: int = 0
    upload_bytes_per_day: int = 0
    scans_in_flight: int = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one limit on requests is used up; `remaining` is what is left of `amount`."""

    name: str
    amount: int
    window_seconds: int
    remaining: int
    reset_seconds: int


@dataclass(frozen=True, slots=True)
class Count:
    """What became of a request: how every limit stands, and which of them is exceeded."""

    standings: tuple[Standing, ...] = ()
    exceeded: Standing | None = None


@dataclass(frozen=True, slots=True)
class _Limit:
    name: str
    item: RateLimitItem
    whose: str


class Meter:
    """Thread-safe. Whoever the door lets in without a key is not counted."""

    def __init__(
        self, quotas: Quotas, own: Callable[[str], OwnLimits | None], counters: str = IN_PROCESS
    ) -> None:
        """`own` tells a tenant's limits, `counters` is `memory://` or the address of a Redis."""
        options = {} if counters == IN_PROCESS else _TIMEOUTS
        storage = storage_from_string(counters, wrap_exceptions=True, **options)
        self._windows = FixedWindowRateLimiter(storage)
        # In process the library adds under a lock and reads without it; in Redis that is one step.
        lock = threading.Lock()
        self._one_at_a_time: AbstractContextManager[object] = (
            lock if counters == IN_PROCESS else nullcontext()
        )
        self._quotas = quotas
        self._own = own
        self._known: dict[str, tuple[float, Quotas]] = {}
        self._away_until = 0.0

    def request(self, principal: Principal) -> Count:
        """Count a request."""
        limits = tuple(self._requests(principal))
        if not limits or not self._reachable():
            return Count()
        try:
            refused = self._hit(limits, 1)
            standings = tuple(self._standing(limit) for limit in limits)
        except StorageError as error:
            self._lost(error)
            return Count()
        names = [standing.name for standing in standings]
        at = names.index(refused.name) if refused is not None else None
        return Count(standings, standings[at] if at is not None else None)

    def room(self, principal: Principal) -> None:
        """Raises `UploadQuotaUsed` if nothing more may be uploaded now."""
        self._count_bytes(principal, 0)

    def upload(self, principal: Principal, size: int) -> None:
        """Count an upload of `size` bytes. Raises `UploadQuotaUsed`, and then counts nothing."""
        self._count_bytes(principal, size)

    def places(self, principal: Principal) -> Places:
        """How many scans of the key and of the tenant may wait or run at a time."""
        if not _counted(principal):
            return UNBOUNDED
        quotas = self._of(principal)
        return Places(
            sender=principal.actor,
            of_sender=quotas.key_scans_in_flight,
            of_tenant=quotas.scans_in_flight,
        )

    def _count_bytes(self, principal: Principal, size: int) -> None:
        limits = tuple(self._bytes(principal))
        if not limits or not self._reachable():
            return
        try:
            refused = self._hit(limits, size)
            standing = self._standing(refused) if refused is not None else None
        except StorageError as error:
            self._lost(error)
            return
        if standing is not None:
            raise UploadQuotaUsed(
                f"the {standing.name} may upload {standing.amount} bytes a day, and "
                f"{standing.remaining} are left",
                standing.reset_seconds,
            )

    def _hit(self, limits: tuple[_Limit, ...], cost: int) -> _Limit | None:
        """Count it everywhere, or nowhere and say what is exceeded; a cost of 0 only asks for room."""
        with self._one_at_a_time:
            for limit in limits if cost != 1 else ():
                if not self._windows.test(limit.item, limit.whose, cost=max(cost, 1)):
                    return limit
            for number, limit in enumerate(limits if cost else (), start=1):
                if not self._windows.hit(limit.item, limit.whose, cost=cost):
                    self._give_back(limits[:number], cost)
                    return limit
        return None

    def _give_back(self, limits: tuple[_Limit, ...], cost: int) -> None:
        """The library counts what it refuses, too."""
        for limit in limits:
            key, seconds = limit.item.key_for(limit.whose), limit.item.get_expiry()
            self._windows.storage.incr(key, seconds, amount=-cost)

    def _standing(self, limit: _Limit) -> Standing:
        reset, remaining = self._windows.get_window_stats(limit.item, limit.whose)
        wait = max(1, ceil(reset - time.time()))
        return Standing(limit.name, limit.item.amount, limit.item.get_expiry(), remaining, wait)

    def _requests(self, principal: Principal) -> Iterator[_Limit]:
        quotas = self._of(principal)
        amounts = (quotas.key_requests_per_minute, quotas.requests_per_minute)
        for (name, whose), amount in zip(_counted(principal), amounts, strict=False):
            if amount:
                yield _Limit(name, RateLimitItemPerMinute(amount, namespace="requests"), whose)

    def _bytes(self, principal: Principal) -> Iterator[_Limit]:
        quotas = self._of(principal)
        amounts = (quotas.key_upload_bytes_per_day, quotas.upload_bytes_per_day)
        for (name, whose), amount in zip(_counted(principal), amounts, strict=False):
            if amount:
                yield _Limit(name, RateLimitItemPerDay(amount, namespace="bytes"), whose)

    def _of(self, principal: Principal) -> Quotas:
        now = time.monotonic()
        until, quotas = self._known.get(principal.tenant, (0.0, self._quotas))
        if now >= until:
            quotas = _overridden(self._quotas, self._own(principal.tenant))
            self._known[principal.tenant] = (now + KNOWN_SECONDS, quotas)
        return quotas

    def _reachable(self) -> bool:
        return time.monotonic() >= self._away_until

    def _lost(self, error: StorageError) -> None:
        """Counters that are away cost the counting, not the service."""
        self._away_until = time.monotonic() + AWAY_SECONDS
        log.warning("nothing is counted, the counters do not answer: %s", error.storage_error)


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one principal may still do, for those who take uploads."""

    meter: Meter
    principal: Principal

    @property
    def sender(self) -> str:
        """Whose scans count."""
        return self.principal.actor

    @property
    def places(self) -> Places:
        """How many scans may wait or run at a time."""
        return self.meter.places(self.principal)

    def room(self) -> None:
        """Raises `UploadQuotaUsed`."""
        self.meter.room(self.principal)

    def upload(self, size: int) -> None:
        """Raises `UploadQuotaUsed`."""
        self.meter.upload(self.principal, size)


def _counted(principal: Principal) -> tuple[tuple[str, str], ...]:
    """Who is counted, as a name for people and one for the counter; nobody for the open door."""
    kind = principal.actor.partition(":")[0]
    if kind == principal.actor:
        return ()
    return (kind, principal.actor), ("tenant", f"tenant:{principal.tenant}")


def _overridden(quotas: Quotas, own: OwnLimits | None) -> Quotas:
    if own is None:
        return quotas

    def chosen(theirs: int | None, usual: int) -> int:
        return usual if theirs is None else theirs

    return Quotas(
        key_requests_per_minute=quotas.key_requests_per_minute,
        key_upload_bytes_per_day=quotas.key_upload_bytes_per_day,
        key_scans_in_flight=quotas.key_scans_in_flight,
        requests_per_minute=chosen(own.requests_per_minute, quotas.requests_per_minute),
        upload_bytes_per_day=chosen(own.upload_bytes_per_day, quotas.upload_bytes_per_day),
        scans_in_flight=chosen(own.scans_in_flight, quotas.scans_in_flight),
    )
