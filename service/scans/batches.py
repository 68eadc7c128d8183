"""Many files at once: taken in together, each scanned by itself, finished at one moment."""

import logging
import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Self

from sqlalchemy.orm import Session

from service.access.meter import Allowance, Meter
from service.access.principal import Principal
from service.access_errors import TooManyInFlight
from service.db import batches as statements
from service.db.batch_deaths import LineDeaths
from service.db.batch_lifecycle import Batch, BatchPage, BatchState, Claimed, NewItem, Result
from service.db.batch_reading import BatchViews
from service.db.batches import BatchRows, Finished
from service.db.engine import Database
from service.db.lifecycle import Failure, UploadState, is_scan_id, new_scan_id
from service.db.retention import until
from service.db.scans import Also, alone
from service.errors import (
    BatchNotFound,
    InvalidRequest,
    ScanAbandoned,
    ScanNotFound,
    ServiceError,
    StorageUnavailable,
    UploadFailed,
    UploadIncomplete,
    UploadNotFound,
    UploadUsed,
)
from service.scans.asked import Asked
from service.scans.idempotency import Keys
from service.scans.intake import Received, Receiver, name_in
from service.scans.resumable import Uploads
from service.scans.use_cases import Scans

log = logging.getLogger(__name__)

Fetch = Callable[[str, Receiver], None]
"""Fetches an address into a receiver through the guard of `service.fetch`."""

CANCELLED: Final = Failure("cancelled", "The batch was cancelled before this was begun.")
HOLD: Final = timedelta(seconds=180)
"""Longer than any fetch: then a worker that took an item counts as dead."""
RECEIVING: Final = timedelta(minutes=15)
"""The longest that one file of a form may take; then its request counts as dead."""
LATER: Final = timedelta(seconds=30)
ROOM: Final = timedelta(seconds=2)
"""After this it is asked again whether a scan more may be in flight."""


def unannounced(_session: Session, _batch: Batch) -> None:
    """Nobody is told that a batch is finished."""


