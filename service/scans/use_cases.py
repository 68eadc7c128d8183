"""The use cases: take a file in, run its scan once, hand out its report, forget it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Self

from sqlalchemy.exc import OperationalError, SQLAlchemyError

from service.access.checkpoints import AuditLog
from service.access.meter import Allowance
from service.analysis.pipeline import profile_for
from service.analysis.source import DEFAULT_TENANT
from service.db.engine import Database
from service.db.lifecycle import (
    Overdue,
    Page,
    Readiness,
    Reconciled,
    Scan,
    State,
    WorkerSeen,
    is_scan_id,
    new_scan_id,
)
from service.db.receipts import DeletionRows
from service.db.scans import Also, NewScan, ScanRows, SignedDocument, alone
from service.db.trail import Line, SignedCheckpoint, TrailRows
from service.db.upkeep import UpkeepRows
from service.errors import (
    BlobMissing,
    InvalidRequest,
    QueueUnavailable,
    ReceiptNotFound,
    ReportNotReady,
    ScanExpired,
    ScanFailed,
    ScanNotFound,
)
from service.reporting.decision import PolicyAction
from service.reporting.receipt import SignedReceipt
from service.reporting.report import Profile, Report
from service.reporting.report import read as read_report
from service.reporting.signature import ReportSigner
from service.scans.deciding import Policies
from service.scans.index_entries import IndexEntries
from service.scans.intake import Received, Receiver
from service.scans.policy import ScanPolicy
from service.scans.queue import QUEUES, Queue, queue_for
from service.scans.receipts import Deletions
from service.scans.reconcile import Reconciler
from service.scans.reviews import Reviews
from service.scans.runner import Analyst, Runner
from service.scans.storage import BlobStore, read

log = logging.getLogger(__name__)

BEAT_SECONDS = 5.0
"""How often a worker says that it lives; unheard for five times that, it counts as gone."""


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
        now: Callable[[], datetime] | None = None,  # None: the database's clock
    ) -> None:
        self._database = database
        self._store = store
        self._queue = queue
        self._policy = policy
        self._signer = signer
        self._pipeline = pipeline
        self._known = known
        self._tenant = tenant
        self._allowance: Allowance | None = None
        self._now = now = now or database.now
        self._rows = ScanRows(database)
        self._upkeep = UpkeepRows(database)
        self._deletions = Deletions(DeletionRows(database), store, known, signer, now)
        self._trail = TrailRows(database)
        self._audit_log = AuditLog(self._trail, signer, now)
        self._reconciler = Reconciler(
            self._upkeep,
            store,
            queue,
            deletions=self._deletions,
            known=known,
            schedule=policy.schedule,
            now=now,
        )

    @property
    def tenant(self) -> str:
        """Whose scans these are."""
        return self._tenant

    @property
    def policies(self) -> Policies:
        """What these scans are decided by."""
        return Policies(self._database, self._tenant, self._now)

    @property
    def reviews(self) -> Reviews:
        """What people came to about these scans."""
        return Reviews(self._database, self._tenant, self._now)

    def of(self, tenant: str, allowance: Allowance | None = None) -> Self:
        """The same use cases for the scans of another tenant, within what is allowed there."""
        others = copy(self)
        others._tenant = tenant
        others._allowance = allowance
        return others

    def receive(self, untrusted_name: str = "") -> Receiver:
        """Somewhere to write an upload to; checked while it arrives.

        Raises `UploadQuotaUsed` and `TooManyInFlight` where it could not be accepted anyway.
        """
        if self._allowance is not None:
            self._allowance.room()
            self._rows.check_in_flight(self._tenant, self._allowance.in_flight)
        return Receiver(
            lambda: self._store.writer(self._tenant), self._policy.upload_limits, untrusted_name
        )

    def accept(
        self, received: Received, *, profile: Profile = Profile.FULL, also: Also = alone
    ) -> Scan:
        """Make a scan of an upload. From here on it ends in a report or a visible failure.

        The row comes first and names the queue; a message that cannot be sent now is sent by the
        reconciler, so a broker that is down costs time, not scans. `also` takes part in the
        transaction of the row; raises what it raises, `UploadQuotaUsed` and `TooManyInFlight`.
        """
        try:
            scan, queue = self._add(received, profile, also)
        except BaseException:  # nothing was promised, so nothing may stay
            self._store.delete(received.blob)
            raise
        self._ring(scan, queue)
        return scan

    def adopt(self, received: Received, *, profile: Profile, also: Also) -> Scan:
        """As `accept`, of bytes that stay somebody else's until the transaction is through."""
        scan, queue = self._add(received, profile, also)
        self._ring(scan, queue)
        return scan

    def _add(self, received: Received, profile: Profile, also: Also) -> tuple[Scan, str]:
        kind, now = received.type.kind, self._now()
        profile = profile_for(received.type, profile)
        queue = queue_for(kind, profile)
        new = NewScan(
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
            parts=received.parts,
            created_at=now,
            expires_at=now + self._policy.keep if self._policy.keep is not None else None,
        )
        most = 0
        if self._allowance is not None:
            self._allowance.upload(received.size)
            most = self._allowance.in_flight
        return self._rows.add(new, also, in_flight=most), queue

    def _ring(self, scan: Scan, queue: str) -> None:
        """From here on the scan is accepted: whatever goes wrong, the reconciler sends again."""
        try:
            self._queue.enqueue(scan.id, queue)
        except QueueUnavailable:
            log.warning("accepted while the broker is down", extra={"scan": scan.id})
            with suppress(SQLAlchemyError):
                self._upkeep.not_sent(scan.id, scan.created_at)

    def get(self, scan_id: str) -> Scan:
        """Raises `ScanNotFound`."""
        scan = self._rows.get(self._tenant, scan_id) if is_scan_id(scan_id) else None
        if scan is None:
            raise ScanNotFound(f"no scan {scan_id[:40]!r}")
        return scan

    def list(
        self,
        *,
        limit: int = 50,
        before: str | None = None,
        state: State | None = None,
        action: PolicyAction | None = None,
    ) -> Page:
        """The newest first; `before` is the `next` of the page before. Raises `InvalidRequest`."""
        if before is not None and not is_scan_id(before):
            raise InvalidRequest("before must be the value of next from an earlier page")
        return self._rows.page(self._tenant, limit=limit, before=before, state=state, action=action)

    def marks(self, scan_ids: tuple[str, ...]) -> dict[str, str]:
        """A text for each of these scans that is there, which differs whenever the scan does.

        Of every tenant's scans: who follows one was asked before, and reads it as its tenant.
        """
        return self._rows.marks(scan_ids)

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

    def delete(self, scan_id: str) -> SignedReceipt:
        """Forget scan, report and file at once, running or not; the receipt says what was removed.

        Raises `ScanNotFound`, and `StorageUnavailable` where the rest is deleted a little later.
        """
        if not is_scan_id(scan_id) or not self._delete_row(scan_id):
            raise ScanNotFound(f"no scan {scan_id[:40]!r}")
        self._deletions.finish(scan_id)
        log.info("deleted", extra={"scan": scan_id})
        return self.receipt(scan_id)

    def receipt(self, scan_id: str) -> SignedReceipt:
        """That of a scan that was deleted, on request or with age. Raises `ReceiptNotFound`."""
        receipt = self._deletions.receipt(self._tenant, scan_id) if is_scan_id(scan_id) else None
        if receipt is None:
            raise ReceiptNotFound(f"no receipt of a deletion of {scan_id[:40]!r}")
        return receipt

    def log(self, *, after: int = 0, of: str | None = None) -> Iterator[Line]:
        """The tenant's audit log, from the line after this one on."""
        return self._trail.lines(self._tenant, after=after, object_=of)

    def checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """The signed checkpoints of that log, the oldest first."""
        return self._trail.checkpoints(self._tenant)

    def _delete_row(self, scan_id: str) -> bool:
        """On a full disk even a deletion finds no room in the database, until the file is gone."""
        try:
            return self._rows.delete(self._tenant, scan_id, self._now())
        except OperationalError:
            if self._store.roomy():
                raise
            for blob in self._rows.blobs(self._tenant, scan_id):
                self._store.delete(blob)
            return self._rows.delete(self._tenant, scan_id, self._now())

    def run(self, scan_id: str, *, worker: str) -> None:
        """Analyse one scan, once; what `Runner.run` does."""
        if self._pipeline is None:
            raise RuntimeError("this process has no pipeline and runs no scans")
        runner = Runner(
            rows=self._rows,
            store=self._store,
            policy=self._policy,
            signer=self._signer,
            pipeline=self._pipeline,
            known=self._known,
            policies=lambda tenant: self.of(tenant).policies,
            now=self._now,
        )
        runner.run(scan_id, worker=worker)

    def reconcile(self, worker: str | None = None) -> Reconciled:
        """One round of the reconciler. Raises `SQLAlchemyError` when the database is down."""
        result = self._reconciler.round()
        self._audit_log.upkeep()
        if worker is not None:
            self._upkeep.reconciled(worker, self._now())
        return result

    def overdue(self) -> Overdue:
        """What is past its retention and still here."""
        return self._reconciler.overdue()

    def expire_all(self) -> int:
        """Delete all that is past its retention, because somebody says so; how many scans."""
        return self._reconciler.expire_all()

    def beat(self, worker: str, queues: tuple[str, ...]) -> None:
        """A worker says that it lives."""
        self._upkeep.beat(worker, queues, self._now())
        self._upkeep.forget_workers(self._now() - timedelta(days=1))

    def hand_back(self, workers: tuple[str, ...]) -> tuple[str, ...]:
        """Give what these workers run to others at once; which of them ran something.

        What they still make of it is dropped, since they no longer hold it.
        """
        busy = self._rows.hand_back_all(workers)
        if busy:
            self._reconciler.send()
        return busy

    def close(self) -> None:
        """Let go of the database's connections."""
        self._database.close()

    def leave(self, worker: str) -> None:
        """A worker says that it stops."""
        self._upkeep.leave(worker)

    def ready(self) -> Readiness:
        """Ask each part whether it answers."""
        database = self._database.usable()
        workers: tuple[WorkerSeen, ...] = ()
        overdue, lately = Overdue(), False
        if database:
            now = self._now()
            workers = self._upkeep.workers(now - timedelta(seconds=5 * BEAT_SECONDS), now)
            patience = timedelta(seconds=max(30.0, 4 * self._policy.reconcile_seconds))
            rounds = (item.reconciled_at for item in workers if item.reconciled_at is not None)
            lately = any(now - patience <= at <= now + patience for at in rounds)
            overdue = self._reconciler.overdue()
        return Readiness(
            database=database,
            storage=self._store.usable(),
            broker=self._broker_answers(),
            workers=workers,
            reconciler=lately,
            overdue=overdue,
        )

    def _broker_answers(self) -> bool:
        with suppress(QueueUnavailable):
            self._queue.depth(QUEUES[0])
            return True
        return False
