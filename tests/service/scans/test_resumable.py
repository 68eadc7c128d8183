"""Files that arrive in pieces, on both databases: nothing is lost, nothing counts twice."""

import base64
import hashlib
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.base import Kind
from service.db.engine import Database
from service.db.lifecycle import State, UploadState
from service.errors import (
    BlobMissing,
    ChecksumDiffers,
    EmptyFile,
    FileTooLarge,
    InvalidRequest,
    Sha256Differs,
    StorageFull,
    UnsupportedKind,
    UploadBusy,
    UploadFailed,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetDiffers,
    UploadUsed,
)
from service.scans import resumable
from service.scans.queue import Broker
from service.scans.resumable import Uploads
from service.storage.folder import FolderStore
from service.storage.protocol import new_key
from tests.service.office import LIMITS, PICTURE, Office, office

SHA256 = hashlib.sha256(PICTURE).hexdigest()
HALF = len(PICTURE) // 2


@pytest.fixture
def desk(database: Database, broker: Broker, tmp_path: Path) -> Office:
    return office(database, tmp_path / "blobs", broker)


@pytest.fixture
def uploads(desk: Office) -> Uploads:
    return uploads_of(desk)


def uploads_of(desk: Office, *, store: FolderStore | None = None) -> Uploads:
    return Uploads(
        database=desk.database,
        store=store or desk.store,
        limits=LIMITS,
        patience=timedelta(days=1),
        now=desk.clock,
    )


def begun(uploads: Uploads, *, sha256: str | None = None, name: str = "photo.jpg") -> str:
    return uploads.begin(name, size=len(PICTURE), sha256=sha256).id


def send(uploads: Uploads, upload_id: str, at: int, data: bytes) -> None:
    with uploads.append(upload_id, at=at) as appending:
        appending.write(data)
        appending.finish()


def test_pieces_become_a_scan_of_exactly_the_bytes_that_were_sent(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads, sha256=SHA256.upper())
    for at in range(0, len(PICTURE), 100):
        send(uploads, upload, at, PICTURE[at : at + 100])
    assert uploads.get(upload).state is UploadState.COMPLETE
    scan = uploads.scan(upload, desk.scans)
    assert (scan.sha256, scan.size, scan.name) == (SHA256, len(PICTURE), "photo.jpg")
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE
    assert uploads.get(upload).scan_id == scan.id


def test_a_scan_takes_the_bytes_over_without_a_copy(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE)
    (before,) = (path for path in desk.folder.rglob("*") if path.is_file())
    inode = before.stat().st_ino
    uploads.scan(upload, desk.scans)
    (after,) = (path for path in desk.folder.rglob("*") if path.is_file())
    assert after.stat().st_ino == inode


def test_what_a_broken_request_brought_counts(uploads: Uploads) -> None:
    upload = begun(uploads)
    with suppress(ConnectionError), uploads.append(upload, at=0) as appending:
        appending.write(PICTURE[:HALF])
        raise ConnectionError
    assert uploads.get(upload).received == HALF
    send(uploads, upload, HALF, PICTURE[HALF:])
    assert uploads.get(upload).sha256 == SHA256


def test_bytes_that_a_killed_process_did_not_record_are_void(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE[:HALF])
    (part,) = (path for path in desk.folder.rglob("*.part"))
    part.write_bytes(part.read_bytes() + b"written, never recorded")
    send(uploads, upload, HALF, PICTURE[HALF:])
    assert uploads.get(upload).sha256 == SHA256


def test_a_long_request_is_recorded_while_it_runs(
    uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resumable, "SYNC_BYTES", 100)
    upload = begun(uploads)
    with uploads.append(upload, at=0) as appending:
        appending.write(PICTURE[:150])
        assert uploads.get(upload).received == 150
        appending.write(PICTURE[150:200])
        assert uploads.get(upload).received == 150


def test_recorded_bytes_that_are_missing_in_the_store_are_named(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE[:HALF])
    (part,) = (path for path in desk.folder.rglob("*.part"))
    part.write_bytes(b"")
    with pytest.raises(BlobMissing):
        uploads.append(upload, at=HALF)


