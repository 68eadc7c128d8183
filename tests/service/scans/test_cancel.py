"""A scan that somebody cancels ends there, whoever works on it."""

import time
from dataclasses import replace
from pathlib import Path

import pytest

from service.analysis.progress import Listener, Progress, Stage
from service.db.engine import Database
from service.db.lifecycle import State
from service.errors import ScanNotFound
from service.scans.queue import Broker
from service.scans.refusals import ScanCancelled, ScanOver
from tests.service.office import POLICY, Office, office


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def test_a_waiting_scan_is_cancelled_at_once_and_never_runs(desk: Office) -> None:
    scan = desk.accept()
    cancelled = desk.scans.cancel(scan.id)
    assert cancelled.state is State.CANCELLED
    assert cancelled.failure is not None
    assert cancelled.failure.code == "scan_cancelled"
    assert cancelled.finished_at == desk.clock()
    desk.scans.run(scan.id, worker="w")
    desk.scans.reconcile()
    assert desk.engine.seen == []
    assert desk.scans.get(scan.id) == cancelled
    with pytest.raises(ScanCancelled):
        desk.scans.report(scan.id)


def test_the_worker_of_a_cancelled_scan_stops_at_its_next_heartbeat(desk: Office) -> None:
    reached: list[str] = []
    desk.scans = desk.beside(policy=replace(POLICY, lease_seconds=0.4))

    def during(progress: Listener) -> None:
        desk.scans.cancel(scan.id)
        time.sleep(0.5)
        progress(Progress(Stage.DETECTORS, 0.7))
        reached.append("the end")

    desk.engine.during = during
    scan = desk.accept()
    desk.scans.run(scan.id, worker="w")
    assert reached == []
    assert desk.scans.get(scan.id).state is State.CANCELLED


def test_what_a_worker_finds_after_all_is_dropped(desk: Office) -> None:
    desk.engine.during = lambda progress: void(desk.scans.cancel(scan.id))
    scan = desk.accept()
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.CANCELLED
    assert desk.blobs() == 1, "the file is kept as long as any, no picture is"


def void(_: object) -> None: ...


def test_a_scan_that_ended_cannot_be_cancelled_but_one_that_was_may_be_again(desk: Office) -> None:
    done = desk.done()
    with pytest.raises(ScanOver):
        desk.scans.cancel(done.id)
    assert desk.scans.get(done.id) == done
    waiting = desk.accept()
    assert desk.scans.cancel(waiting.id) == desk.scans.cancel(waiting.id)


def test_nobody_cancels_the_scan_of_another_tenant(desk: Office) -> None:
    scan = desk.accept()
    for name in (scan.id, "nonsense"):
        with pytest.raises(ScanNotFound):
            desk.scans.of("other").cancel(name)
    assert desk.scans.get(scan.id).state is State.QUEUED
