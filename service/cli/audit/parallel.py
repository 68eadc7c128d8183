"""Analyse many files at once and hand the results over in the order the files came."""

import logging
import signal
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from threading import Event, Lock
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from detectors.base import Kind
from service.analysis.pipeline import Analysis
from service.analysis.source import Source
from service.cli.audit.archive import Archive
from service.cli.audit.results_file import Line, ResultsFile, line_for
from service.cli.audit.suspects import ATTEMPTS
from service.cli.audit.walk import Entry, Skip
from service.cli.complain import DELIBERATE, code_of, sentence_of
from service.errors import (
    FileChanged,
    ServiceError,
    StorageUnavailable,
    UnreadMedia,
    UnsupportedKind,
)
from service.reporting.report import Profile, Report
from service.scans.unchanged import held_to

if TYPE_CHECKING:
    from service.policies.document import Policy

log = logging.getLogger(__name__)

WINDOW: Final = 32
"""Files in flight for each thread: a slow file holds the others back only beyond these."""

BUNDLE: Final = 16
"""Files of which the provenance is read together, without waiting for each in between."""

PATIENCE_SECONDS: Final = 300.0
PAUSE_SECONDS: Final = 2.0
"""How long an archive that is away is waited for, and between two looks at it."""

POLL_SECONDS: Final = 0.2
"""How soon Ctrl-C is noticed while a file takes long."""


class Engine(Protocol):
    """What analyses the files: `Pipeline` here, or a server by way of its API."""

    def analyse(self, source: Source, *, profile: Profile) -> Analysis: ...

    def trace(self, sources: Sequence[Source]) -> list[Report]: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Repeated:
    """A file whose content was seen before; its report is, or will be, with the first one."""

    entry: Entry
    sha256: str
    seconds: float

    @property
    def path(self) -> str:
        return self.entry.path


class ArchiveAway(ServiceError):
    """The archive cannot be got at, for so long that the audit ends; it can be gone on with."""

    code = "archive_away"
    status = 503
    title = "The archive does not answer"


class Quarantined(ServiceError):
    """The file is not tried any more; `assay check` tries it once, and its line can be taken out."""

    code = "quarantined"
    status = 422
    title = "Every audit that analysed this file died"


Result = Line | Repeated


