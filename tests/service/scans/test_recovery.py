"""Whatever dies between upload and report, the scan gets on, and only once."""

import io
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from service.analysis.progress import Listener, Progress, Stage
from service.db.engine import Database
from service.db.lifecycle import State
from service.db.scans import Job, ScanRows
from service.scans.clockwork import Clockwork
from service.scans.intake import receive_all
from service.scans.queue import Broker
from tests.service.office import PICTURE, POLICY, Engine, Office, office


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def killed(desk: Office, scan_id: str) -> Job:
    """Take the scan like a worker that is killed right after."""
    now = desk.clock()
    until = now + timedelta(seconds=POLICY.lease_seconds)
    job = ScanRows(desk.database).take(
        scan_id, token="dead", worker="dead", now=now, until=until, most=POLICY.attempts
    )
    assert job is not None
    return job


def crash(progress: Listener) -> None:
    raise ZeroDivisionError("a bug")


def test_an_upload_is_accepted_while_the_broker_is_down_and_sent_later(desk: Office) -> None:
    desk.queue.broken = True
    scan = desk.accept()
    assert desk.scans.reconcile().sent == 0
    desk.queue.broken = False
    assert desk.scans.reconcile().sent == 1
    assert desk.queue.sent == [(scan.id, "image")]


def test_a_scan_whose_worker_died_is_queued_again_when_its_lease_ran_out(desk: Office) -> None:
    scan = desk.accept()
    desk.queue.sent.clear()
    killed(desk, scan.id)
    desk.clock.move(seconds=59)
    assert desk.scans.reconcile().retried == 0
    desk.clock.move(seconds=2)
    result = desk.scans.reconcile()
    assert (result.retried, result.sent) == (1, 1)
    assert desk.queue.sent == [(scan.id, "image")]
    desk.scans.run(scan.id, worker="alive")
    assert desk.scans.get(scan.id).state is State.DONE
    assert desk.scans.get(scan.id).attempts == 2


def test_a_message_that_comes_again_takes_over_from_a_dead_worker(desk: Office) -> None:
    scan = desk.accept()
    killed(desk, scan.id)
    desk.scans.run(scan.id, worker="early")
    assert desk.scans.get(scan.id).state is State.RUNNING
    desk.clock.move(seconds=61)
    desk.scans.run(scan.id, worker="alive")
    assert desk.scans.get(scan.id).state is State.DONE


def test_a_scan_that_kills_every_worker_fails_visibly(desk: Office) -> None:
    scan = desk.accept()
    for _ in range(POLICY.attempts):
        killed(desk, scan.id)
        desk.clock.move(seconds=61)
        result = desk.scans.reconcile()
    assert (result.retried, result.failed) == (0, 1)
    failed = desk.scans.get(scan.id)
    assert failed.state is State.FAILED
    assert failed.failure is not None
    assert failed.failure.code == "quarantined"
    desk.scans.run(scan.id, worker="late")
    assert desk.engine.seen == []


def test_a_crash_is_raised_and_the_scan_tried_again_until_it_fails(desk: Office) -> None:
    desk.engine.during = crash
    scan = desk.accept()
    for attempt in range(1, POLICY.attempts + 1):
        assert desk.scans.get(scan.id).state is State.QUEUED
        with pytest.raises(ZeroDivisionError):
            desk.scans.run(scan.id, worker="w")
        assert desk.scans.get(scan.id).attempts == attempt
    failed = desk.scans.get(scan.id)
    assert failed.state is State.FAILED
    assert failed.failure is not None
    assert failed.failure.code == "quarantined"


def test_a_scan_after_a_crash_waits_for_the_reconciler_and_not_for_its_lease(
    desk: Office,
) -> None:
    desk.engine.during = crash
    scan = desk.accept()
    desk.queue.sent.clear()
    with pytest.raises(ZeroDivisionError):
        desk.scans.run(scan.id, worker="w")
    assert desk.scans.reconcile().sent == 1
    assert desk.queue.sent == [(scan.id, "image")]


def test_the_result_of_a_worker_that_was_given_up_is_dropped(desk: Office) -> None:
    """The slow worker is believed dead, another one finishes, then the slow one does."""
    scan = desk.accept()

    def be_overtaken(progress: Listener) -> None:
        desk.clock.move(seconds=61)
        desk.beside(pipeline=Engine(preview=b"the winner")).run(scan.id, worker="fast")

    desk.engine.during = be_overtaken
    desk.scans.run(scan.id, worker="slow")
    assert desk.scans.get(scan.id).state is State.DONE
    assert desk.scans.preview(scan.id) == b"the winner"
    assert desk.blobs() == 2


