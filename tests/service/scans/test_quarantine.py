"""Scans that end every worker are put aside with the reasons, and let go again by a person."""

import io
from datetime import timedelta
from pathlib import Path

import pytest

from service.analysis.progress import Listener
from service.db.deaths import Cause, Death
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.retention_lifecycle import OwnRetention
from service.db.scans import ScanRows
from service.errors import BytesGone
from service.scans.intake import receive_all
from service.scans.quarantine import NotQuarantined
from service.scans.queue import Broker
from tests.service.office import PICTURE, POLICY, Office, office

KILLED = Death(Cause.KILLED, "SIGSEGV")


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def taken(desk: Office, scan_id: str, worker: str) -> None:
    now = desk.clock()
    until = now + timedelta(seconds=POLICY.lease_seconds)
    rows = ScanRows(desk.database)
    job = rows.take(scan_id, token=worker, worker=worker, now=now, until=until, most=3)
    assert job is not None


def crash(_progress: Listener) -> None:
    raise ZeroDivisionError("a bug")


def poisoned(desk: Office, scan_id: str) -> None:
    """Once killed, once vanished, once crashed."""
    taken(desk, scan_id, "first")
    assert desk.scans.endings.died("somebody else", KILLED).causes == {}
    assert desk.scans.endings.died("first", KILLED).again == 1
    taken(desk, scan_id, "second")
    desk.clock.move(seconds=61)
    desk.scans.reconcile()
    desk.engine.during = crash
    with pytest.raises(ZeroDivisionError):
        desk.scans.run(scan_id, worker="third")
    desk.engine.during = lambda progress: None


def test_a_poison_file_is_kept_with_the_reason_of_each_death_and_runs_again_once_released(
    desk: Office,
) -> None:
    scan_id = desk.accept().id
    poisoned(desk, scan_id)
    (scan,) = desk.scans.quarantine.list()
    assert (scan.id, scan.state, scan.quarantined_at) == (scan_id, State.FAILED, desk.clock())
    assert scan.failure is not None
    assert scan.failure.code == "quarantined"
    assert scan.failure.sentence.endswith("the analysis crashed (ZeroDivisionError).")
    causes = [(noted.attempt, noted.death.cause, noted.worker) for noted in scan.deaths]
    assert causes == [
        (1, Cause.KILLED, "first"),
        (2, Cause.VANISHED, "second"),
        (3, Cause.CRASHED, "third"),
    ]
    desk.queue.sent.clear()
    desk.scans.quarantine.release(scan)
    assert desk.scans.quarantine.list() == ()
    desk.scans.reconcile()
    assert desk.queue.sent == [(scan_id, "image")]
    desk.scans.run(scan_id, worker="repaired")
    done = desk.scans.get(scan_id)
    assert (done.state, done.failure, done.attempts) == (State.DONE, None, 1)
    assert len(done.deaths) == 3
    deeds = [line.deed for line in desk.scans.log(of=f"scan:{scan_id}")]
    assert [deed for deed in deeds if deed in ("scan.quarantined", "scan.released")] == [
        "scan.quarantined",
        "scan.released",
    ]


def test_only_the_tenant_of_a_quarantined_scan_sees_and_releases_it(desk: Office) -> None:
    scan_id = desk.accept().id
    poisoned(desk, scan_id)
    others = desk.scans.of("others")
    assert others.quarantine.list() == ()
    with pytest.raises(NotQuarantined):
        others.quarantine.release(desk.scans.get(scan_id))
    with pytest.raises(NotQuarantined):
        desk.scans.quarantine.release(desk.done())


def test_under_zero_retention_the_poison_is_not_kept(desk: Office) -> None:
    desk.scans.retention.put(OwnRetention(parts={}, zero=True))
    received = receive_all(io.BytesIO(PICTURE), desk.scans.receive("photo.jpg"))
    scan_id = desk.scans.accept(received).id
    poisoned(desk, scan_id)
    assert desk.blobs() == 0
    with pytest.raises(BytesGone):
        desk.scans.quarantine.release(desk.scans.get(scan_id))
