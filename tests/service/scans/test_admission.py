import io
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.access.meter import Allowance, Meter, Quotas
from service.access.principal import Principal
from service.access_errors import TooManyInFlight
from service.analysis.source import DEFAULT_TENANT
from service.db.engine import Database
from service.db.lifecycle import Scan, State
from service.db.trail import acting
from service.scans.intake import Received, receive_all
from service.scans.queue import Broker
from tests.service.office import PICTURE, Office, office


@pytest.fixture
def desk(tmp_path: Path, database: Database, broker: Broker) -> Office:
    return office(database, tmp_path / "blobs", broker)


def test_uploads_of_many_at_the_same_time_become_scans_messages_and_lines_of_their_senders(
    desk: Office,
) -> None:
    def send(number: int) -> Scan:
        with acting(f"key:{number % 3}"):
            return desk.accept(f"{number}.jpg")

    with ThreadPoolExecutor(12) as pool:
        accepted = list(pool.map(send, range(48)))
    assert [scan.name for scan in accepted] == [f"{number}.jpg" for number in range(48)]
    assert [desk.scans.get(scan.id) for scan in accepted] == accepted
    assert sorted(desk.queue.sent) == sorted((scan.id, "image") for scan in accepted)
    desk.scans.reconcile()
    actors = {line.object: line.actor for line in desk.scans.log()}
    assert actors == {f"scan:{it.id}": f"key:{no % 3}" for no, it in enumerate(accepted)}


def test_uploads_that_come_while_the_broker_is_away_are_rung_for_later(desk: Office) -> None:
    desk.queue.broken = True
    with ThreadPoolExecutor(8) as pool:
        accepted = list(pool.map(lambda _: desk.accept(), range(16)))
    assert {scan.state for scan in accepted} == {State.QUEUED}
    desk.queue.broken = False
    desk.scans.reconcile()
    assert Counter(scan for scan, _ in desk.queue.sent) == Counter(scan.id for scan in accepted)


def test_of_uploads_at_the_same_time_as_many_are_taken_as_may_wait(desk: Office) -> None:
    meter = Meter(Quotas(scans_in_flight=7), lambda _tenant: None)
    key = Principal(tenant=DEFAULT_TENANT, actor="key:one", scopes=frozenset())
    scans = desk.scans.of(DEFAULT_TENANT, Allowance(meter, key))
    received = [receive_all(io.BytesIO(PICTURE), scans.receive("a.jpg")) for _ in range(24)]

    def send(one: Received) -> bool:
        try:
            scans.accept(one)
        except TooManyInFlight:
            return False
        return True

    with ThreadPoolExecutor(12) as pool:
        assert sum(pool.map(send, received)) == 7
    assert len(desk.scans.list().items) == len(desk.queue.sent) == desk.blobs() == 7