class ParallelAnalysis:
    """Threads that analyse the files of an archive. A file's content is analysed once."""

    def __init__(
        self,
        pipeline: Engine,
        results: ResultsFile,
        *,
        archive: Archive,
        profile: Profile,
        limits: Mapping[Kind, int],
        jobs: int,
        policy: "Policy | None" = None,
        bundle: int = 1,
    ) -> None:
        """`bundle` files are handed to `Engine.trace` together, in the provenance profile alone."""
        self._pipeline = pipeline
        self._policy = policy
        self._results = results
        self._archive = archive
        self._profile = profile
        self._limits = limits
        self._window = WINDOW * jobs
        self._bundle = bundle
        self._pool = ThreadPoolExecutor(jobs, thread_name_prefix="audit")
        self._lock = Lock()
        self._stop = Event()
        self._running: dict[str, Future[Line]] = {}  # by content, until it is in the results

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

    def work(self, entries: Iterator[Entry]) -> Iterator[Line]:
        """Analyse, append each line to the results in the order of `entries`, and hand it on."""
        for results in self._in_order(entries):
            lines = list(map(self._kept, results))
            with self._lock:
                self._results.suspects.end(line.path for line in lines)
            yield from lines

    def _kept(self, result: Result) -> Line:
        line = self._settled(result)
        with self._lock:
            self._results.append(line)
            if line.sha256 is not None and not line.sidecar:
                self._running.pop(line.sha256, None)
        return line

    def _in_order(self, entries: Iterator[Entry]) -> Iterator[list[Result]]:
        waiting: deque[Future[list[Result]]] = deque()
        for bundle in self._bundles(entries):
            alone = bool(self._results.suspects.deaths(bundle[0].path))
            while waiting and (alone or len(waiting) * self._bundle >= self._window):
                yield self._awaited(waiting.popleft())
            waiting.append(self._pool.submit(self._examine, bundle))
            if alone:
                yield self._awaited(waiting.popleft())
        while waiting:
            yield self._awaited(waiting.popleft())

    def _bundles(self, entries: Iterator[Entry]) -> Iterator[list[Entry]]:
        """Some files after another; one by itself where an audit died while it was in flight."""
        bundle: list[Entry] = []
        for entry in entries:
            alone = bool(self._results.suspects.deaths(entry.path))
            if bundle and (alone or len(bundle) == self._bundle):
                yield bundle
                bundle = []
            bundle.append(entry)
            if alone:
                yield bundle
                bundle = []
        if bundle:
            yield bundle

    def _awaited(self, future: Future[list[Result]]) -> list[Result]:
        """Raises `KeyboardInterrupt` after Ctrl-C."""
        while not self._stop.is_set():
            if wait((future,), timeout=POLL_SECONDS).done:
                return future.result()
        raise KeyboardInterrupt

    def _settled(self, result: Line | Repeated) -> Line:
        """The line to write: the first one written about a content is the original, whichever
        thread analysed it.
        """
        if isinstance(result, Line) and (result.sidecar or result.skipped):
            return result
        if result.sha256 is not None and result.sha256 in self._results.first:
            original = self._results.original(result.sha256)
            return replace(
                original, path=result.path, seconds=result.seconds, duplicate_of=original.path
            )
        if isinstance(result, Repeated):
            first = self._running[result.sha256].result()
            if first.error == FileChanged.code:  # which says nothing about its copies
                return self._again(result)
            return replace(first, path=result.path)
        return result

    def _again(self, result: Repeated) -> Line:
        """Analyse a file whose content was promised by one that changed."""
        with self._lock:
            self._running.pop(result.sha256, None)
        (again,) = self._examine([result.entry])
        return self._settled(again)

    def _examine(self, bundle: list[Entry]) -> list[Result]:
        """In a thread of the pool: some files, opened and then analysed together."""
        with self._lock:
            suspects = self._results.suspects
            poison = {entry.path for entry in bundle if suspects.poison(entry.path)}
            suspects.begin([e.path for e in bundle if e.is_file and e.path not in poison])
        with ExitStack() as stack:
            opened = [self._open(e, stack, poison=e.path in poison) for e in bundle]
            jobs = [job for job in opened if isinstance(job, _Job)]
            lines = iter(self._analysed(jobs))
            return [next(lines) if isinstance(job, _Job) else job for job in opened]

    def _open(self, entry: Entry, stack: ExitStack, *, poison: bool) -> "Result | _Job":
        path, clock = entry.path, time.perf_counter()
        if entry.skipped is not None:
            return Line(path=path, skipped=entry.skipped)
        if entry.refused is not None:
            return _failed(path, entry.refused, clock)
        if poison:
            return _failed(path, Quarantined(f"{ATTEMPTS} audits died of it"), clock)
        try:
            source = self._source(entry)
        except ArchiveAway:
            raise
        except UnsupportedKind as error:
            skipped = Skip.UNSUPPORTED_KIND if isinstance(error, UnreadMedia) else Skip.NOT_MEDIA
            return Line(path=path, skipped=skipped, message=sentence_of(error))
        except DELIBERATE as error:
            return _failed(path, error, clock)
        stack.enter_context(source.file)
        claim: Future[Line] = Future()
        if source.sidecar is None:  # with one the same content may mean something else
            with self._lock:
                seen = source.sha256 in self._results.first
                if seen or self._running.setdefault(source.sha256, claim) is not claim:
                    return Repeated(entry, source.sha256, time.perf_counter() - clock)
        return _Job(path, source, clock, claim)

    def _source(self, entry: Entry) -> Source:
        """Wait for an archive that is away: that says nothing about this file.

        Raises `ArchiveAway` in the end, so that the audit ends and can be gone on with.
        """
        patience = time.monotonic() + PATIENCE_SECONDS
        refusals = 0  # of this file while the archive answered; one may be the end of an outage
        while True:
            try:
                return self._archive.open(entry, self._limits)
            except StorageUnavailable as error:
                if self._archive.answers():
                    refusals += 1
                    if refusals > 1:
                        raise
                elif self._stop.wait(PAUSE_SECONDS) or time.monotonic() > patience:
                    raise ArchiveAway(str(error)) from error

    def _analysed(self, jobs: list["_Job"]) -> list[Line]:
        try:
            lines = self._traced(jobs) if len(jobs) > 1 else [self._alone(job) for job in jobs]
        except Exception:
            log.exception("analysis of several files crashed; asking for each by itself")
            lines = [self._alone(job) for job in jobs]
        lines = [self._held(job, line) for job, line in zip(jobs, lines, strict=True)]
        for job, line in zip(jobs, lines, strict=True):
            job.claim.set_result(line)
        return lines

    def _traced(self, jobs: list["_Job"]) -> list[Line]:
        reports = self._pipeline.trace([job.source for job in jobs])
        return [
            self._line(job, report, report.seconds)
            for job, report in zip(jobs, reports, strict=True)
        ]

    def _held(self, job: "_Job", line: Line) -> Line:
        """The line, unless the file changed on the way to it; then it is about no known content."""
        try:
            with held_to(job.source):
                return line
        except (FileChanged, OSError) as error:
            return _failed(job.path, error, job.clock)

    def _alone(self, job: "_Job") -> Line:
        try:
            report = self._pipeline.analyse(job.source, profile=self._profile).report
        except ArchiveAway:
            raise
        except DELIBERATE as error:
            return _failed(job.path, error, job.clock, job.source)
        except Exception:
            log.exception("analysis crashed", extra={"path": job.path})
            bug = RuntimeError("internal error")
            return _failed(job.path, bug, job.clock, job.source)
        seconds = time.perf_counter() - job.clock
        return self._line(job, report, seconds)

    def _line(self, job: "_Job", report: Report, seconds: float) -> Line:
        if self._policy is not None:
            from service.policies.decide import decided  # few audits have one

            report = decided(report, self._policy)
        return line_for(job.path, report, seconds, sidecar=job.source.sidecar is not None)


@dataclass(frozen=True, slots=True)
class _Job:
    """A file that was opened and has to be analysed; `claim` tells copies of it the outcome."""

    path: str
    source: Source
    clock: float
    claim: Future[Line]


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
