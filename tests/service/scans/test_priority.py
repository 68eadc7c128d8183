"""The urgent first, and nobody waits for ever: on the rows alone, and through both brokers."""

import io
from pathlib import Path

import pytest

from service.analysis.progress import Listener
from service.db.engine import Database
from service.db.lifecycle import Priority, Scan, State
from service.errors import StorageUnavailable
from service.scans.asked import Asked
from service.scans.intake import receive_all
from service.scans.queue import Broker
from tests.service.office import PICTURE, Office, office

LOW, NORMAL, HIGH = Priority.LOW, Priority.NORMAL, Priority.HIGH


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def accept(desk: Office, priority: Priority, name: str) -> Scan:
    received = receive_all(io.BytesIO(PICTURE), desk.scans.receive(name))
    return desk.scans.accept(received, asked=Asked(priority=priority))


def work(desk: Office) -> list[str]:
    """Run messages in the order in which they were sent, as both brokers hand them out."""
    while desk.queue.sent:
        scan_id, queue = desk.queue.sent.pop(0)
        desk.scans.run(scan_id, worker="w", queue=queue)
    return desk.engine.seen


def test_the_urgent_go_first_whatever_came_first(desk: Office) -> None:
    for priority in (LOW, NORMAL, HIGH, LOW, HIGH):
        accept(desk, priority, f"{priority}-{len(desk.queue.sent)}")
        desk.clock.move(seconds=1)
    assert work(desk) == ["high-2", "high-4", "normal-1", "low-0", "low-3"]


def test_who_waited_an_hour_longer_goes_ahead_of_the_more_urgent(desk: Office) -> None:
    accept(desk, LOW, "low")
    desk.clock.move(minutes=61)
    accept(desk, NORMAL, "normal")
    desk.clock.move(minutes=61)
    accept(desk, HIGH, "high")
    assert work(desk) == ["low", "normal", "high"]


def test_a_stream_of_urgent_scans_starves_nobody(desk: Office) -> None:
    accept(desk, LOW, "low")
    for number in range(30):
        accept(desk, HIGH, f"high {number}")
        desk.clock.move(minutes=10)
        scan_id, queue = desk.queue.sent.pop(0)
        desk.scans.run(scan_id, worker="w", queue=queue)
    assert 10 <= desk.engine.seen.index("low") <= 14


def test_every_scan_runs_where_the_one_that_a_message_names_is_gone(desk: Office) -> None:
    """Its message was the one that stood for the scan whose own message woke somebody else."""
    kept, gone = accept(desk, NORMAL, "kept"), accept(desk, HIGH, "gone")
    (first, queue), (second, _) = desk.queue.sent
    desk.scans.run(first, worker="w", queue=queue)
    assert desk.engine.seen == ["gone"]
    desk.scans.delete(gone.id)
    desk.scans.run(second, worker="w", queue=queue)
    assert desk.scans.get(kept.id).state is State.DONE


def test_one_that_can_never_run_does_not_keep_the_others_from_running(desk: Office) -> None:
    def away(progress: Listener) -> None:
        if desk.engine.seen[-1] == "stuck":
            raise StorageUnavailable("the disk of this one is away")

    desk.engine.during = away
    accept(desk, HIGH, "stuck")
    accept(desk, NORMAL, "next")
    assert work(desk) == ["stuck", "next"]
    assert desk.scans.reconcile().sent == 1
    assert work(desk) == ["stuck", "next", "stuck"]
