"""The use cases: take a file in, run its scan once, hand out its report, forget it."""

import logging
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Protocol

from detectors.base import Kind
from detectors.errors import DetectorError
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener
from service.analysis.source import DEFAULT_TENANT, Source
from service.db.engine import Database
from service.db.lifecycle import (
    BlobKey,
    Failure,
    Page,
    Readiness,
    Reconciled,
    Scan,
    State,
    WorkerSeen,
    is_scan_id,
    new_scan_id,
)
from service.db.scans import Job, NewScan, ScanRows, SignedDocument
from service.db.upkeep import UpkeepRows
from service.errors import (
    BlobChanged,
    BlobMissing,
    InvalidRequest,
    QueueUnavailable,
    ReportNotReady,
    ScanAbandoned,
    ScanExpired,
    ScanFailed,
    ScanNotFound,
    ServiceError,
    UnsupportedKind,
)
from service.reporting.report import Profile, Report
from service.reporting.report import read as read_report
from service.reporting.signature import ReportSigner
from service.scans.index_entries import IndexEntries
from service.scans.intake import Received, Receiver, source_from_blob
from service.scans.lease import Lease
from service.scans.queue import QUEUES, Queue, queue_for
from service.scans.reconcile import Reconciler, Schedule
from service.scans.storage import BlobStore, put, read

__all__ = [
    "Failure",
    "Page",
    "Readiness",
    "Reconciled",
    "Scan",
    "ScanPolicy",
    "Scans",
    "State",
    "WorkerSeen",
]

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
"""How often a worker says that it lives; unheard for five times that, it counts as gone."""


class Analyst(Protocol):
    """What turns a file into a report: `service.analysis.pipeline.Pipeline`, or a stand-in."""

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanPolicy:
    """How much is accepted, how long it is kept, how often it is tried."""

    upload_limits: Mapping[Kind, int]  # bytes
    keep: timedelta | None = timedelta(days=30)  # None: until somebody deletes it
    lease_seconds: float = 60.0
    attempts: int = 3
    resend_after: timedelta = timedelta(seconds=10)
    orphan_after: timedelta = timedelta(hours=1)
    sweep_every: timedelta = timedelta(minutes=10)

    @property
    def schedule(self) -> Schedule:
        return Schedule(
            attempts=self.attempts,
            resend_after=self.resend_after,
            orphan_after=self.orphan_after,
            sweep_every=self.sweep_every,
        )


def utc_now() -> datetime:
    return datetime.now(UTC)


