"""Zero retention: bytes lie sealed while the scan waits and runs, and are gone when it ends."""

import io
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest

from provenance.similarity.store import FILE
from service.analysis.progress import Listener
from service.db.batch_lifecycle import NewItem
from service.db.engine import Database
from service.db.lifecycle import Scan, State
from service.db.models import ScanRow
from service.db.retention_lifecycle import OwnRetention, Part
from service.db.upload_tables import UploadRow
from service.errors import StorageUnavailable, UploadNotFound
from service.reporting.receipt import Because, Item
from service.reporting.report import Profile
from service.scans.asked import Asked, Reuse
from service.scans.batches import Batches
from service.scans.index_entries import IndexEntries
from service.scans.intake import Receiver, receive_all
from service.scans.queue import Broker
from service.scans.resumable import Uploads
from tests.service.office import LIMITS, PICTURE, Office, office
from tests.service.scans.test_retention import Describing, everything

TRACE: Final = PICTURE[20:60]
"""A stretch of the file that nothing else has."""


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    made = office(database, tmp_path / "blobs", broker)
    made.engine = Describing(during=lambda _progress: sealed(made))
    known = IndexEntries(tmp_path / "index", adds=True)
    made.scans = made.beside(pipeline=made.engine, known=known)
    made.scans.retention.put(OwnRetention(zero=True))
    return made


def sealed(desk: Office) -> None:
    """The file is stored, and can be read nowhere."""
    assert desk.blobs() > 0
    assert TRACE not in everything(desk.folder.parent)


def assert_gone(desk: Office, scan: Scan) -> None:
    """Nothing is stored, neither can it be opened any more, and the receipt says so."""
    assert desk.blobs() == 0
    assert not (desk.folder.parent / "index" / FILE).exists()
    with desk.database.read() as session:
        row = session.get_one(ScanRow, scan.id)
        assert (row.secret, row.blob, row.preview) == (None, None, None)
    (signed,) = desk.scans.receipts(scan.id)
    (file,) = signed.receipt.removed
    assert (file.item, file.sha256, file.size) == (Item.FILE, scan.sha256, len(PICTURE))
    assert signed.receipt.because is Because.RETENTION
    assert desk.scans.get(scan.id).gone == (Part.BYTES,)


def crash(_progress: Listener) -> None:
    raise ZeroDivisionError("a bug")


def test_a_scan_that_is_done_leaves_its_report_alone(desk: Office) -> None:
    scan = desk.accept()
    sealed(desk)
    with desk.database.read() as session:
        assert len(session.get_one(ScanRow, scan.id).secret or b"") == 32
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.report(scan.id)
    assert desk.engine.seen == ["photo.jpg"]
    assert_gone(desk, scan)


def test_a_scan_that_is_cancelled_leaves_nothing(desk: Office) -> None:
    scan = desk.accept()
    desk.scans.cancel(scan.id)
    assert_gone(desk, scan)


def test_a_scan_that_is_cancelled_while_it_runs_leaves_nothing(desk: Office) -> None:
    scan = desk.accept()
    desk.engine.during = lambda _progress: desk.scans.cancel(scan.id)
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.CANCELLED
    assert_gone(desk, scan)


def test_a_scan_that_crashes_every_time_leaves_nothing(desk: Office) -> None:
    scan = desk.accept()
    desk.engine.during = crash
    for _ in range(3):
        sealed(desk)
        with suppress(ZeroDivisionError):
            desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.FAILED
    assert_gone(desk, scan)


def test_a_scan_whose_workers_all_die_leaves_nothing(desk: Office) -> None:
    scan = desk.accept()
    for _ in range(3):
        sealed(desk)
        desk.scans._rows.take(
            scan.id,
            token="dead",
            worker="dead",
            now=desk.clock(),
            until=desk.clock() + timedelta(seconds=60),
            most=3,
        )
        desk.clock.move(seconds=61)
        desk.scans.reconcile()
    assert desk.scans.get(scan.id).state is State.FAILED
    assert_gone(desk, scan)


def test_a_worker_that_died_leaves_the_sealed_file_to_the_next(desk: Office) -> None:
    scan = desk.accept()
    desk.scans._rows.take(
        scan.id,
        token="dead",
        worker="dead",
        now=desk.clock(),
        until=desk.clock() + timedelta(seconds=60),
        most=3,
    )
    desk.clock.move(seconds=61)
    desk.scans.reconcile()
    desk.scans.run(scan.id, worker="alive")
    assert desk.scans.get(scan.id).state is State.DONE
    assert_gone(desk, scan)