def test_a_service_killed_before_its_last_look_makes_up_for_it(
    desk: Office, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begun(uploads, sha256=SHA256)
    with monkeypatch.context() as patch:
        patch.setattr(Uploads, "check", killed)
        with pytest.raises(KeyboardInterrupt):
            send(uploads, upload, 0, PICTURE)
    assert uploads.get(upload).state is UploadState.OPEN
    assert uploads.scan(upload, desk.scans).sha256 == SHA256


def test_a_service_killed_before_it_sealed_the_bytes_makes_up_for_it(
    desk: Office, uploads: Uploads, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = begun(uploads)
    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "seal", killed)
        with pytest.raises(KeyboardInterrupt):
            send(uploads, upload, 0, PICTURE)
    assert uploads.get(upload).state is UploadState.COMPLETE
    assert uploads.scan(upload, desk.scans).sha256 == SHA256


def killed(*_arguments: object, **_named: object) -> None:
    raise KeyboardInterrupt


# --- one at a time, once ------------------------------------------------------------------------


def test_of_two_requests_at_once_one_is_refused(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    with uploads.append(upload, at=0) as appending:
        for other in (uploads, uploads_of(desk, store=FolderStore(desk.folder))):
            with pytest.raises(UploadBusy):
                other.append(upload, at=0)
        appending.write(PICTURE)
        appending.finish()
    assert uploads.get(upload).sha256 == SHA256


def test_eight_threads_that_send_the_same_piece_store_it_once(
    desk: Office, uploads: Uploads
) -> None:
    upload, ready = begun(uploads), threading.Barrier(8)
    ends: list[type[Exception] | None] = []

    def try_it() -> None:
        ready.wait()
        try:
            send(uploads, upload, 0, PICTURE)
        except (UploadBusy, UploadOffsetDiffers) as error:
            ends.append(type(error))
        else:
            ends.append(None)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ends.count(None) == 1
    assert len(ends) == 8
    assert uploads.get(upload).sha256 == SHA256


@pytest.mark.parametrize("at", [1, HALF - 1, HALF + 1])
def test_a_piece_that_does_not_go_on_where_the_last_ended_is_refused(
    uploads: Uploads, at: int
) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE[:HALF])
    with pytest.raises(UploadOffsetDiffers, match=str(HALF)):
        uploads.append(upload, at=at)


def test_a_complete_upload_takes_no_more(uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE)
    with pytest.raises(UploadOffsetDiffers):
        uploads.append(upload, at=len(PICTURE))


def test_an_upload_is_used_once(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE)
    scan = uploads.scan(upload, desk.scans)
    with pytest.raises(UploadUsed, match=scan.id):
        uploads.scan(upload, desk.scans)
    assert len(desk.scans.list().items) == 1


def test_eight_threads_make_one_scan_of_an_upload(desk: Office, uploads: Uploads) -> None:
    upload, ready = begun(uploads), threading.Barrier(8)
    send(uploads, upload, 0, PICTURE)
    refused: list[UploadUsed] = []

    def try_it() -> None:
        ready.wait()
        try:
            uploads.scan(upload, desk.scans)
        except UploadUsed as error:
            refused.append(error)

    threads = [threading.Thread(target=try_it) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == 7
    (scan,) = desk.scans.list().items
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE


def test_bytes_stay_the_uploads_when_the_scan_cannot_be_added(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE)

    def fail(*_arguments: object) -> None:
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError):
        uploads.scan(upload, desk.scans, also=fail)
    assert desk.scans.list().items == ()
    assert uploads.scan(upload, desk.scans).sha256 == SHA256


def test_an_incomplete_upload_makes_no_scan(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE[:HALF])
    with pytest.raises(UploadIncomplete, match=f"{HALF} of {len(PICTURE)}"):
        uploads.scan(upload, desk.scans)


# --- what is refused ----------------------------------------------------------------------------


def test_a_file_other_than_the_announced_one_is_refused_and_deleted(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads, sha256="0" * 64)
    with pytest.raises(Sha256Differs):
        send(uploads, upload, 0, PICTURE)
    assert desk.blobs() == 0
    failure = uploads.get(upload).failure
    assert failure is not None
    assert failure.code == "sha256_differs"
    for use in (lambda: uploads.append(upload, at=0), lambda: uploads.scan(upload, desk.scans)):
        with pytest.raises(UploadFailed, match="sha256_differs"):
            use()


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_a_piece_with_a_wrong_checksum_is_dropped_and_can_be_sent_again(
    uploads: Uploads, name: str
) -> None:
    upload = begun(uploads)
    digest = base64.b64encode(hashlib.new(name, PICTURE).digest()).decode()
    with uploads.append(upload, at=0, checksum=f"{name} {digest}") as appending:
        appending.write(PICTURE[:-1] + b"x")
        with pytest.raises(ChecksumDiffers):
            appending.finish()
    assert uploads.get(upload).received == 0
    with uploads.append(upload, at=0, checksum=f"{name} {digest}") as appending:
        appending.write(PICTURE)
        appending.finish()
    assert uploads.get(upload).sha256 == SHA256


def test_half_a_piece_with_a_checksum_does_not_count(uploads: Uploads) -> None:
    upload = begun(uploads)
    with uploads.append(upload, at=0, checksum="sha1 AAAA") as appending:
        appending.write(PICTURE[:HALF])
    assert uploads.get(upload).received == 0


@pytest.mark.parametrize("checksum", ["", "md5 AAAA", "sha1 not-base64!", "crc32"])
def test_a_checksum_that_means_nothing_is_refused_before_a_byte(
    uploads: Uploads, checksum: str
) -> None:
    with pytest.raises(InvalidRequest):
        uploads.append(begun(uploads), at=0, checksum=checksum)


def test_what_is_no_media_is_refused_with_the_first_bytes(desk: Office, uploads: Uploads) -> None:
    upload = uploads.begin("photo.jpg", size=None, sha256=None).id
    with uploads.append(upload, at=0) as appending, pytest.raises(UnsupportedKind):
        appending.write(b"MZ" + bytes(8192))
    assert desk.blobs() == 0
    assert uploads.get(upload).state is UploadState.FAILED


def test_the_limit_of_a_kind_holds_across_requests(desk: Office, database: Database) -> None:
    small = Uploads(
        database=database,
        store=desk.store,
        limits={**LIMITS, Kind.IMAGE: 6000},
        patience=timedelta(days=1),
    )
    upload = small.begin("a.jpg", size=None, sha256=None).id
    send(small, upload, 0, PICTURE[:100] + bytes(4000))
    with small.append(upload, at=4100) as appending, pytest.raises(FileTooLarge, match="image"):
        appending.write(bytes(2000))
    assert desk.blobs() == 0


def test_more_bytes_than_announced_are_refused_and_the_rest_kept(uploads: Uploads) -> None:
    upload = begun(uploads)
    with uploads.append(upload, at=0) as appending:
        appending.write(PICTURE[:HALF])
        with pytest.raises(FileTooLarge):
            appending.write(PICTURE)
    assert uploads.get(upload).received == HALF


def test_sizes_that_cannot_be_are_refused_at_once(uploads: Uploads) -> None:
    with pytest.raises(EmptyFile):
        uploads.begin("a", size=0, sha256=None)
    with pytest.raises(FileTooLarge):
        uploads.begin("a", size=max(LIMITS.values()) + 1, sha256=None)


def test_the_size_may_be_announced_late_and_once(uploads: Uploads) -> None:
    upload = uploads.begin("a.jpg", size=None, sha256=None).id
    send(uploads, upload, 0, PICTURE[:HALF])
    with pytest.raises(InvalidRequest):
        uploads.append(upload, at=HALF, size=HALF - 1)
    with uploads.append(upload, at=HALF, size=len(PICTURE)) as appending:
        appending.write(PICTURE[HALF:])
        assert appending.finish().state is UploadState.COMPLETE


def test_the_reserve_of_the_disk_is_kept(desk: Office, uploads: Uploads) -> None:
    full = uploads_of(desk, store=FolderStore(desk.folder, reserve=2**62))
    upload = begun(uploads)
    with full.append(upload, at=0) as appending, pytest.raises(StorageFull):
        appending.write(PICTURE)
    assert uploads.get(upload).received == 0


# --- whose, and how long ------------------------------------------------------------------------


def test_another_tenants_upload_is_not_there(desk: Office, uploads: Uploads) -> None:
    upload, other = begun(uploads), uploads.of("other")
    send(uploads, upload, 0, PICTURE)
    uses: tuple[Callable[[], object], ...] = (
        lambda: other.get(upload),
        lambda: other.append(upload, at=0),
        lambda: other.delete(upload),
        lambda: other.scan(upload, desk.scans.of("other")),
    )
    for use in uses:
        with pytest.raises(UploadNotFound):
            use()
    assert other.states((upload,)) == {}
    assert uploads.states((upload, "nonsense")) == {upload: UploadState.COMPLETE}


def test_an_abandoned_upload_is_deleted_with_its_bytes(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    desk.clock.move(hours=23)
    send(uploads, upload, 0, PICTURE[:HALF])
    desk.clock.move(hours=23)
    assert uploads.expire() == 0
    desk.clock.move(hours=2)
    assert uploads.expire() == 1
    assert desk.blobs() == 0
    with pytest.raises(UploadNotFound):
        uploads.get(upload)


def test_a_complete_upload_that_nobody_used_is_deleted(desk: Office, uploads: Uploads) -> None:
    send(uploads, begun(uploads), 0, PICTURE)
    desk.clock.move(hours=25)
    assert uploads.expire() == 1
    assert desk.blobs() == 0


def test_the_end_of_an_upload_is_not_the_end_of_its_scan(desk: Office, uploads: Uploads) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE)
    scan = uploads.scan(upload, desk.scans)
    desk.clock.move(hours=25)
    uploads.expire()
    desk.scans.run(scan.id, worker="w")
    assert desk.scans.get(scan.id).state is State.DONE


def test_an_upload_deleted_in_the_middle_of_a_request_stays_deleted(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads)
    appending = uploads.append(upload, at=0)
    appending.write(PICTURE[:HALF])
    uploads.delete(upload)
    with pytest.raises(UploadNotFound):
        appending.close()
    assert desk.blobs() == 0


def test_the_sweep_spares_uploads_and_takes_what_belongs_to_none(
    desk: Office, uploads: Uploads
) -> None:
    upload = begun(uploads)
    send(uploads, upload, 0, PICTURE[:HALF])
    orphan = desk.store.appender(new_key("default"))
    orphan.close()
    desk.clock.move(hours=5)
    assert desk.scans.reconcile().swept == 1
    send(uploads, upload, HALF, PICTURE[HALF:])
    desk.clock.move(hours=5)
    assert desk.scans.reconcile().swept == 0
    assert uploads.scan(upload, desk.scans).sha256 == SHA256
