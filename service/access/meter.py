"""How much a key and its tenant may do: requests and bytes are counted, scans in flight bounded.

A minute or a day begins with the first request or upload in it, and then nothing is left over from
the one before: what may pass in it is exact, however many come at once. Counters are shared by all
processes in Redis, and are those of this process without it.
"""

import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from limits import RateLimitItemPerDay, RateLimitItemPerMinute
from limits.errors import StorageError

from service.access.counters import IN_PROCESS, Reading, Step, Window, counters_at
from service.access.principal import Principal
from service.access_errors import UploadQuotaUsed
from service.db.access import OwnLimits
from service.db.places import UNBOUNDED, Places

log = logging.getLogger(__name__)

KNOWN_SECONDS: Final = 10.0
"""A tenant's own limits are read again after this."""
AWAY_SECONDS: Final = 5.0
"""While the counters cannot be reached nothing is counted, and they are tried again after this."""


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
    window: Window


class Meter:
    """Thread-safe. Whoever the door lets in without a key is not counted."""

    def __init__(
        self, quotas: Quotas, own: Callable[[str], OwnLimits | None], counters: str = IN_PROCESS
    ) -> None:
        """`own` tells a tenant's limits, `counters` is `memory://` or the address of a Redis."""
        self._counters = counters_at(counters)
        self._quotas = quotas
        self._own = own
        self._known: dict[str, tuple[float, Quotas]] = {}
        self._away_until = 0.0

    def request(self, principal: Principal) -> Count:
        """Count a request."""
        limits = tuple(self._requests(principal))
        if not limits or not self._reachable():
            return Count()
        step = self._count(limits, 1)
        if step is None:
            return Count()
        standings = tuple(map(_standing, limits, step.readings))
        return Count(standings, standings[step.refused] if step.refused is not None else None)

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
        step = self._count(limits, size)
        if step is not None and step.refused is not None:
            standing = _standing(limits[step.refused], step.readings[step.refused])
            raise UploadQuotaUsed(
                f"the {standing.name} may upload {standing.amount} bytes a day, and "
                f"{standing.remaining} are left",
                standing.reset_seconds,
            )

    def _count(self, limits: tuple[_Limit, ...], cost: int) -> Step | None:
        """None where the counters are away: that costs the counting, not the service."""
        try:
            return self._counters.count([limit.window for limit in limits], cost)
        except StorageError as error:
            self._away_until = time.monotonic() + AWAY_SECONDS
            log.warning("nothing is counted, the counters do not answer: %s", error.storage_error)
            return None

    def _requests(self, principal: Principal) -> Iterator[_Limit]:
        quotas = self._of(principal)
        amounts = (quotas.key_requests_per_minute, quotas.requests_per_minute)
        for (name, whose), amount in zip(_counted(principal), amounts, strict=False):
            if amount:
                item = RateLimitItemPerMinute(amount, namespace="requests")
                yield _Limit(name, Window(item, whose))

    def _bytes(self, principal: Principal) -> Iterator[_Limit]:
        quotas = self._of(principal)
        amounts = (quotas.key_upload_bytes_per_day, quotas.upload_bytes_per_day)
        for (name, whose), amount in zip(_counted(principal), amounts, strict=False):
            if amount:
                item = RateLimitItemPerDay(amount, namespace="bytes")
                yield _Limit(name, Window(item, whose))

    def _of(self, principal: Principal) -> Quotas:
        now = time.monotonic()
        until, quotas = self._known.get(principal.tenant, (0.0, self._quotas))
        if now >= until:
            quotas = _overridden(self._quotas, self._own(principal.tenant))
            self._known[principal.tenant] = (now + KNOWN_SECONDS, quotas)
        return quotas

    def _reachable(self) -> bool:
        return time.monotonic() >= self._away_until


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


def _standing(limit: _Limit, reading: Reading) -> Standing:
    item = limit.window.item
    left = max(0, item.amount - reading.used)
    return Standing(limit.name, item.amount, item.get_expiry(), left, reading.reset_seconds)


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
