"""Analyse many files at once and hand the results over in the order the files came."""

import logging
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, Lock
from types import TracebackType
from typing import Final, Self

from detectors.base import Kind
from service.cli.complain import DELIBERATE, code_of, sentence_of
from service.cli.ledger import Ledger, Line, line_for
from service.errors import UnsupportedKind
from service.intake import source_from_path
from service.pipeline import Pipeline, Profile, Source

log = logging.getLogger(__name__)

WINDOW: Final = 32
"""Files in flight for each thread: a slow file holds the others back only beyond these."""

POLL_SECONDS: Final = 0.2
"""How soon Ctrl-C is noticed while a file takes long."""

Entry = tuple[str, OSError | None]


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file that is no photo, video or recording."""

    path: str


@dataclass(frozen=True, slots=True)
class Repeated:
    """A file whose content was seen before; its report is, or will be, with the first one."""

    path: str
    sha256: str
    seconds: float


Result = Line | Skipped | Repeated


class Crew:
    """Threads that analyse the files below a folder. A file's content is analysed once."""

    def __init__(
        self,
        pipeline: Pipeline,
        ledger: Ledger,
        *,
        root: Path,
        profile: Profile,
        limits: Mapping[Kind, int],
        jobs: int,
    ) -> None:
        self._pipeline = pipeline
        self._ledger = ledger
        self._root = root
        self._profile = profile
        self._limits = limits
        self._window = WINDOW * jobs
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="audit")
        self._lock = Lock()
        self._stop = Event()
        self._running: dict[str, Future[Line]] = {}  # by content, until it is in the ledger

    def __enter__(self) -> Self:
        """From here on Ctrl-C is noticed between files.

        Raised anywhere, KeyboardInterrupt can strike inside a lock of the thread pool, between
        taking and guarding it, and the audit would never end.
        """
        self._previous = signal.signal(signal.SIGINT, lambda *_: self._stop.set())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Drop what has not begun and let the pipeline end what has."""
        signal.signal(signal.SIGINT, self._previous)
        self._pool.shutdown(wait=False, cancel_futures=True)
        self._pipeline.close()
        self._pool.shutdown(wait=True)

    def work(self, entries: Iterator[Entry]) -> Iterator[Line | Skipped]:
        """Analyse, append each line to the ledger in the order of `entries`, and hand it on."""
        for result in self._in_order(entries):
            if isinstance(result, Skipped):
                yield result
                continue
            line = self._settled(result)
            with self._lock:
                self._ledger.append(line)
                if line.sha256 is not None and not line.sidecar:
                    self._running.pop(line.sha256, None)
            yield line

    def _in_order(self, entries: Iterator[Entry]) -> Iterator[Result]:
        waiting: deque[Future[Result]] = deque()
        for entry in entries:
            waiting.append(self._pool.submit(self._examine, entry))
            if len(waiting) >= self._window:
                yield self._awaited(waiting.popleft())
        while waiting:
            yield self._awaited(waiting.popleft())

    def _awaited(self, future: Future[Result]) -> Result:
        """Raises `KeyboardInterrupt` after Ctrl-C."""
        while not self._stop.is_set():
            if wait((future,), timeout=POLL_SECONDS).done:
                return future.result()
        raise KeyboardInterrupt

    def _settled(self, result: Line | Repeated) -> Line:
        """The line to write: the first one written about a content is the original, whichever
        thread analysed it.
        """
        if isinstance(result, Line) and result.sidecar:
            return result
        if result.sha256 in self._ledger.first:
            original = self._ledger.original(str(result.sha256))
            return replace(
                original, path=result.path, seconds=result.seconds, duplicate_of=original.path
            )
        if isinstance(result, Repeated):
            first = self._running[result.sha256].result()
            return replace(first, path=result.path)
        return result

    def _examine(self, entry: Entry) -> Result:
        """In a thread of the pool: one file."""
        path, refused = entry
        clock = time.perf_counter()
        if refused is not None:
            return _failed(path, refused, clock)
        try:
            source = source_from_path(self._root / path, self._limits)
        except UnsupportedKind:
            return Skipped(path)
        except DELIBERATE as error:
            return _failed(path, error, clock)
        with source.file:
            if source.sidecar is not None:  # then the same content may mean something else
                return self._analyse(path, source, clock)
            claim: Future[Line] = Future()
            with self._lock:
                seen = source.sha256 in self._ledger.first
                if seen or self._running.setdefault(source.sha256, claim) is not claim:
                    return Repeated(path, source.sha256, time.perf_counter() - clock)
            line = self._analyse(path, source, clock)
            claim.set_result(line)
            return line

    def _analyse(self, path: str, source: Source, clock: float) -> Line:
        try:
            report = self._pipeline.analyse(source, profile=self._profile).report
        except DELIBERATE as error:
            return _failed(path, error, clock, source)
        except Exception:
            log.exception("analysis crashed", extra={"path": path})
            bug = RuntimeError("internal error")
            return _failed(path, bug, clock, source)
        seconds = time.perf_counter() - clock
        return line_for(path, report, seconds, sidecar=source.sidecar is not None)


def _failed(path: str, error: Exception, clock: float, source: Source | None = None) -> Line:
    return Line(
        path=path,
        sha256=source.sha256 if source else None,
        kind=source.type.kind if source else None,
        error=code_of(error),
        message=sentence_of(error),
        sidecar=source is not None and source.sidecar is not None,
        seconds=time.perf_counter() - clock,
    )
