"""Attempts that ended without a report are noted here; the last one puts the scan into quarantine.

A scan in quarantine has failed, and its file is kept as long as that of any other scan, so that
somebody can look at it and let the scan be tried again.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, and_, func, select
from sqlalchemy.orm import Session, lazyload

from service.db.changes import failed, queued_again
from service.db.deaths import KEPT, Cause, Death, NotedDeath
from service.db.engine import Database
from service.db.lifecycle import Failure, Scan, State
from service.db.models import ScanRow
from service.db.outbox import announce_failed
from service.db.reading import scan_of
from service.db.retention import Keeping
from service.db.scans import Job, held
from service.db.trail import note
from service.errors import BlobUnreadable

QUARANTINED: Final = "quarantined"


@dataclass(frozen=True, slots=True)
class Ended:
    """How many attempts ended, by cause, and what became of their scans."""

    causes: Counter[Cause] = field(default_factory=Counter)
    again: int = 0  # queued for another attempt
    failed: tuple[str, ...] = ()  # codes of those that had no attempt left


class QuarantineRows:
    """Safe from any number of processes: each end of an attempt is noted by one of them."""

    def __init__(self, database: Database, keeping: Keeping) -> None:
        self._database = database
        self._keeping = keeping

    def lapsed(self, now: datetime, *, most: int) -> Ended:
        """What dead workers held whose end nobody saw."""
        late = ScanRow.lease_until < now
        with self._database.read() as session:
            if session.scalar(select(ScanRow.id).where(_RUNNING, late).limit(1)) is None:
                return Ended()
        return self._end(late, death=Death(Cause.VANISHED), now=now, most=most)

    def died(self, worker: str, death: Death, now: datetime, *, most: int) -> Ended:
        """What this worker held when it died."""
        return self._end(ScanRow.worker == worker, death=death, now=now, most=most)

    def gave_up(self, job: Job, death: Death, now: datetime, *, most: int) -> Ended:
        """What a worker held that lives on."""
        return self._end(and_(ScanRow.id == job.id, held(job)), death=death, now=now, most=most)

    def list(self, tenant: str | None, *, limit: int, before: str | None) -> tuple[Scan, ...]:
        """The newest scans in quarantine, of those before one; `tenant` None: of every tenant."""
        query = select(ScanRow).where(ScanRow.quarantined_at.is_not(None))
        if tenant is not None:
            query = query.where(ScanRow.tenant == tenant)
        if before is not None:
            query = query.where(ScanRow.id < before)
        with self._database.read() as session:
            rows = session.scalars(query.order_by(ScanRow.id.desc()).limit(limit))
            return tuple(scan_of(row) for row in rows)

    def release(self, tenant: str, scan_id: str) -> bool:
        """Queue a scan again with all its attempts; False: it is not in quarantine any more.

        What is known of the deaths stays.
        """
        mine = (ScanRow.id == scan_id, ScanRow.tenant == tenant)
        there = (ScanRow.quarantined_at.is_not(None), ScanRow.blob.is_not(None))
        with self._database.write() as session:
            row = session.scalar(select(ScanRow).where(*mine, *there).with_for_update())
            if row is None:
                return False
            _set(row, queued_again())
            row.attempts = 0
            row.quarantined_at = row.started_at = row.finished_at = None
            row.failure_code = row.failure_sentence = None
            note(session, tenant, "scan.released", f"scan:{scan_id}")
            return True

    def _end(self, *which: ColumnElement[bool], death: Death, now: datetime, most: int) -> Ended:
        query = select(ScanRow).where(_RUNNING, *which).options(lazyload(ScanRow.labels))
        with self._database.write() as session:
            rows = session.scalars(query.with_for_update(skip_locked=True)).all()
            codes = [self._end_one(session, row, death, now, most) for row in rows]
        failures = tuple(code for code in codes if code is not None)
        causes = Counter({death.cause: len(codes)} if codes else {})
        return Ended(causes, len(codes) - len(failures), failures)

    def _end_one(
        self, session: Session, row: ScanRow, death: Death, now: datetime, most: int
    ) -> str | None:
        """The code with which the scan failed; None: it is tried again."""
        noted = NotedDeath(
            death=death, at=now, attempt=row.attempts, stage=row.stage, worker=row.worker or ""
        )
        row.deaths = [*(row.deaths or ()), noted.stored()][-KEPT:]
        if row.attempts < most:
            _set(row, queued_again())
            return None
        failure = _failure(row)
        _set(row, failed(failure, now))
        row.quarantined_at = now
        session.flush()
        note(
            session,
            row.tenant,
            "scan.quarantined",
            f"scan:{row.id}",
            cause=death.cause.value,
            attempts=row.attempts,
        )
        announce_failed(session, row.tenant, row.id, failure.code, now)
        self._keeping.settle(session, row, now)
        return failure.code


def in_quarantine(database: Database) -> int:
    """How many scans there are in quarantine, of every tenant."""
    query = select(func.count()).where(ScanRow.quarantined_at.is_not(None))
    with database.read() as session:
        return session.scalar(query) or 0


_RUNNING: Final = ScanRow.state == State.RUNNING


def _failure(row: ScanRow) -> Failure:
    """Why a scan has no attempt left: the file cannot be read, or it ended what tried it."""
    known = [NotedDeath.read(stored).death for stored in row.deaths or ()][-row.attempts :]
    if all(death.cause is Cause.UNREADABLE for death in known):
        sentence = "The store refuses the file of this scan, though it answers otherwise."
        return Failure(BlobUnreadable.code, sentence)
    attempts, sentence = row.attempts, known[-1].sentence
    said = f"The scan was tried {attempts} times and never came to a report. At last {sentence}."
    if attempts == 1:
        said = f"The scan was tried once and never came to a report. At last {sentence}."
    return Failure.of(QUARANTINED, said)


def _set(row: ScanRow, values: dict[str, object]) -> None:
    for name, value in values.items():
        setattr(row, name, value)
