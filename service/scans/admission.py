"""An upload becomes a scan: one that waits for a worker, or one that repeats an earlier analysis."""

import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy.exc import SQLAlchemyError

from service import figures, tracing
from service.access.meter import Allowance
from service.analysis.pipeline import profile_for
from service.db.entries import Entry, NewScan, entry_of
from service.db.lifecycle import Scan, State, new_scan_id
from service.db.places import UNBOUNDED
from service.db.scans import Also, ScanRows, alone
from service.db.upkeep import UpkeepRows
from service.errors import QueueUnavailable
from service.reporting.report import Profile
from service.scans.asked import Asked, Reuse
from service.scans.intake import Received
from service.scans.queue import Queue, queue_for
from service.scans.repeat import Repeats
from service.scans.together import Together
from service.storage.protocol import BlobStore

log = logging.getLogger(__name__)


class Admission:
    """What happens to an upload once it has arrived."""

    def __init__(
        self,
        *,
        rows: ScanRows,
        repeats: Repeats,
        upkeep: UpkeepRows,
        store: BlobStore,
        queue: Queue,
        now: Callable[[], datetime],
    ) -> None:
        self._rows = rows
        self._repeats = repeats
        self._upkeep = upkeep
        self._store = store
        self._queue = queue
        self._accept = Together(self._accept_all)
        self._now = now

    def admit(
        self,
        tenant: str,
        received: Received,
        profile: Profile,
        asked: Asked,
        also: Also,
        allowance: Allowance | None,
    ) -> Scan:
        """Write the scan and send its message.

        Raises what `also` does, `UploadQuotaUsed` and `TooManyInFlight`.

        The row comes first and names the queue; a message that cannot be sent now is sent by the
        reconciler, so a broker that is down costs time, not scans.
        """
        new = self._new(tenant, received, profile, asked, allowance)
        tracing.mark(tracing.about(new.id, tenant, new.kind, new.profile))
        result = self._repeats.find(new, asked.max_age) if asked.reuse is Reuse.ALLOWED else None
        places = UNBOUNDED if allowance is None or result is not None else allowance.places
        try:
            if allowance is not None:
                allowance.upload(received.size)
            if also is alone and result is None:
                entry = entry_of(new, places=places)
                self._accept(entry)
                figures.accepted(new.kind, new.profile, repeated=False)
                return entry.scan()
            scan = self._rows.add(new, also, result, places=places)
        except BaseException:
            if result is not None and result.preview is not None:
                self._store.delete(result.preview)
            raise
        figures.accepted(scan.kind, scan.profile, repeated=result is not None)
        if scan.state is State.QUEUED:
            self._ring((new,))
        return scan

    def _accept_all(self, entries: Sequence[Entry]) -> None:
        """Scans that come at the same time share a transaction and a message to the broker."""
        self._rows.add_all(entries)
        self._ring([entry.new for entry in entries])

    def _new(
        self,
        tenant: str,
        received: Received,
        profile: Profile,
        asked: Asked,
        allowance: Allowance | None,
    ) -> NewScan:
        kind, now = received.type.kind, self._now()
        profile = profile_for(received.type, profile)
        return NewScan(
            id=new_scan_id(now),
            tenant=tenant,
            profile=profile,
            queue=queue_for(kind, profile),
            kind=kind,
            name=received.name,
            sha256=received.sha256,
            size=received.size,
            media_type=received.type.media_type,
            blob=received.blob,
            secret=received.secret,
            parts=received.parts,
            created_at=now,
            sender=allowance.sender if allowance is not None else None,
            reference=asked.reference,
            labels=asked.labels,
            priority=asked.priority,
            traceparent=tracing.current(),
        )

    def _ring(self, accepted: Sequence[NewScan]) -> None:
        """From here on the scans are accepted: whatever goes wrong, the reconciler sends again."""
        try:
            self._queue.enqueue_all([(new.id, new.queue) for new in accepted])
        except QueueUnavailable:
            for new in accepted:
                log.warning("accepted while the broker is down", extra={"scan": new.id})
                with suppress(SQLAlchemyError):
                    self._upkeep.not_sent(new.id, new.created_at)
