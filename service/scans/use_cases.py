"""The use cases: take a file in, run its scan once, hand out its report, forget it."""

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from copy import copy
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Self

from service.access.checkpoints import AuditLog
from service.access.meter import Allowance
from service.analysis.source import DEFAULT_TENANT
from service.db.engine import Database
from service.db.idempotency import IdempotencyRows
from service.db.lifecycle import (
    Failure,
    Overdue,
    Page,
    Readiness,
    Reconciled,
    Scan,
    State,
    is_scan_id,
)
from service.db.listing import ListRows, Wanted
from service.db.receipts import DeletionRows
from service.db.results import SignedDocument
from service.db.retention import Keeping
from service.db.scans import Also, ScanRows, alone
from service.db.trail import Line, SignedCheckpoint, TrailRows
from service.db.upkeep import UpkeepRows
from service.errors import BlobMissing, ReceiptNotFound, ScanNotFound
from service.reporting.receipt import SignedReceipt
from service.reporting.report import Profile, Report
from service.reporting.report import read as read_report
from service.reporting.signature import ReportSigner
from service.scans.absent import why_no_report
from service.scans.admission import Admission
from service.scans.asked import Asked
from service.scans.cursor import page_of
from service.scans.deciding import Policies
from service.scans.idempotency import Keys
from service.scans.index_entries import IndexEntries
from service.scans.intake import Received, Receiver
from service.scans.policy import ScanPolicy
from service.scans.quarantine import Endings, Quarantine
from service.scans.queue import Queue
from service.scans.readiness import Checkup
from service.scans.receipts import Deletions
from service.scans.reconcile import Reconciler
from service.scans.refusals import ScanOver
from service.scans.removal import remove
from service.scans.repeat import Repeats
from service.scans.retention import TenantRetention
from service.scans.reviews import Reviews
from service.scans.runner import Analyst, Runner
from service.scans.sealing import new_secret, writer
from service.scans.teamwork import Teamwork
from service.storage.protocol import BlobStore, read

log = logging.getLogger(__name__)