class Batches:
    """All that API and workers do with the batches of one tenant. Thread-safe."""

    def __init__(
        self,
        *,
        database: Database,
        scans: Scans,
        uploads: Uploads,
        fetch: Fetch,
        finished: Finished = unannounced,
        meter: Meter | None = None,  # None: what is taken in later counts for nobody
        now: Callable[[], datetime] | None = None,  # None: the database's clock
    ) -> None:
        """`finished` is called once for each batch, in the transaction that finishes it."""
        self._rows = BatchRows(database, scans.keeping)
        self._views = BatchViews(database)
        self._deaths = LineDeaths(database)
        self._scans = scans
        self._uploads = uploads
        self._fetch = fetch
        self._finished = finished
        self._meter = meter
        self._sender: str | None = None
        self._full: dict[str, datetime] = {}
        self._now = now or database.now

    def of(self, tenant: str, allowance: Allowance | None = None) -> Self:
        """The same use cases for the batches of another tenant, within what is allowed there."""
        others = copy(self)
        others._scans = self._scans.of(tenant, allowance)
        others._sender = allowance.sender if allowance is not None else None
        others._uploads = self._uploads.of(tenant)
        return others

    @property
    def keys(self) -> Keys:
        """The idempotency keys of the tenant."""
        return self._scans.keys

    def accept(self, items: Sequence[NewItem], also: Also = alone) -> Batch:
        """A batch of lines that were checked, all or nothing; `wrong` names those that are wrong.

        Workers fetch the addresses. Uploads that cannot be used are wrong lines too. `also` takes
        part in the transaction; raises what it raises.
        """
        items = self._with_known_uploads(items)
        batch = self._new(BatchState.RUNNING, total=len(items))
        self._rows.add(batch, items, None, also)
        self._settle(batch.id)
        return self.get(batch.id)

    def begin(self) -> Batch:
        """A batch whose files come one after the other; nothing is promised before `start`."""
        batch = self._new(BatchState.RECEIVING, total=0)
        self._rows.add(batch, (), self._now() + RECEIVING)
        return batch

    def add(self, batch: Batch, item: NewItem, received: Received) -> None:
        """Add a file that arrived, as a scan. Raises `BatchNotFound`, and leaves no file then."""
        until = self._now() + RECEIVING

        def also(session: Session, scan_id: str) -> None:
            if not statements.keep_receiving(session, batch.id, until):
                raise BatchNotFound(f"batch {batch.id} was deleted or cancelled")
            statements.add_items(session, batch, (item,), scan_id)

        self._scans.accept(received, profile=item.profile, asked=_asked(item), also=also)

    def add_wrong(self, batch: Batch, item: NewItem) -> None:
        """Add a file that was refused. Raises `BatchNotFound`."""
        if not self._rows.extend(batch, item, self._now() + RECEIVING):
            raise BatchNotFound(f"batch {batch.id} was deleted or cancelled")

    def start(self, batch: Batch, total: int, also: Also = alone) -> Batch:
        """All files are here: from now on the batch ends by itself.

        `also` takes part in the transaction; raises what it raises.
        """
        self._rows.start(batch.id, total, also)
        self._settle(batch.id)
        return self.get(batch.id)

    def receiver(self, untrusted_name: str) -> Receiver:
        """Somewhere to write one file of a form to."""
        return self._scans.receive(untrusted_name)

    def get(self, batch_id: str) -> Batch:
        """Raises `BatchNotFound`."""
        found = self._views.get(self._scans.tenant, batch_id) if is_scan_id(batch_id) else None
        if found is None:
            raise BatchNotFound(f"there is no batch {batch_id[:40]!r}")
        return found

    def wrong(self, batch: Batch) -> tuple[NewItem, ...]:
        """Its lines that were not taken."""
        return self._views.wrong(batch.id)

    def marks(self, batch_ids: tuple[str, ...]) -> dict[str, str]:
        """The mark of each of these batches that is there, of every tenant.

        Who follows one was asked before, and reads it as its tenant.
        """
        return self._views.marks(batch_ids)

    def list(self, *, limit: int, before: str | None) -> BatchPage:
        """The newest first; `before` is the `next` of the page before. Raises `InvalidRequest`."""
        if before is not None and not is_scan_id(before):
            raise InvalidRequest("before is not the next of a page")
        return self._views.page(self._scans.tenant, limit=limit, before=before)

    def results(self, batch_id: str) -> Iterator[Result]:
        """What became of each line so far, in order, read a few at a time. Raises `BatchNotFound`."""
        self.get(batch_id)
        return self._results(batch_id)

    def cancel(self, batch_id: str) -> Batch:
        """Begin nothing more of it; what runs goes on to its end. Raises `BatchNotFound`."""
        self.get(batch_id)
        for scan_id in self._rows.cancel(self._scans.tenant, batch_id, self._now(), CANCELLED):
            self._scans.deletions.finish_soon(scan_id)
        self._settle(batch_id)
        return self.get(batch_id)

    def delete(self, batch_id: str) -> None:
        """Forget a batch and all its scans, with their files and reports. Raises `BatchNotFound`."""
        self.get(batch_id)
        self._rows.cancel(self._scans.tenant, batch_id, self._now(), CANCELLED)
        for scan_id in self._views.scans(batch_id):
            with suppress(ScanNotFound):
                self._scans.delete(scan_id)
        self._rows.delete(self._scans.tenant, batch_id)
        log.info("deleted", extra={"batch": batch_id})

    def take_in(self, worker: str = "") -> bool:
        """Turn one waiting address or upload, of any tenant, into a scan; False if none waits.

        It counts for the limits of whoever sent the batch: while as many scans are in flight as may,
        its other lines wait too; with the bytes of the day used up it fails. `worker` is the process
        that is to blame should it die meanwhile.
        """
        now = self._now()
        full = [sender for sender, until in tuple(self._full.items()) if until > now]
        claimed = self._rows.claim(
            token=secrets.token_hex(16),
            worker=worker,
            now=now,
            until=now + HOLD,
            passing_over=full,
        )
        if claimed is None:
            return False
        try:
            self.of(claimed.tenant, self._allowance(claimed))._scan(claimed)
        except TooManyInFlight:
            self._full[claimed.sender or ""] = self._now() + ROOM
            self._rows.put_off(claimed, self._now() + ROOM)
        except ScanAbandoned:
            log.info("abandoned", extra={"batch": claimed.batch_id, "line": claimed.line})
        except StorageUnavailable as error:
            log.warning("put off", extra={"batch": claimed.batch_id, "code": error.code})
            self._rows.put_off(claimed, self._now() + LATER)
        except ServiceError as error:
            self._rows.fail(claimed, Failure.of(error.code, str(error)))
            self._settle(claimed.batch_id)
        return True

    def scan_ended(self, scan_id: str) -> None:
        """A scan came to its end, and perhaps its batch with it."""
        batch_id = self._views.batch_of(scan_id)
        if batch_id is not None:
            self._settle(batch_id)

    def round(self) -> None:
        """What died gets on: items, requests and batches, of every tenant; what is old goes."""
        now = self._now()
        self._deaths.lapsed(now)
        for batch_id in self._views.running():
            self._settle(batch_id)
        for tenant, batch_id in self._rows.abandoned(now):
            with suppress(BatchNotFound):
                self.of(tenant).delete(batch_id)
        self._rows.expire(now)

    def _settle(self, batch_id: str) -> None:
        if self._rows.settle(batch_id, self._now(), self._finished):
            log.info("finished", extra={"batch": batch_id})

    def _scan(self, claimed: Claimed) -> None:
        def also(session: Session, scan_id: str) -> None:
            if not statements.scanned(session, claimed, scan_id):
                raise ScanAbandoned("the batch was cancelled, or another worker took this over")

        if claimed.upload_id is not None:
            self._uploads.scan(
                claimed.upload_id,
                self._scans,
                profile=claimed.profile,
                asked=_asked(claimed),
                also=also,
            )
        elif claimed.url is not None:
            with self._scans.receive(name_in(claimed.url)) as receiver:
                self._fetch(claimed.url, receiver)
                received = receiver.finish()
            self._scans.accept(received, profile=claimed.profile, asked=_asked(claimed), also=also)

    def _allowance(self, claimed: Claimed) -> Allowance | None:
        if self._meter is None or claimed.sender is None:
            return None
        sender = Principal(tenant=claimed.tenant, actor=claimed.sender, scopes=frozenset())
        return Allowance(self._meter, sender)

    def _results(self, batch_id: str) -> Iterator[Result]:
        after = 0
        while found := self._views.results(batch_id, after):
            yield from found
            after = found[-1].line

    def _new(self, state: BatchState, *, total: int) -> Batch:
        now = self._now()
        keep = self._scans.keeping.in_force(self._scans.retention.own(), sealed=False)
        return Batch(
            id=new_scan_id(now),
            tenant=self._scans.tenant,
            sender=self._sender,
            state=state,
            total=total,
            created_at=now,
            cancelled_at=None,
            finished_at=None,
            expires_at=until(keep, now),
        )

    def _with_known_uploads(self, items: Sequence[NewItem]) -> tuple[NewItem, ...]:
        """Each upload must be there, and be named once."""
        named = tuple(item.upload_id for item in items if item.upload_id is not None)
        states = self._uploads.states(named) if named else {}
        seen: set[str] = set()
        return tuple(_judged(item, states, seen) for item in items)


def _judged(item: NewItem, states: dict[str, UploadState], seen: set[str]) -> NewItem:
    if item.upload_id is None:
        return item
    state = states.get(item.upload_id)
    error: ServiceError | None = None
    if state is None:
        error = UploadNotFound("there is no such upload")
    elif state is UploadState.USED or item.upload_id in seen:
        error = UploadUsed("a scan is made of an upload once")
    elif state is UploadState.OPEN:
        error = UploadIncomplete("bytes of the upload are still missing")
    elif state is UploadState.FAILED:
        error = UploadFailed("the upload was refused")
    seen.add(item.upload_id)
    if error is None:
        return item
    return replace(item, upload_id=None, failure=Failure.of(error.code, str(error)))


def _asked(item: NewItem | Claimed) -> Asked:
    return Asked(reference=item.reference, labels=item.labels or {})
