"""Of any number of requests with one idempotency key, one makes a scan."""

import io
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from service.db.engine import Database
from service.db.idempotency import Claim, Completed, IdempotencyRows, KeyTaken
from service.db.idempotency_tables import IdempotencyRow
from service.db.lifecycle import Scan
from service.scans.idempotency import Pledge, key_in, same
from service.scans.intake import receive_all
from service.scans.queue import Broker
from service.scans.refusals import IdempotencyKeyInUse, IdempotencyKeyInvalid, IdempotencyKeyReused
from tests.service.office import PICTURE, Office, office

FINGERPRINT = "f" * 64


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def accept(desk: Office, claim: Claim) -> Scan:
    received = receive_all(io.BytesIO(PICTURE), desk.scans.receive("a.jpg"))
    return desk.scans.accept(received, also=Pledge(claim, FINGERPRINT).complete)


def claimed(desk: Office, key: str = "k") -> Claim:
    claim = desk.scans.keys.claim(key)
    assert isinstance(claim, Claim)
    return claim


def test_a_key_leads_to_the_scan_that_was_made_with_it(desk: Office) -> None:
    scan = accept(desk, claimed(desk))
    found = desk.scans.keys.claim("k")
    assert found == Completed(FINGERPRINT, scan.id)
    assert same(found, FINGERPRINT) == scan.id
    with pytest.raises(IdempotencyKeyReused):
        same(found, "0" * 64)


def test_a_key_is_in_use_until_its_request_is_over(desk: Office) -> None:
    claim = claimed(desk)
    with pytest.raises(IdempotencyKeyInUse):
        desk.scans.keys.claim("k")
    desk.scans.keys.release(claim)
    assert isinstance(desk.scans.keys.claim("k"), Claim)


def test_a_key_of_one_tenant_is_nothing_to_another(desk: Office) -> None:
    accept(desk, claimed(desk))
    assert isinstance(desk.scans.of("other").keys.claim("k"), Claim)


def test_a_claim_that_a_killed_process_left_is_taken_over_and_of_both_one_makes_a_scan(
    desk: Office,
) -> None:
    first = claimed(desk)
    desk.clock.move(seconds=31)
    second = claimed(desk)
    scan = accept(desk, second)
    with pytest.raises(KeyTaken) as taken:
        accept(desk, first)
    assert desk.scans.keys.winner(taken.value, FINGERPRINT) == scan.id
    assert [item.id for item in desk.scans.list().items] == [scan.id]
    assert desk.blobs() == 1
    desk.scans.keys.release(first)
    assert desk.scans.keys.claim("k") == Completed(FINGERPRINT, scan.id)


def test_scan_and_key_are_written_together_or_not_at_all(desk: Office) -> None:
    claim = claimed(desk)
    desk.scans.keys.release(claim)
    with pytest.raises(KeyTaken):
        accept(desk, claim)
    assert desk.scans.list().items == ()


def test_of_fifty_claims_at_once_one_succeeds(desk: Office) -> None:
    def claim(_: int) -> bool:
        try:
            return isinstance(desk.scans.keys.claim("k"), Claim)
        except IdempotencyKeyInUse:
            return False

    with ThreadPoolExecutor(50) as pool:
        assert sum(pool.map(claim, range(50))) == 1


def test_a_key_is_forgotten_after_a_day_and_swept(desk: Office) -> None:
    accept(desk, claimed(desk))
    accept(desk, claimed(desk, "other"))
    desk.clock.move(hours=25)
    assert isinstance(desk.scans.keys.claim("k"), Claim)
    desk.scans.reconcile()
    with desk.database.read() as session:
        assert [row.key for row in session.query(IdempotencyRow)] == ["k"]
    assert IdempotencyRows(desk.database).sweep(desk.clock()) == 0


def test_a_deleted_scan_keeps_its_key(desk: Office) -> None:
    """Else a late repetition would bring back what somebody deleted."""
    scan = accept(desk, claimed(desk))
    desk.scans.delete(scan.id)
    assert desk.scans.keys.claim("k") == Completed(FINGERPRINT, scan.id)


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ('"8e03978e-40d5-43e8-bc93-6894a57f9324"', "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        ("8e03978e-40d5-43e8-bc93-6894a57f9324", "8e03978e-40d5-43e8-bc93-6894a57f9324"),
        (r'"a \"b\" \\ c, d"', r'a "b" \ c, d'),
        ("x" * 255, "x" * 255),
    ],
)
def test_a_key_is_read_with_quotes_and_without(header: str, key: str) -> None:
    assert key_in([header]) == key
    assert key_in([]) is None


@pytest.mark.parametrize(
    "headers",
    [
        [""],
        ['""'],
        ["x" * 256],
        ['"open'],
        ['a"b'],
        ["a b"],
        ["a;q=1"],
        ["ä"],
        [r'"\n"'],
        ["a", "a"],
    ],
)
def test_any_other_key_is_refused(headers: list[str]) -> None:
    with pytest.raises(IdempotencyKeyInvalid):
        key_in(headers)