class Scans:
    """All that page, API and workers do with scans. Thread-safe."""

    def __init__(
        self,
        *,
        database: Database,
        store: BlobStore,
        queue: Queue,
        policy: ScanPolicy,
        signer: ReportSigner,
        pipeline: Analyst | None = None,  # None where no scan is run: the web process
        known: IndexEntries | None = None,
        tenant: str = DEFAULT_TENANT,
        now: Callable[[], datetime] = utc_now,
    ) -> None:
        self._database = database
        self._store = store
        self._queue = queue
        self._policy = policy
        self._signer = signer
        self._pipeline = pipeline
        self._known = known
        self._tenant = tenant
        self._now = now
        self._rows = ScanRows(database)
        self._upkeep = UpkeepRows(database)
        self._reconciler = Reconciler(
            self._upkeep, store, queue, known=known, schedule=policy.schedule, now=now
        )

    def receive(self, untrusted_name: str = "") -> Receiver:
        """Somewhere to write an upload to; checked while it arrives."""
        return Receiver(
            lambda: self._store.writer(self._tenant), self._policy.upload_limits, untrusted_name
        )

    def accept(self, received: Received, *, profile: Profile = Profile.FULL) -> Scan:
        """Make a scan of an upload. From here on it ends in a report or a visible failure.

        The row comes first and names the queue; a message that cannot be sent now is sent by the
        reconciler, so a broker that is down costs time, not scans.
        """
        kind, now = received.type.kind, self._now()
        if kind is None:
            raise UnsupportedKind(f"the content is {received.type.media_type}")
        queue = queue_for(kind, profile)
        scan = self._rows.add(
            NewScan(
                id=new_scan_id(now),
                tenant=self._tenant,
                profile=profile,
                queue=queue,
                kind=kind,
                name=received.name,
                sha256=received.sha256,
                size=received.size,
                media_type=received.type.media_type,
                blob=received.blob,
                created_at=now,
                expires_at=now + self._policy.keep if self._policy.keep is not None else None,
            )
        )
        try:
            self._queue.enqueue(scan.id, queue)
        except QueueUnavailable:
            log.warning("accepted while the broker is down", extra={"scan": scan.id})
            self._upkeep.not_sent(scan.id, now)
        return scan

    def get(self, scan_id: str) -> Scan:
        """Raises `ScanNotFound`."""
        scan = self._rows.get(self._tenant, scan_id) if is_scan_id(scan_id) else None
        if scan is None:
            raise ScanNotFound(f"no scan {scan_id[:40]!r}")
        return scan

    def list(
        self, *, limit: int = 50, before: str | None = None, state: State | None = None
    ) -> Page:
        """The newest first; `before` is the `next` of the page before. Raises `InvalidRequest`."""
        if before is not None and not is_scan_id(before):
            raise InvalidRequest("before is not the next of a page")
        return self._rows.page(self._tenant, limit=limit, before=before, state=state)

    def report(self, scan_id: str) -> Report:
        """Raises `ScanNotFound`, `ReportNotReady`, `ScanFailed`, `ScanExpired`."""
        return read_report(self._signed(scan_id).document)

    def signature(self, scan_id: str) -> str:
        """The detached JWS over the report. Raises what `report` raises."""
        return self._signed(scan_id).signature

    def public_keys(self) -> dict[str, Any]:
        """The keys that reports are signed with here, as a JWK Set."""
        return self._signer.public()

    def _signed(self, scan_id: str) -> SignedDocument:
        scan = self.get(scan_id)
        signed = self._rows.document(self._tenant, scan_id)
        if signed is not None:
            return signed
        if scan.state is State.EXPIRED:
            raise ScanExpired(f"scan {scan_id} was deleted at the end of its retention")
        if scan.failure is not None:
            raise ScanFailed(f"{scan.failure.sentence} ({scan.failure.code})")
        raise ReportNotReady(f"scan {scan_id} is {scan.state}")

    def preview(self, scan_id: str) -> bytes | None:
        """The JPEG picture of the file, None if there is none. Raises `ScanNotFound`."""
        self.get(scan_id)
        key = self._rows.preview(self._tenant, scan_id)
        return read(self._store, key) if key is not None else None

    def media(self, scan_id: str) -> BinaryIO | None:
        """The stored recording or film, None for pictures and once it is gone.

        The caller closes it. Raises `ScanNotFound`.
        """
        scan = self.get(scan_id)
        key = self._rows.blob(self._tenant, scan_id)
        if key is None or not scan.media_type.startswith(("audio/", "video/")):
            return None
        try:
            return self._store.open(key)
        except BlobMissing:
            return None

    def delete(self, scan_id: str) -> None:
        """Forget scan, report and file at once, running or not. Raises `ScanNotFound`."""
        blobs = self._rows.delete(self._tenant, scan_id) if is_scan_id(scan_id) else None
        if blobs is None:
            raise ScanNotFound(f"no scan {scan_id[:40]!r}")
        for blob in blobs:
            self._store.delete(blob)
        if self._known is not None:
            self._known.forget((scan_id,))
        log.info("deleted", extra={"scan": scan_id})

    def run(self, scan_id: str, *, worker: str) -> None:
        """Analyse one scan, once: a scan that is done, held by another worker or gone is left alone.

        Errors that the engines raise on purpose fail the scan. Any other exception is a bug or a
        dying worker: the scan is queued again, or failed after the last attempt, and the exception
        goes on to the caller.
        """
        now = self._now()
        job = self._rows.take(
            scan_id,
            token=secrets.token_hex(16),
            worker=worker,
            now=now,
            until=now + timedelta(seconds=self._policy.lease_seconds),
            most=self._policy.attempts,
        )
        if job is None:
            log.info("nothing to do", extra={"scan": scan_id})
            return
        log.info("started", extra={"scan": job.id, "attempt": job.attempt, "worker": worker})
        try:
            self._finish(job, self._analyse(job))
        except ScanAbandoned:
            log.info("abandoned", extra={"scan": job.id})
        except (DetectorError, ServiceError) as error:
            log.warning("failed", extra={"scan": job.id, "code": error.code})
            self._rows.fail(job, Failure.of(error.code, str(error)), self._now())
        except BaseException:
            self._give_up(job)
            raise

    def reconcile(self) -> Reconciled:
        """One round of the reconciler. Raises `SQLAlchemyError` when the database is down."""
        return self._reconciler.round()

    def beat(self, worker: str, queues: tuple[str, ...]) -> None:
        """A worker says that it lives."""
        self._upkeep.beat(worker, queues, self._now())
        self._upkeep.forget_workers(self._now() - timedelta(days=1))

    def leave(self, worker: str) -> None:
        """A worker says that it stops."""
        self._upkeep.leave(worker)

    def ready(self) -> Readiness:
        """Ask each part whether it answers."""
        database = self._database.usable()
        seen_since = self._now() - timedelta(seconds=5 * BEAT_SECONDS)
        return Readiness(
            database=database,
            storage=self._store.usable(),
            broker=self._broker_answers(),
            workers=self._upkeep.workers(seen_since) if database else (),
        )

    def _broker_answers(self) -> bool:
        try:
            self._queue.depth(QUEUES[0])
        except QueueUnavailable:
            return False
        return True

    def _analyse(self, job: Job) -> Analysis:
        if self._pipeline is None:
            raise RuntimeError("this process has no pipeline and runs no scans")
        lease = Lease(self._rows, job, seconds=self._policy.lease_seconds, now=self._now)
        with lease, source_from_blob(self._store.open(job.blob), job.name) as source:
            if source.sha256 != job.sha256:
                raise BlobChanged(f"scan {job.id}: the stored bytes are not those that arrived")
            source = replace(source, tenant=job.tenant)
            return self._pipeline.analyse(source, profile=job.profile, progress=lease.report)

    def _finish(self, job: Job, analysis: Analysis) -> None:
        preview: BlobKey | None = None
        if analysis.preview is not None:
            preview = put(self._store, job.tenant, analysis.preview)
        won = self._rows.finish(
            job,
            signed=SignedDocument(
                analysis.report.model_dump_json(), self._signer.sign(analysis.report)
            ),
            verdict=analysis.report.verdict,
            preview=preview,
            now=self._now(),
        )
        if not won and preview is not None:
            self._store.delete(preview)
        if won and self._known is not None:
            self._known.keep(job.id, analysis, tenant=job.tenant)
        log.info("done" if won else "abandoned", extra={"scan": job.id})

    def _give_up(self, job: Job) -> None:
        if job.attempt < self._policy.attempts:
            self._rows.hand_back(job)
        else:
            sentence = "The analysis crashed every time it was tried. The log says where."
            self._rows.fail(job, Failure("internal_error", sentence), self._now())
