"""Many callers, one piece of work: whoever comes meanwhile is served by the next round, all at once."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from sqlalchemy.exc import DBAPIError

from service.errors import ServiceError

Item = TypeVar("Item")


@dataclass(slots=True, eq=False)
class _Place(Generic[Item]):
    """One caller. `woken` is held until its round is over, or it is the one to begin the next."""

    item: Item
    woken: threading.Lock = field(default_factory=threading.Lock)
    taken: bool = False
    done: bool = False
    error: DBAPIError | ServiceError | None = None


class Together(Generic[Item]):
    """Collects what threads want done while a round is under way, and does that in one.

    Alone a caller waits for nobody: its round begins at once. Of several the first does the work
    for all of them. A round that is refused is done again, each item by its own caller, so that
    nobody pays for another's; where the connection to the database was lost nobody knows what
    became of the round, and all are told so.
    """

    def __init__(self, work: Callable[[Sequence[Item]], None]) -> None:
        self._work = work
        self._guard = threading.Lock()
        self._waiting: list[_Place[Item]] = []
        self._under_way = False

    def __call__(self, item: Item) -> None:
        """Return when the work is done for this item; raises what the work raises."""
        place = _Place(item)
        place.woken.acquire()
        with self._guard:
            self._waiting.append(place)
            begins = not self._under_way
            self._under_way = True
        if not begins:
            place.woken.acquire()
        if not place.taken:
            self._round()
        if place.error is not None:
            raise place.error
        if not place.done:
            self._work((item,))

    def _round(self) -> None:
        with self._guard:
            places, self._waiting = self._waiting, []
        try:
            self._do(places)
        finally:
            with self._guard:
                following = self._waiting[:1]
                self._under_way = bool(following)
            for place in (*places, *following):
                place.woken.release()

    def _do(self, places: Sequence[_Place[Item]]) -> None:
        for place in places:
            place.taken = True
        try:
            self._work([place.item for place in places])
        except (DBAPIError, ServiceError) as error:
            lost = isinstance(error, DBAPIError) and error.connection_invalidated
            if len(places) == 1 or lost:
                for place in places:
                    place.error = error
        else:
            for place in places:
                place.done = True
