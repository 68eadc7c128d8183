"""Scans that nobody tries any more because every attempt ended badly: seen, and let go again."""

from collections.abc import Callable
from datetime import datetime

from service import figures
from service.db.deaths import Death
from service.db.engine import Database
from service.db.lifecycle import Scan
from service.db.quarantine import Ended, QuarantineRows
from service.db.retention import Keeping
from service.db.retention_lifecycle import Part
from service.db.scans import Job
from service.errors import ServiceError
from service.scans.absent import check_there


class NotQuarantined(ServiceError):
    code = "not_quarantined"
    status = 409
    title = "The scan is not in quarantine"


class Endings:
    """What becomes of a scan whose attempt ended without a report; of every tenant."""

    def __init__(
        self, database: Database, keeping: Keeping, attempts: int, now: Callable[[], datetime]
    ) -> None:
        self._rows = QuarantineRows(database, keeping)
        self._attempts = attempts
        self._now = now

    def lapsed(self) -> Ended:
        """Workers that are silent for longer than a lease are dead."""
        return _counted(self._rows.lapsed(self._now(), most=self._attempts))

    def died(self, worker: str, death: Death) -> Ended:
        """A worker was seen to die; what it ran is tried again at once, or put into quarantine."""
        return _counted(self._rows.died(worker, death, self._now(), most=self._attempts))

    def gave_up(self, job: Job, death: Death) -> Ended:
        """A worker lives on, and gave up this scan."""
        return _counted(self._rows.gave_up(job, death, self._now(), most=self._attempts))


class Quarantine:
    """The quarantined scans of one tenant, as people and clients see them."""

    def __init__(self, database: Database, keeping: Keeping, tenant: str) -> None:
        self._rows = QuarantineRows(database, keeping)
        self._tenant = tenant

    def list(self, *, limit: int = 50, before: str | None = None) -> tuple[Scan, ...]:
        """The newest first, of those before the scan of this id."""
        return self._rows.list(self._tenant, limit=limit, before=before)

    def release(self, scan: Scan) -> None:
        """Have a scan tried again, as often as a new one.

        Raises `NotQuarantined`, and `BytesGone` where the file is past its retention.
        """
        check_there(scan, Part.BYTES)
        if not self._rows.release(self._tenant, scan.id):
            raise NotQuarantined(f"scan {scan.id} is {scan.state} and not in quarantine")


def _counted(ended: Ended) -> Ended:
    for cause, times in ended.causes.items():
        figures.died(cause, times)
    for code in ended.failed:
        figures.failed(code)
    return ended
