"""Progress of scans and batches as streams of events, each of which ends when its scan or batch does."""

import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

from anyio import sleep
from fastapi.sse import ServerSentEvent
from pydantic import BaseModel
from starlette.concurrency import run_in_threadpool

from service.errors import BatchNotFound, ScanNotFound
from service.scans.clockwork import Clockwork

LOOK_SECONDS: Final = 0.25
BATCH_LOOK_SECONDS: Final = 1.0
STREAM_SECONDS: Final = 600.0
"""A stream ends after this even when its scan has not; the client comes back by itself."""
CHECK_SECONDS: Final = 10.0
"""A key that is revoked, a session that ends or a tenant that is suspended ends a stream within this."""

RETRY_MILLISECONDS: Final = 1000
GONE: Final = "gone"

Marks = Callable[[tuple[str, ...]], Mapping[str, str]]
"""A text for each of these that differs whenever it does; none for those deleted."""


class Board:
    """What all streams of this process look at, written by one thread that asks the database once
    for all of them, every `seconds`. The thread ends with the last stream.
    """

    def __init__(self, marks: Marks, *, seconds: float = LOOK_SECONDS) -> None:
        self.seconds = seconds
        self._ask = marks
        self._lock = threading.Lock()
        self._watched: Counter[str] = Counter()
        self._marks: dict[str, str] = {}
        self._clock: Clockwork | None = None

    @contextmanager
    def watching(self, followed_id: str) -> Iterator[None]:
        """Keep the mark of this scan or batch up to date inside the block."""
        with self._lock:
            self._watched[followed_id] += 1
            if self._clock is None:
                self._clock = Clockwork(self._look, seconds=self.seconds, name="progress")
                self._clock.start()
        try:
            yield
        finally:
            self._leave(followed_id)

    def mark(self, followed_id: str) -> str | None:
        """The latest mark, `GONE` once it is deleted, None before the first look."""
        return self._marks.get(followed_id)

    def _leave(self, followed_id: str) -> None:
        with self._lock:
            self._watched[followed_id] -= 1
            if self._watched[followed_id] == 0:
                del self._watched[followed_id]
                self._marks.pop(followed_id, None)
            if not self._watched and self._clock is not None:
                self._clock.dismiss()
                self._clock = None

    def _look(self) -> None:
        with self._lock:
            watched = tuple(self._watched)
        found = self._ask(watched) if watched else {}
        with self._lock:
            for followed_id in watched:
                if followed_id in self._watched:
                    self._marks[followed_id] = found.get(followed_id, GONE)


class Marked(Protocol):
    """Something that says by its mark whether it is as it was."""

    @property
    def mark(self) -> str: ...


T = TypeVar("T", bound=Marked)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed(Generic[T]):
    """What a stream tells of. `look` and `allowed` ask the database, so each is called in a thread."""

    id: str
    look: Callable[[], T]  # raises a `ServiceError` once it is deleted
    over: Callable[[T], bool]
    view: Callable[[T], BaseModel]
    allowed: Callable[[], bool]  # whether the client may still be told


async def follow(
    followed: Followed[T], board: Board, seen: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield `progress` for every change since the event `seen`, then `end`, then stop.

    What is deleted meanwhile ends the stream with `gone`. A client that may not be told any more
    gets nothing from then on but the end of the stream; it learns why when it asks again.
    """
    last, known = seen, ""
    now = time.monotonic()
    end, check = now + STREAM_SECONDS, now + CHECK_SECONDS
    with board.watching(followed.id):
        while (now := time.monotonic()) < end:
            if now >= check:
                if not await run_in_threadpool(followed.allowed):
                    return
                check = now + CHECK_SECONDS
            mark = board.mark(followed.id)
            if mark is not None and mark != known:
                known = mark
                try:
                    found = await run_in_threadpool(followed.look)
                except (ScanNotFound, BatchNotFound):
                    yield ServerSentEvent(event="gone", data={})
                    return
                if followed.over(found):
                    yield ServerSentEvent(event="end", id=found.mark, data=followed.view(found))
                    return
                if found.mark != last:
                    last = found.mark
                    yield ServerSentEvent(
                        event="progress",
                        id=last,
                        data=followed.view(found),
                        retry=RETRY_MILLISECONDS,
                    )
            await sleep(board.seconds / 5 if mark is None else board.seconds)