def test_of_many_workers_with_the_same_message_one_runs_the_scan(desk: Office) -> None:
    scan = desk.accept()
    start = threading.Barrier(8)

    def run(number: int) -> None:
        start.wait()
        desk.scans.run(scan.id, worker=f"w{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    assert len(desk.engine.seen) == 1
    assert desk.scans.get(scan.id).attempts == 1


def test_a_long_scan_keeps_its_lease_and_shows_its_progress(desk: Office) -> None:
    desk.scans = desk.beside(policy=replace(POLICY, lease_seconds=0.6), now=None)
    scan = desk.accept()
    seen = set()

    def take_long(progress: Listener) -> None:
        for step in range(12):
            progress(Progress(Stage.DETECTORS, step / 12, f"step {step}"))
            time.sleep(0.1)
            assert desk.scans.reconcile().retried == 0
            seen.add(desk.scans.get(scan.id).progress.note)

    desk.engine.during = take_long
    desk.scans.run(scan.id, worker="slow")
    assert desk.scans.get(scan.id).state is State.DONE
    assert desk.scans.get(scan.id).attempts == 1
    assert len(seen) > 2


def test_work_on_a_deleted_scan_stops_at_the_next_step(desk: Office) -> None:
    desk.scans = desk.beside(policy=replace(POLICY, lease_seconds=0.4), now=None)
    scan = desk.accept()
    steps = []

    def take_long(progress: Listener) -> None:
        desk.scans.delete(scan.id)
        for step in range(50):
            time.sleep(0.1)
            progress(Progress(Stage.DETECTORS, 0.5))
            steps.append(step)

    desk.engine.during = take_long
    desk.scans.run(scan.id, worker="w")
    assert len(steps) < 49
    assert desk.blobs() == 0


def test_a_lost_message_is_sent_again_after_a_while(desk: Office) -> None:
    scan = desk.accept()
    desk.queue.sent.clear()
    assert desk.scans.reconcile().sent == 0
    desk.clock.move(seconds=11)
    assert desk.scans.reconcile().sent == 1
    assert desk.queue.sent == [(scan.id, "image")]


def test_a_long_queue_is_not_made_longer(desk: Office) -> None:
    for _ in range(5):
        desk.accept()
    desk.clock.move(hours=5)
    assert desk.scans.reconcile().sent == 0
    assert len(desk.queue.sent) == 5


def test_as_many_messages_are_sent_again_as_were_lost(desk: Office) -> None:
    for _ in range(5):
        desk.accept()
    del desk.queue.sent[:2]
    desk.clock.move(minutes=1)
    assert desk.scans.reconcile().sent == 2
    assert desk.scans.reconcile().sent == 0
    assert len(desk.queue.sent) == 5


def test_reconcilers_beside_each_other_send_each_message_once(desk: Office) -> None:
    for _ in range(10):
        desk.accept()
    desk.queue.sent.clear()
    desk.clock.move(minutes=1)
    start = threading.Barrier(4)

    def reconcile(_: int) -> int:
        start.wait()
        return desk.beside().reconcile().sent

    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(reconcile, range(4))) == 10
    assert len({scan_id for scan_id, _ in desk.queue.sent}) == len(desk.queue.sent) == 10


def test_stored_bytes_without_a_scan_are_swept_after_a_while(desk: Office) -> None:
    kept = desk.done()
    receive_all(io.BytesIO(PICTURE), desk.scans.receive("never accepted.jpg"))
    assert desk.scans.reconcile().swept == 0
    desk.clock.move(hours=2)
    assert desk.scans.reconcile().swept == 1
    assert desk.scans.preview(kept.id) == b"a picture"
    assert desk.blobs() == 2


def test_a_chore_that_fails_is_tried_again() -> None:
    tried = threading.Semaphore(0)

    def fail() -> None:
        tried.release()
        raise OperationalError("SELECT 1", {}, Exception("the database is down"))

    with Clockwork(fail, seconds=0.01):
        assert all(tried.acquire(timeout=5) for _ in range(3))


def test_a_database_that_is_away_for_a_moment_costs_no_scan(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = []

    def refuse(_rows: ScanRows, job: Job, **_options: object) -> bool:
        refused.append(job.id)
        raise OperationalError("UPDATE", {}, Exception("the database is down"))

    def go_away(progress: Listener) -> None:
        with monkeypatch.context() as outage:
            outage.setattr(ScanRows, "renew", refuse)
            time.sleep(0.5)

    desk.engine.during = go_away
    assert desk.done().state is State.DONE
    assert refused


def test_whatever_a_chore_raises_it_is_tried_again() -> None:
    tried = threading.Semaphore(0)

    def fail() -> None:
        tried.release()
        raise ConnectionRefusedError("of a library that nobody thought of")

    with Clockwork(fail, seconds=0.01) as clock:
        assert all(tried.acquire(timeout=5) for _ in range(3))
        assert clock.silence > 0


def test_a_lease_written_before_the_clock_was_set_back_runs_out_all_the_same(
    desk: Office,
) -> None:
    scan = desk.accept()
    killed(desk, scan.id)
    desk.clock.move(days=-2)
    assert desk.scans.reconcile().retried == 0
    desk.clock.move(seconds=61)
    assert desk.scans.reconcile().retried == 1


def test_a_clock_set_forward_deletes_nothing_before_somebody_says_so(desk: Office) -> None:
    kept = [desk.done() for _ in range(3)]
    desk.clock.move(days=40)
    assert desk.scans.reconcile().expired == 0
    assert desk.scans.ready().overdue.held
    assert desk.scans.report(kept[0].id)
    assert desk.scans.expire_all() == 3
    assert not desk.scans.ready().overdue.held
