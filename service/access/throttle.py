"""Failed attempts to sign in are slowed down by name and by address, and nobody is shut out for good.

Three leaky buckets (the generic cell rate algorithm): what one address may try, what one address
may try of one name, and what everybody together may try of one name. The last is so large that one
stranger cannot use it up, so they cannot keep the owner of a name out. Whatever happens, a few
seconds or minutes later there is room again, and one-time links are not throttled at all.
"""

import hashlib
from collections.abc import Mapping
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final

from service.access_errors import TooManyAttempts
from service.db.engine import Database
from service.db.sessions import AttemptRows

Bucket = tuple[timedelta, int]
"""One attempt comes back after this time; so many may be made at once."""

BY_ADDRESS: Final[Bucket] = (timedelta(seconds=10), 30)
BY_BOTH: Final[Bucket] = (timedelta(minutes=1), 5)
BY_NAME: Final[Bucket] = (timedelta(seconds=10), 60)


class Throttle:
    """Counts in the database, so for all processes together."""

    def __init__(self, database: Database) -> None:
        self._rows = AttemptRows(database)

    def take(self, name: str, address: str, now: datetime) -> None:
        """Count an attempt before it is made. Raises `TooManyAttempts`, which counts nothing."""
        self._rows.forget(now)
        wait = self._rows.take(_buckets(name, address), now)
        if wait is not None:
            raise TooManyAttempts(max(1, round(wait.total_seconds())))

    def give_back(self, name: str, address: str) -> None:
        """An attempt that succeeded does not count."""
        self._rows.give_back(_buckets(name, address))


def _buckets(name: str, address: str) -> Mapping[str, Bucket]:
    network = _network(address)
    return {
        _hash("address", network): BY_ADDRESS,
        _hash("both", network, name): BY_BOTH,
        _hash("name", name): BY_NAME,
    }


def _network(address: str) -> str:
    """One household or machine has a whole /64 of IPv6."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address):
        return str(parsed.ipv4_mapped or ip_network((parsed, 64), strict=False))
    return str(parsed)


def _hash(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()