CANCELLED = Failure("scan_cancelled", "The scan was cancelled before it had a report.")


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
        self.keeping = keeping = Keeping(policy.retention)
        self._rows = ScanRows(database, keeping)
        self._lists = ListRows(database)
        self._upkeep = UpkeepRows(database, keeping)
        self._admission = Admission(
            rows=self._rows,
            repeats=Repeats(
                database, self._upkeep, store, signer, lambda tenant: self.of(tenant).policies
            ),
            upkeep=self._upkeep,
            store=store,
            queue=queue,
            now=now,
        )
        self.deletions = Deletions(DeletionRows(database), store, known, signer, now)
        self._trail = TrailRows(database)
        self._audit_log = AuditLog(self._trail, signer, now)
        self.endings = Endings(database, keeping, policy.attempts, now)
        self._reconciler = Reconciler(
            self._upkeep,
            store,
            queue,
            endings=self.endings,
            deletions=self.deletions,
            known=known,
            keys=IdempotencyRows(database),
            schedule=policy.schedule,
            now=now,
        )
        self._checkup = Checkup(
            database=database,
            upkeep=self._upkeep,
            store=store,
            queue=queue,
            reconciler=self._reconciler,
            pace=policy.reconcile_seconds,
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

    @property
    def quarantine(self) -> Quarantine:
        """Those of these scans that are not tried any more."""
        return Quarantine(self._database, self.keeping, self._tenant)

    @property
    def team(self) -> Teamwork:
        """How people work together on these scans."""
        return Teamwork(self._database, self._tenant, self._now)

    @property
    def retention(self) -> TenantRetention:
        """How long these scans are kept."""
        return TenantRetention(self._database, self._policy.retention, self._tenant)

    def of(self, tenant: str, allowance: Allowance | None = None) -> Self:
        """The same use cases for the scans of another tenant, within what is allowed there."""
        others = copy(self)
        others._tenant = tenant
        others._allowance = allowance
        return others

    def receive(self, untrusted_name: str = "", *, whole: bool = False) -> Receiver:
        """Somewhere to write an upload to; checked while it arrives.

        Raises `UploadQuotaUsed` and `TooManyInFlight` where it could not be accepted anyway. Where
        the `whole` of it has arrived that is left to `accept`, which finds it out too.
        """
        if self._allowance is not None and not whole:
            self._allowance.room()
            self._rows.check_in_flight(self._tenant, self._allowance.places)
        secret = new_secret() if self.retention.zero() else None
        return Receiver(
            lambda: writer(self._store, self._tenant, secret),
            self._policy.upload_limits,
            untrusted_name,
            secret,
        )

    @property
    def keys(self) -> Keys:
        """The idempotency keys of the tenant."""
        return Keys(self._database, self._tenant, self._policy.keep_keys, self._now)

    def accept(
        self,
        received: Received,
        *,
        profile: Profile = Profile.FULL,
        asked: Asked = Asked(),  # noqa: B008 (frozen)
        also: Also = alone,
    ) -> Scan:
        """Make a scan of an upload. From here on it ends in a report or a visible failure.

        `also` takes part in the transaction of the row; raises what it raises, `UploadQuotaUsed` and
        `TooManyInFlight`.
        """
        try:
            return self.adopt(received, profile=profile, asked=asked, also=also)
        except BaseException:  # nothing was promised, so nothing may stay
            self._store.delete(received.blob)
            raise

    def adopt(self, received: Received, *, profile: Profile, asked: Asked, also: Also) -> Scan:
        """As `accept`, of bytes that stay somebody else's until the transaction is through."""
        scan = self._admission.admit(self._tenant, received, profile, asked, also, self._allowance)
        if scan.state is not State.QUEUED:
            self.deletions.finish_soon(scan.id)
        return scan

    def discard(self, received: Received) -> None:
        """Forget an upload that becomes no scan."""
        self._store.delete(received.blob)

    def get(self, scan_id: str) -> Scan:
        """Raises `ScanNotFound`."""
        scan = self._rows.get(self._tenant, scan_id) if is_scan_id(scan_id) else None
        if scan is None:
            raise ScanNotFound(f"there is no scan {scan_id[:40]!r}")
        return scan

    def list(
        self,
        *,
        limit: int = 50,
        cursor: str | None = None,
        wanted: Wanted = Wanted(),  # noqa: B008 (frozen)
    ) -> Page:
        """In the order wanted; `cursor` is the `next` of the page before. Raises `CursorInvalid`."""
        return page_of(self._lists, self._tenant, limit=limit, cursor=cursor, wanted=wanted)

    def ahead(self, scan_id: str) -> int | None:
        """How many scans wait before this one, of all tenants; None where it waits for none."""
        return self._lists.ahead(self._tenant, scan_id)

    def cancel(self, scan_id: str) -> Scan:
        """End a scan that waits or runs; its worker stops when it next says that it lives.

        A scan that is cancelled already is left as it is. Raises `ScanNotFound`, `ScanOver`.
        """
        if is_scan_id(scan_id) and self._rows.cancel(self._tenant, scan_id, CANCELLED, self._now()):
            log.info("cancelled", extra={"scan": scan_id})
            self.deletions.finish_soon(scan_id)
        scan = self.get(scan_id)
        if scan.state is not State.CANCELLED:
            raise ScanOver(f"scan {scan_id} is {scan.state}")
        return scan

    def marks(self, scan_ids: tuple[str, ...]) -> dict[str, str]:
        """A text for each of these scans, of whatever tenant, that differs whenever the scan does."""
        return self._rows.marks(scan_ids)

    def report(self, scan_id: str) -> Report:
        """Raises `ScanNotFound`, `ReportNotReady`, `ScanFailed`, `ScanExpired`, `ReportGone`."""
        return read_report(self.document(scan_id))

    def document(self, scan_id: str) -> str:
        """The report as it was signed. Raises what `report` raises."""
        return self.signed(scan_id).document

    def signature(self, scan_id: str) -> str:
        """The detached JWS over the report. Raises what `report` raises."""
        return self.signed(scan_id).signature

    def public_keys(self) -> dict[str, Any]:
        """The keys that reports are signed with here, as a JWK Set."""
        return self._signer.public()

    def signed(self, scan_id: str) -> SignedDocument:
        """The report with its signature. Raises what `report` raises."""
        scan = self.get(scan_id)
        signed = self._rows.document(self._tenant, scan_id)
        if signed is None:
            raise why_no_report(scan)
        return signed

    def preview(self, scan_id: str) -> bytes | None:
        """The JPEG picture of the file, None if there is none. Raises `ScanNotFound`."""
        self.get(scan_id)
        key = self._rows.preview(self._tenant, scan_id)
        if key is not None:
            with suppress(BlobMissing):
                return read(self._store, key)
        return None

    def media(self, scan_id: str) -> BinaryIO | None:
        """The stored recording or film, None for pictures, sealed files and once it is gone.

        The caller closes it. Raises `ScanNotFound`.
        """
        scan = self.get(scan_id)
        key = self._rows.blob(self._tenant, scan_id)
        if key is None or scan.sealed or not scan.media_type.startswith(("audio/", "video/")):
            return None
        try:
            return self._store.reader(key)
        except BlobMissing:
            return None

    def delete(self, scan_id: str) -> SignedReceipt:
        """Forget scan, report and file at once, running or not; the receipt says what was removed.

        Raises `ScanNotFound`, and `StorageUnavailable` where the rest is deleted a little later.
        """
        now = self._now()
        if not is_scan_id(scan_id) or not remove(
            self._rows, self._store, self._tenant, scan_id, now
        ):
            raise ScanNotFound(f"there is no scan {scan_id[:40]!r}")
        self.deletions.finish(scan_id)
        log.info("deleted", extra={"scan": scan_id})
        return self.receipt(scan_id)

    def receipt(self, scan_id: str) -> SignedReceipt:
        """The latest of a scan of which something was deleted. Raises `ReceiptNotFound`."""
        receipts = self.deletions.receipts(self._tenant, scan_id)
        if not receipts:
            raise ReceiptNotFound(f"no receipt of a deletion of {scan_id[:40]!r}")
        return receipts[-1]

    def receipts(self, scan_id: str) -> tuple[SignedReceipt, ...]:
        """Those of a scan, deleted or not, the oldest first. Raises `ScanNotFound`."""
        receipts = self.deletions.receipts(self._tenant, scan_id)
        if not receipts:
            self.get(scan_id)
        return receipts

    def log(self, *, after: int = 0, of: str | None = None) -> Iterator[Line]:
        """The tenant's audit log, from the line after this one on."""
        return self._trail.lines(self._tenant, after=after, object_=of)

    def checkpoints(self) -> tuple[SignedCheckpoint, ...]:
        """The signed checkpoints of that log, the oldest first."""
        return self._trail.checkpoints(self._tenant)

    def run(self, scan_id: str, *, worker: str, queue: str | None = None) -> str | None:
        """Analyse one scan, once, as `Runner.run` does."""
        if self._pipeline is None:
            raise RuntimeError("this process has no pipeline and runs no scans")
        return Runner(
            rows=self._rows,
            store=self._store,
            policy=self._policy,
            signer=self._signer,
            pipeline=self._pipeline,
            known=self._known,
            policies=lambda tenant: self.of(tenant).policies,
            endings=self.endings,
            deletions=self.deletions,
            now=self._now,
        ).run(scan_id, worker=worker, queue=queue)

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

    def beat(self, worker: str, queues: tuple[str, ...], pins: str | None = None) -> None:
        """A worker says that it lives, and by `pins` what it analyses with."""
        self._upkeep.beat(worker, queues, pins, self._now())
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
        return self._checkup.ready()
