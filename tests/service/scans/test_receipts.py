"""A deletion leaves nothing behind but a signed receipt that says what was removed."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from service.client import verify_report
from service.db.engine import Database
from service.db.receipts import DeletionRows
from service.db.trail import TrailRows, acting
from service.errors import ReceiptNotFound, ScanNotFound, StorageUnavailable
from service.reporting.receipt import Because, Item, SignedReceipt
from service.scans.queue import Broker
from tests.service.office import PICTURE, Office, office

NAME = "unmistakable-name-of-a-source.jpg"


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


def items(signed: SignedReceipt) -> set[Item]:
    return {one.item for one in signed.receipt.removed}


def verified(desk: Office, signed: SignedReceipt) -> str:
    document = signed.receipt.model_dump_json()
    return verify_report(document, signed.signature, desk.signer.public())


def test_a_receipt_names_everything_that_was_kept(desk: Office) -> None:
    scan = desk.done(NAME)
    with acting("key:k1"):
        signed = desk.scans.delete(scan.id)
    assert items(signed) == {Item.FILE, Item.PREVIEW, Item.REPORT, Item.RECORD}
    assert signed.receipt.actor == "key:k1"
    assert signed.receipt.because is Because.REQUEST
    file = next(one for one in signed.receipt.removed if one.item is Item.FILE)
    assert (file.sha256, file.size) == (scan.sha256, len(PICTURE))
    assert verified(desk, signed) == desk.signer.key_id
    assert desk.scans.receipt(scan.id) == signed


def test_nothing_of_a_deleted_scan_is_left_in_any_file(desk: Office, tmp_path: Path) -> None:
    scan = desk.done(NAME)
    report = desk.scans.report(scan.id).headline.encode()

    def everything() -> bytes:
        return b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    if desk.database.engine.dialect.name == "sqlite":
        assert NAME.encode() in everything()
        assert report in everything()
    assert PICTURE in everything()
    desk.scans.delete(scan.id)
    for trace in (PICTURE, NAME.encode(), report):
        assert trace not in everything()


def test_age_gives_a_receipt_too_and_a_later_deletion_keeps_it(desk: Office) -> None:
    scan = desk.done(NAME)
    desk.clock.move(days=8)
    desk.scans.expire_all()
    signed = desk.scans.receipt(scan.id)
    assert signed.receipt.because is Because.RETENTION
    assert signed.receipt.actor == "service"
    assert items(signed) == {Item.FILE, Item.PREVIEW, Item.REPORT, Item.RECORD}
    assert desk.scans.delete(scan.id) == signed


def test_a_scan_without_a_report_has_none_on_its_receipt(desk: Office) -> None:
    assert items(desk.scans.delete(desk.accept().id)) == {Item.FILE, Item.RECORD}


def test_a_deletion_cut_short_is_finished_by_the_next_round(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = desk.done(NAME)

    def away(key: str) -> None:
        raise StorageUnavailable("the storage is away")

    with monkeypatch.context() as broken:
        broken.setattr(desk.store, "delete", away)
        with pytest.raises(StorageUnavailable):
            desk.scans.delete(scan.id)
        with pytest.raises(ScanNotFound):
            desk.scans.get(scan.id)
        with pytest.raises(ReceiptNotFound):
            desk.scans.receipt(scan.id)
        desk.scans.reconcile()
        assert desk.blobs() == 2
    desk.scans.reconcile()
    assert desk.blobs() == 0
    assert verified(desk, desk.scans.receipt(scan.id))
    assert DeletionRows(desk.database).open(10) == ()


def test_another_tenant_sees_no_receipt(desk: Office) -> None:
    scan = desk.done()
    desk.scans.delete(scan.id)
    with pytest.raises(ReceiptNotFound):
        desk.scans.of("another").receipt(scan.id)


def test_a_changed_receipt_does_not_verify(desk: Office) -> None:
    signed = desk.scans.delete(desk.done().id)
    members = json.loads(signed.receipt.model_dump_json())
    members["removed_at"] = (signed.receipt.removed_at - timedelta(days=1)).isoformat()
    with pytest.raises(Exception, match="signature"):
        verify_report(json.dumps(members), signed.signature, desk.signer.public())


def test_the_log_tells_the_life_of_a_scan_without_its_name(desk: Office) -> None:
    scan = desk.done(NAME)
    desk.scans.delete(scan.id)
    desk.scans.reconcile()
    lines = list(TrailRows(desk.database).lines("default", object_=f"scan:{scan.id}"))
    assert [line.deed for line in lines] == [
        "scan.accepted",
        "scan.done",
        "scan.deleted.request",
    ]
    assert NAME not in repr(lines)