def test_a_storage_that_is_away_at_the_end_is_asked_again(
    desk: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = desk.accept()

    def away(_key: str) -> None:
        raise StorageUnavailable("the storage is away")

    with monkeypatch.context() as broken:
        broken.setattr(desk.store, "delete", away)
        desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert desk.scans.receipts(scan.id) == ()
    sealed(desk)
    desk.scans.reconcile()
    assert_gone(desk, scan)


def test_a_clock_that_was_set_back_keeps_nothing_longer(desk: Office) -> None:
    scan = desk.accept()
    desk.clock.move(hours=-5)
    desk.scans.run(scan.id, worker="w")
    assert_gone(desk, scan)


def test_whoever_sent_a_file_under_it_is_kept_the_promise(desk: Office) -> None:
    scan = desk.accept()
    desk.scans.retention.put(OwnRetention())
    desk.scans.run(scan.id, worker="w")
    assert_gone(desk, scan)


def test_it_takes_what_earlier_scans_left_behind(desk: Office) -> None:
    desk.scans.retention.put(OwnRetention())
    desk.engine.during = lambda _progress: None
    scan = desk.done()
    assert desk.blobs() == 2
    desk.scans.retention.put(OwnRetention(zero=True))
    desk.scans.reconcile()
    assert desk.blobs() == 0
    (signed,) = desk.scans.receipts(scan.id)
    removed = {one.item for one in signed.receipt.removed}
    assert removed == {Item.FILE, Item.PREVIEW, Item.INDEX_ENTRY}
    assert desk.scans.report(scan.id)


def test_an_analysis_that_is_repeated_leaves_nothing_either(desk: Office) -> None:
    desk.scans.retention.put(OwnRetention())
    desk.engine.during = lambda _progress: None
    desk.engine.pins = "pins"
    desk.scans.beat("w", ("image",), "pins")
    first = desk.done()
    desk.scans.retention.put(OwnRetention(zero=True))
    received = receive_all(io.BytesIO(PICTURE), desk.scans.receive("again.jpg"))
    scan = desk.scans.accept(received, asked=Asked(reuse=Reuse.ALLOWED))
    assert scan.state is State.DONE
    assert desk.scans.report(scan.id).reused is not None
    desk.scans.reconcile()
    assert len(desk.scans.receipts(first.id)) == 1
    with desk.database.read() as session:
        assert session.get_one(ScanRow, scan.id).preview is None
    (signed,) = desk.scans.receipts(scan.id)
    assert {one.item for one in signed.receipt.removed} == {Item.FILE}
    assert desk.blobs() == 0


def test_an_upload_that_breaks_off_leaves_nothing(desk: Office) -> None:
    receiver = desk.scans.receive("a.jpg")
    receiver.write(PICTURE)
    sealed(desk)
    receiver.abort()
    assert desk.blobs() == 0


@pytest.fixture
def uploads(desk: Office) -> Uploads:
    return Uploads(
        database=desk.database,
        store=desk.store,
        limits=LIMITS,
        patience=timedelta(days=1),
        now=desk.clock,
    )


def send(desk: Office, uploads: Uploads, upload_id: str, *, to: int = len(PICTURE)) -> None:
    """Send what is missing in pieces of odd lengths."""
    at = uploads.get(upload_id).received
    while at < to:
        piece = PICTURE[at : min(at + 777, to)]
        with uploads.append(upload_id, at=at) as appending:
            appending.write(piece)
            appending.finish()
        at += len(piece)
        sealed(desk)


def test_a_file_in_pieces_is_sealed_from_the_first_piece_on(desk: Office, uploads: Uploads) -> None:
    upload = uploads.begin("a.jpg", size=len(PICTURE), sha256=None)
    send(desk, uploads, upload.id)
    scan = uploads.scan(upload.id, desk.scans)
    with desk.database.read() as session:
        assert session.get_one(UploadRow, upload.id).secret is None
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert_gone(desk, scan)


def test_a_size_that_is_said_last_completes_a_sealed_upload(desk: Office, uploads: Uploads) -> None:
    upload = uploads.begin("a.jpg", size=None, sha256=None)
    send(desk, uploads, upload.id)
    with uploads.append(upload.id, at=len(PICTURE), size=len(PICTURE)) as appending:
        appending.finish()
    scan = uploads.scan(upload.id, desk.scans)
    desk.scans.run(scan.id, worker="w")
    assert_gone(desk, scan)


def test_a_sealed_upload_killed_before_its_check_is_checked_by_whoever_asks(
    desk: Office, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = uploads.begin("a.jpg", size=None, sha256=None)
    send(desk, uploads, upload.id)
    with monkeypatch.context() as killed:
        killed.setattr(uploads, "check", lambda *_: (_ for _ in ()).throw(SystemExit))
        with (
            pytest.raises(SystemExit),
            uploads.append(upload.id, at=len(PICTURE), size=len(PICTURE)) as appending,
        ):
            appending.finish()
    scan = uploads.scan(upload.id, desk.scans)
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE


@pytest.mark.parametrize("given_up", ["expired", "deleted"])
def test_an_upload_in_pieces_that_is_given_up_leaves_nothing(
    desk: Office, uploads: Uploads, given_up: str
) -> None:
    upload = uploads.begin("a.jpg", size=len(PICTURE), sha256=None)
    send(desk, uploads, upload.id, to=1000)
    if given_up == "deleted":
        uploads.delete(upload.id)
    else:
        desk.clock.move(days=1, seconds=1)
        uploads.expire()
    assert desk.blobs() == 0
    with pytest.raises(UploadNotFound):
        uploads.get(upload.id)


@pytest.mark.parametrize("cancelled", [False, True])
def test_what_a_batch_fetches_is_sealed_too_and_goes_with_its_end(
    desk: Office, uploads: Uploads, *, cancelled: bool
) -> None:
    def fetch(_url: str, into: Receiver) -> None:
        into.write(PICTURE)
        sealed(desk)

    batches = Batches(
        database=desk.database,
        scans=desk.scans,
        uploads=uploads,
        fetch=fetch,
        now=desk.clock,
    )
    item = NewItem(line=1, profile=Profile.FULL, url="https://example.org/a.jpg")
    batch = batches.accept([item])
    assert batches.take_in()
    (result,) = batches.results(batch.id)
    assert result.scan_id is not None
    scan = desk.scans.get(result.scan_id)
    sealed(desk)
    if cancelled:
        batches.cancel(batch.id)
    else:
        desk.scans.run(scan.id, worker="w")
    assert_gone(desk, scan)


def test_films_under_it_are_not_played(desk: Office) -> None:
    with desk.database.write() as session:
        scan = desk.accept()
        session.get_one(ScanRow, scan.id).media_type = "video/mp4"
    assert desk.scans.media(scan.id) is None
