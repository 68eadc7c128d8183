"""Reuse: the same content, analysed with the same engines, need not be analysed again."""

import logging
from collections.abc import Callable
from datetime import timedelta

from provenance.consistency import name
from service.db.engine import Database
from service.db.entries import NewScan
from service.db.lifecycle import UNHEARD
from service.db.repeats import Done, RepeatRows
from service.db.results import Result, SignedDocument
from service.db.upkeep import UpkeepRows
from service.errors import BlobMissing
from service.reporting.report import Report, Reused, read, signer_of
from service.reporting.signature import ReportSigner
from service.scans.deciding import Policies
from service.storage.protocol import BlobStore, put
from service.storage.protocol import read as read_blob

log = logging.getLogger(__name__)


class Repeats:
    """Finds the analysis that a new scan may repeat, within its tenant."""

    def __init__(
        self,
        database: Database,
        upkeep: UpkeepRows,
        store: BlobStore,
        signer: ReportSigner,
        policies: Callable[[str], Policies],
    ) -> None:
        self._rows = RepeatRows(database)
        self._upkeep = upkeep
        self._store = store
        self._signer = signer
        self._policies = policies

    def find(self, new: NewScan, max_age: int | None) -> Result | None:
        """The result of a new scan by an earlier one of the same bytes; None: it has to be run.

        Whatever would run it now has to be what ran then: every worker of its queue that lives,
        and one of them at least. What repeats an analysis is not repeated in turn, so that the age
        is always that of the analysis itself.
        """
        pins = self._pins(new)
        if pins is None:
            return None
        since = None if max_age is None else new.created_at - timedelta(seconds=max_age)
        for done in self._rows.done_with(new, pins, since):
            report = read(done.document)
            if _named_alike(report, new):
                return self._repeated(done, report, new)
        return None

    def _pins(self, new: NewScan) -> str | None:
        workers = self._upkeep.workers(new.created_at - UNHEARD, new.created_at)
        found = {worker.pins for worker in workers if new.queue in worker.queues}
        return found.pop() if len(found) == 1 else None

    def _repeated(self, done: Done, report: Report, new: NewScan) -> Result | None:
        try:
            wanted = done.preview if new.secret is None else None  # else none may lie on a disk
            picture = None if wanted is None else read_blob(self._store, wanted)
        except BlobMissing:  # it is being deleted
            return None
        repeated = report.model_copy(
            update={
                "subject": report.subject.model_copy(update={"name": new.name}),
                "reused": Reused(scan=done.id, analysed_at=report.analysed_at),
                "decision": None,
            }
        )
        repeated = self._policies(new.tenant).decided(repeated)  # by the policy of now
        log.info("repeats an analysis", extra={"scan": new.id, "of": done.id})
        return Result(
            signed=SignedDocument(repeated.model_dump_json(), self._signer.sign(repeated)),
            verdict=repeated.verdict,
            action=repeated.decision.action if repeated.decision is not None else None,
            signer=signer_of(repeated),
            pins=None,
            preview=None if picture is None else put(self._store, new.tenant, picture),
        )


def _named_alike(report: Report, new: NewScan) -> bool:
    """Whether the names tell the same: an ending that does not fit the content is a trace."""
    before = name.compare(report.subject.name, new.media_type)
    return before == name.compare(new.name, new.media_type)
