"""A scan's progress as a stream of events that ends when the scan does."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

from anyio import sleep
from fastapi.sse import ServerSentEvent

from service.api.views import ScanView
from service.db.lifecycle import Scan, State
from service.errors import ScanNotFound

LOOK_SECONDS: Final = 0.25
STREAM_SECONDS: Final = 600.0
"""A stream ends after this even when its scan has not; the client comes back by itself."""

RETRY_MILLISECONDS: Final = 1000
FINAL: Final = frozenset({State.DONE, State.FAILED, State.EXPIRED})


async def follow(
    look: Callable[[], Awaitable[Scan]], seen: str | None
) -> AsyncIterator[ServerSentEvent]:
    """Yield `progress` for every change since the event `seen`, then `end`, then stop.

    A scan deleted meanwhile ends the stream with `gone`.
    """
    last = seen
    for _ in range(int(STREAM_SECONDS / LOOK_SECONDS)):
        try:
            scan = await look()
        except ScanNotFound:
            yield ServerSentEvent(event="gone", data={})
            return
        mark = _mark(scan)
        if scan.state in FINAL:
            yield ServerSentEvent(event="end", id=mark, data=ScanView.of(scan))
            return
        if mark != last:
            yield ServerSentEvent(
                event="progress", id=mark, data=ScanView.of(scan), retry=RETRY_MILLISECONDS
            )
            last = mark
        await sleep(LOOK_SECONDS)


def _mark(scan: Scan) -> str:
    """Differs whenever the scan does; a client sends it back as Last-Event-ID."""
    progress = scan.progress
    return f"{scan.attempts}-{scan.state}-{progress.stage}-{progress.done:.4f}"
