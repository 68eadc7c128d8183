"""Windows of time in which requests or bytes are counted: in this process, or in Redis for many.

A window begins with the first that is counted in it. All windows that something is counted in are
looked at and counted up in one step, so that what may pass is exact however many come at once.
"""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final, Protocol, cast

from limits import RateLimitItem
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage, storage_from_string

IN_PROCESS: Final = "memory://"

_TIMEOUTS: Final = {"socket_timeout": 1, "socket_connect_timeout": 1}
_STEP: Final = b"""
local cost, refused = tonumber(ARGV[1]), 0
for place, key in ipairs(KEYS) do
    local used = tonumber(redis.call("get", key) or 0)
    if refused == 0 and used + math.max(cost, 1) > tonumber(ARGV[2 * place]) then
        refused = place
    end
end
local answer = {refused}
for place, key in ipairs(KEYS) do
    if refused == 0 and cost > 0 and redis.call("incrby", key, cost) == cost then
        redis.call("expire", key, ARGV[2 * place + 1])
    end
    table.insert(answer, tonumber(redis.call("get", key) or 0))
    table.insert(answer, redis.call("ttl", key))
end
return answer
"""


@dataclass(frozen=True, slots=True)
class Window:
    """What is counted of somebody, up to `item.amount`."""

    item: RateLimitItem
    whose: str

    @property
    def key(self) -> str:
        return self.item.key_for(self.whose)


@dataclass(frozen=True, slots=True)
class Reading:
    """How much is counted in a window, and in how many seconds it ends, one at least."""

    used: int
    reset_seconds: int


@dataclass(frozen=True, slots=True)
class Step:
    """How the windows stand after it; `refused` is the first that had no room: nothing was counted."""

    refused: int | None
    readings: tuple[Reading, ...]


class Counters(Protocol):
    """Thread-safe."""

    def count(self, windows: Sequence[Window], cost: int) -> Step:
        """Count in every window or, if one lacks room, in none; 0 counts nothing and asks for room.

        Raises `StorageError` where the counters are out of reach.
        """
        ...


def counters_at(address: str) -> Counters:
    """`memory://`, or the address of a Redis as `limits` writes it."""
    if address == IN_PROCESS:
        return InProcess()
    return InRedis(address)


class InProcess:
    """Counters of this process."""

    def __init__(self) -> None:
        self._storage = MemoryStorage()
        self._lock = threading.Lock()

    def count(self, windows: Sequence[Window], cost: int) -> Step:
        with self._lock:
            refused = self._refused(windows, max(cost, 1))
            if refused is None and cost:
                for window in windows:
                    self._storage.incr(window.key, window.item.get_expiry(), amount=cost)
            return Step(refused, tuple(self._reading(window.key) for window in windows))

    def _refused(self, windows: Sequence[Window], cost: int) -> int | None:
        for place, window in enumerate(windows):
            if self._storage.get(window.key) + cost > window.item.amount:
                return place
        return None

    def _reading(self, key: str) -> Reading:
        left = self._storage.get_expiry(key) - time.time()
        return Reading(self._storage.get(key), max(1, ceil(left)))


class InRedis:
    """Counters in a Redis, in one round trip for each step."""

    def __init__(self, address: str) -> None:
        storage = storage_from_string(address, wrap_exceptions=True, **_TIMEOUTS)
        self._storage = cast(RedisStorage, storage)
        self._step = self._storage.get_connection().register_script(_STEP)

    def count(self, windows: Sequence[Window], cost: int) -> Step:
        keys = [self._storage.prefixed_key(window.key) for window in windows]
        bounds = (part for it in windows for part in (it.item.amount, it.item.get_expiry()))
        try:
            refused, *found = cast(list[int], self._step(keys, [cost, *bounds]))
        except self._storage.base_exceptions as error:
            raise StorageError(error) from error
        readings = tuple(
            Reading(used, max(1, left)) for used, left in zip(found[::2], found[1::2], strict=True)
        )
        return Step(refused - 1 if refused else None, readings)
