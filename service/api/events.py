"""A scan's progress as a stream of events that ends when the scan does."""

import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from anyio import sleep
from fastapi.sse import ServerSentEvent

from service.api.views import ScanView
from service.db.lifecycle import Scan, State
from service.errors import ScanNotFound
from service.scans.clockwork import Clockwork

LOOK_SECONDS: Final = 0.25
STREAM_SECONDS: Final = 600.0
"""A stream ends after this even when its scan has not; the client comes back by itself."""

RETRY_MILLISECONDS: Final = 1000
FINAL: Final = frozenset({State.DONE, State.FAILED, State.EXPIRED, State.CANCELLED})
GONE: Final = "gone"

Marks = Callable[[tuple[str, ...]], Mapping[str, str]]
"""A text for each of these scans that differs whenever the scan does; none for those deleted."""


class Board:
    """What all streams of this process look at, written by one thread that asks the database once
    for all of them. The thread ends with the last stream.
    """

    def __init__(self, marks: Marks) -> None:
        self._ask = marks
        self._lock = threading.Lock()
        self._watched: Counter[str] = Counter()
        self._marks: dict[str, str] = {}
        self._clock: Clockwork | None = None

    @contextmanager
    def watching(self, scan_id: str) -> Iterator[None]:
        """Keep the mark of this scan up to date inside the block."""
        with self._lock:
            self._watched[scan_id] += 1
            if self._clock is None:
                self._clock = Clockwork(self._look, seconds=LOOK_SECONDS, name="progress")
                self._clock.start()
        try:
            yield
        finally:
            self._leave(scan_id)

    def mark(self, scan_id: str) -> str | None:
        """The latest mark, `GONE` for a scan that is deleted, None before the first look."""
        return self._marks.get(scan_id)

    def _leave(self, scan_id: str) -> None:
        with self._lock:
            self._watched[scan_id] -= 1
            if self._watched[scan_id] == 0:
                del self._watched[scan_id]
                self._marks.pop(scan_id, None)
            if not self._watched and self._clock is not None:
                self._clock.dismiss()
                self._clock = None

    def _look(self) -> None:
        with self._lock:
            watched = tuple(self._watched)
        found = self._ask(watched) if watched else {}
        with self._lock:
            for scan_id in watched:
                if scan_id in self._watched:
                    self._marks[scan_id] = found.get(scan_id, GONE)


async def follow(
    look: Callable[[], Awaitable[Scan]], board: Board, scan_id: str, seen: str | None, root: str
) -> AsyncIterator[ServerSentEvent]:
    """Yield `progress` for every change since the event `seen`, then `end`, then stop.

    A scan deleted meanwhile ends the stream with `gone`.
    """
    last, known = seen, ""
    with board.watching(scan_id):
        for _ in range(int(STREAM_SECONDS / LOOK_SECONDS)):
            mark = board.mark(scan_id)
            if mark is not None and mark != known:
                known = mark
                try:
                    scan = await look()
                except ScanNotFound:
                    yield ServerSentEvent(event="gone", data={})
                    return
                now = scan.mark
                if scan.state in FINAL:
                    yield ServerSentEvent(event="end", id=now, data=ScanView.of(scan, root))
                    return
                if now != last:
                    yield ServerSentEvent(
                        event="progress",
                        id=now,
                        data=ScanView.of(scan, root),
                        retry=RETRY_MILLISECONDS,
                    )
                    last = now
            await sleep(LOOK_SECONDS / 5 if mark is None else LOOK_SECONDS)
