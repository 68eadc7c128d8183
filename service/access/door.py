"""Whether somebody who shows neither a key nor a session is let in."""

from collections.abc import Callable, Iterable
from enum import StrEnum

from service.access.principal import LOCAL, Principal, Scope


class Door(StrEnum):
    """OPEN and LOCKED are what an operator asked for; ALONE is a service on loopback, open for as
    long as nobody has a key or an account."""

    OPEN = "open"
    ALONE = "alone"
    LOCKED = "locked"


class Doorkeeper:
    """Thread-safe. `known` are questions whether anybody ever had a key, an account or the like."""

    def __init__(self, door: Door, known: Iterable[Callable[[], bool]]) -> None:
        self._door = door
        self._known = tuple(known)
        self._somebody = False  # once there is somebody, the door never opens by itself again

    def stranger(self, tenant: str, *, forwarded: bool) -> Principal | None:
        """What a request that shows nothing may do in this tenant: all, or with None nothing.

        `forwarded` says that a proxy sent it on. Then others than the one person before this
        machine may be behind it, and a door that is open for that person alone is not for them.
        """
        if self._door is Door.LOCKED or (self._door is Door.ALONE and forwarded):
            return None
        if self._door is Door.ALONE and self.anybody():
            return None
        return _stranger(tenant)

    def everybody(self, tenant: str) -> Principal | None:
        """What anybody who shows nothing may do, where that depends on no question: all, or None."""
        return _stranger(tenant) if self._door is Door.OPEN else None

    def anybody(self) -> bool:
        """Whether there is a key, an account or the like to come in with."""
        self._somebody = self._somebody or any(ask() for ask in self._known)
        return self._somebody


def _stranger(tenant: str) -> Principal:
    return Principal(tenant=tenant, actor=LOCAL, scopes=frozenset(Scope))
