"""Run one scan to its report or its failure, on behalf of a worker that leases it meanwhile."""

import logging
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import BinaryIO, Protocol

from structlog.contextvars import bound_contextvars

from detectors.errors import DetectorError
from service import figures, tracing
from service.analysis.pipeline import Analysis
from service.analysis.progress import Listener, Progress
from service.analysis.source import Source
from service.db.deaths import Cause, Death
from service.db.lifecycle import BlobKey, Failure
from service.db.results import Result, SignedDocument
from service.db.retention_lifecycle import Part
from service.db.scans import Job, ScanRows
from service.db.views import Picture
from service.errors import (
    BlobChanged,
    BlobUnreadable,
    ScanAbandoned,
    ServiceError,
    StorageUnavailable,
    WorkerStopped,
)
from service.reporting.counted import count
from service.reporting.report import Profile, signer_of
from service.reporting.signature import ReportSigner
from service.reporting.verdict import settled
from service.scans.deciding import Policies
from service.scans.index_entries import IndexEntries
from service.scans.intake import source_from_blob
from service.scans.lease import Lease
from service.scans.policy import ScanPolicy
from service.scans.quarantine import Endings
from service.scans.receipts import Deletions
from service.scans.sealing import in_memory, opened
from service.storage.protocol import BlobStore, put
from service.tracing import ScanTrace

log = logging.getLogger(__name__)


class Analyst(Protocol):
    """What turns a file into a report: `service.analysis.pipeline.Pipeline`, or a stand-in."""

    def analyse(self, source: Source, *, profile: Profile, progress: Listener) -> Analysis: ...


class Runner:
    """What a worker does with the id of a scan. Scans of every tenant come here."""

    def __init__(
        self,
        *,
        rows: ScanRows,
        store: BlobStore,
        policy: ScanPolicy,
        signer: ReportSigner,
        pipeline: Analyst,
        known: IndexEntries | None,
        policies: Callable[[str], Policies],
        endings: Endings,
        deletions: Deletions,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._store = store
        self._policy = policy
        self._signer = signer
        self._pipeline = pipeline
        self._known = known
        self._policies = policies
        self._endings = endings
        self._deletions = deletions
        self._now = now

    def run(self, scan_id: str, *, worker: str, queue: str | None = None) -> str | None:
        """Analyse one scan, once: a scan that is done, held by another worker or gone is left alone.

        A message stands for one scan that waits in its `queue`, not for the one it names: the most
        urgent one is taken, which another message named. Returns which one, None if none was.
        Errors that the engines raise on purpose fail the scan. Any other exception is a bug or a
        dying worker: the scan is queued again, or failed after the last attempt, and the exception
        goes on to the caller.
        """
        if not self._store.roomy():
            log.warning("left waiting: the storage takes no report", extra={"scan": scan_id})
            return None
        now = self._now()
        job = self._rows.take(
            scan_id,
            queue=queue,
            token=secrets.token_hex(16),
            worker=worker,
            now=now,
            until=now + timedelta(seconds=self._policy.lease_seconds),
            most=self._policy.attempts,
        )
        if job is None:
            log.info("nothing to do", extra={"scan": scan_id})
            return None
        if job.attempt == 1:
            figures.waited((now - job.created_at).total_seconds())
        about = tracing.about(job.id, job.tenant, job.kind, job.profile)
        since = job.created_at if job.attempt == 1 else None
        with (
            bound_contextvars(tenant=job.tenant),
            tracing.ScanTrace(job.traceparent, about, since) as traced,
        ):
            try:
                self._run(job, worker, traced)
            finally:
                self._deletions.finish_soon(job.id)
        return job.id

    def _run(self, job: Job, worker: str, traced: ScanTrace) -> None:
        log.info("started", extra={"scan": job.id, "attempt": job.attempt, "worker": worker})
        try:
            analysis = self._analyse(job, traced)
            traced.enter("stored")
            self._finish(job, analysis)
        except ScanAbandoned:
            figures.ended("abandoned")
            traced.failed(ScanAbandoned.code)
            log.info("abandoned", extra={"scan": job.id})
        except (StorageUnavailable, WorkerStopped) as error:
            figures.ended("handed_back")
            traced.failed(error.code)
            log.warning("handed back", extra={"scan": job.id, "code": error.code})
            self._rows.hand_back(job)
        except BlobUnreadable as error:
            traced.failed(error.code)
            log.warning("unreadable", extra={"scan": job.id, "code": error.code})
            if self._endings.gave_up(job, Death(Cause.UNREADABLE)).again:
                figures.ended("handed_back")
        except (DetectorError, ServiceError) as error:
            figures.failed(error.code)
            traced.failed(error.code)
            log.warning("failed", extra={"scan": job.id, "code": error.code})
            self._rows.fail(job, Failure.of(error.code, str(error)), self._now())
        except BaseException as error:
            figures.ended("crashed")
            self._endings.gave_up(job, Death(Cause.CRASHED, type(error).__name__))
            raise

    def _analyse(self, job: Job, traced: ScanTrace) -> Analysis:
        lease = Lease(self._rows, job, seconds=self._policy.lease_seconds, now=self._now)
        with (
            lease,
            figures.Stages() as stages,
            source_from_blob(self._opened(job), job.name) as source,
        ):
            if source.sha256 != job.sha256:
                raise BlobChanged(f"scan {job.id}: the stored bytes are not those that arrived")
            source = replace(source, tenant=job.tenant, parts=job.parts)

            def on_progress(progress: Progress) -> None:
                stages.enter(progress.stage)
                traced.enter(progress.stage, progress.note)
                lease.report(progress)

            return self._pipeline.analyse(source, profile=job.profile, progress=on_progress)

    def _recorded(self, job: Job, analysis: Analysis) -> Iterator[tuple[str, Picture]]:
        """Thumbnails of credentials outside the file, kept as views of it where any may be."""
        if Part.PREVIEWS not in job.keeps or job.secret is not None:
            return
        for name, drawn in analysis.recorded.items():
            blob = put(self._store, job.tenant, drawn.picture)
            yield name, Picture(blob=blob, media_type=drawn.media_type, sentences=drawn.sentences)

    def _opened(self, job: Job) -> BinaryIO:
        file = opened(self._store, job.blob, job.secret)
        return in_memory(file) if job.secret else file

    def _finish(self, job: Job, analysis: Analysis) -> None:
        report = self._policies(job.tenant).decided(analysis.report)
        preview: BlobKey | None = None
        if analysis.preview is not None and Part.PREVIEWS in job.keeps:
            preview = put(self._store, job.tenant, analysis.preview)
        recorded = tuple(self._recorded(job, analysis))
        known = self._known if Part.INDEX_ENTRIES in job.keeps else None
        indexed = known is not None and known.wants(analysis)
        won = self._rows.finish(
            job,
            Result(
                signed=SignedDocument(report.model_dump_json(), self._signer.sign(report)),
                verdict=report.verdict,
                action=report.decision.action if report.decision is not None else None,
                signer=signer_of(report),
                pins=analysis.pins if settled(report) else None,
                preview=preview,
                recorded=recorded,
                indexed=indexed,
            ),
            self._now(),
        )
        if not won:
            for blob in (preview, *(picture.blob for _name, picture in recorded)):
                if blob is not None:
                    self._store.delete(blob)
        if won and known is not None and indexed:
            known.keep(job.id, analysis, tenant=job.tenant)
        if won:
            count(report)
        else:
            figures.ended("abandoned")
        log.info("done" if won else "abandoned", extra={"scan": job.id})
