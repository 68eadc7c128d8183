"""What every store does, whether a folder, a bucket of S3 or a container of Azure."""

import os
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.db.lifecycle import BlobKey
from service.errors import BlobMissing, UploadBusy
from service.storage.bucket import PART_BYTES
from service.storage.opening import open_store
from service.storage.protocol import BlobStore, new_key, put, read
from tests.service.azure import Container
from tests.service.buckets import S3Bucket

NOW = datetime.now(UTC)
TOMORROW = NOW + timedelta(days=1)
A_MINUTE_AGO = NOW - timedelta(minutes=1)
LONG = os.urandom(2 * PART_BYTES + 12_345)


@dataclass
class Shelf:
    """A store, and all that lies in it, finished or not."""

    store: BlobStore
    everything: Callable[[], list[str]]


@pytest.fixture(params=["folder", "bucket", "container"])
def shelf(request: pytest.FixtureRequest, tmp_path: Path) -> Shelf:
    if request.param == "folder":
        store = open_store(str(tmp_path))
        return Shelf(store, lambda: [str(it) for it in tmp_path.rglob("*") if it.is_file()])
    if request.param == "container":
        container: Container = request.getfixturevalue("container")
        return Shelf(open_store(container.url), container.names)
    bucket: S3Bucket = request.getfixturevalue("bucket")
    return Shelf(open_store(bucket.url), lambda: bucket.names() + bucket.unfinished())


@pytest.fixture
def store(shelf: Shelf) -> BlobStore:
    return shelf.store


def grown(store: BlobStore, *pieces: bytes) -> BlobKey:
    """An unsealed blob, each piece of which was sent by a request of its own."""
    key, at = new_key("default"), 0
    for piece in pieces:
        with closing(store.appender(key)) as appender:
            appender.begin(at)
            appender.write(piece)
            appender.sync()
        at += len(piece)
    return key


@pytest.mark.parametrize("data", [b"some bytes", LONG], ids=["short", "of several parts"])
def test_what_was_put_is_read_back(store: BlobStore, data: bytes) -> None:
    key = put(store, "default", data)
    assert read(store, key) == data
    with store.open(key) as file:
        assert file.read() == data


def test_an_opened_blob_is_a_file_that_another_process_can_be_given(store: BlobStore) -> None:
    with store.open(put(store, "default", b"evidence")) as file:
        assert os.pread(file.fileno(), 100, 0) == b"evidence"


def test_a_reader_goes_to_any_place(store: BlobStore) -> None:
    with store.reader(put(store, "default", LONG)) as file:
        assert file.seek(-10, os.SEEK_END) == len(LONG) - 10
        assert file.read() == LONG[-10:]
        file.seek(PART_BYTES - 5)
        assert file.read(10) == LONG[PART_BYTES - 5 : PART_BYTES + 5]
        file.seek(0)
        assert b"".join(iter(lambda: file.read(1_000_000), b"")) == LONG


def test_nothing_is_visible_before_the_commit(store: BlobStore) -> None:
    writer = store.writer("default")
    writer.write(b"half")
    assert list(store.older_than(A_MINUTE_AGO)) == []
    assert read(store, writer.commit()) == b"half"


@pytest.mark.parametrize("data", [b"half", LONG], ids=["short", "of several parts"])
def test_an_aborted_write_leaves_nothing(shelf: Shelf, data: bytes) -> None:
    writer = shelf.store.writer("default")
    writer.write(data)
    writer.abort()
    assert shelf.everything() == []


def test_a_write_that_was_looked_at_can_still_be_aborted_or_committed(shelf: Shelf) -> None:
    for end in ("abort", "commit"):
        writer = shelf.store.writer("default")
        writer.write(LONG)
        with writer.reopen() as file:
            assert file.read() == LONG
        getattr(writer, end)()
        assert len(shelf.everything()) == (end == "commit")


def test_two_blobs_of_the_same_bytes_are_deleted_apart(store: BlobStore) -> None:
    first, second = (put(store, "default", b"same") for _ in range(2))
    assert first != second
    store.delete(first)
    for opened in (store.open, store.reader):
        with pytest.raises(BlobMissing):
            opened(first)
    assert read(store, second) == b"same"


def test_an_opened_blob_is_read_though_it_is_deleted_meanwhile(store: BlobStore) -> None:
    key = put(store, "default", b"evidence")
    with store.open(key) as file:
        store.delete(key)
        assert file.read() == b"evidence"


def test_deleting_twice_is_no_error(store: BlobStore) -> None:
    key = put(store, "default", b"x")
    store.delete(key)
    store.delete(key)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "default/../../x", "/etc/passwd", "default/ab"]
)
def test_a_key_cannot_lead_out_of_the_store(store: BlobStore, key: str) -> None:
    for asked in (store.open, store.reader, store.delete, store.appender, store.seal):
        with pytest.raises(BlobMissing):
            asked(BlobKey(key))


def test_the_key_names_the_tenant(store: BlobStore) -> None:
    assert put(store, "newsroom-1", b"x").startswith("newsroom-1/")


def test_old_blobs_are_listed_sealed_or_not(store: BlobStore) -> None:
    keys = {put(store, "default", b"finished"), grown(store, b"un", b"finished")}
    assert set(store.older_than(TOMORROW)) == keys
    assert list(store.older_than(A_MINUTE_AGO)) == []


def test_pieces_become_one_blob(shelf: Shelf) -> None:
    key = grown(shelf.store, b"a", LONG, b"z")
    with pytest.raises(BlobMissing):
        shelf.store.open(key)
    for _ in range(2):
        shelf.store.seal(key)
        assert read(shelf.store, key) == b"a" + LONG + b"z"
    assert len(shelf.everything()) == 1
    with pytest.raises(UploadBusy):
        shelf.store.appender(key)


@pytest.mark.parametrize("at", [0, 3, 4, 7])
def test_what_lies_behind_the_offset_is_void(store: BlobStore, at: int) -> None:
    key = grown(store, b"0123", b"4567")
    with closing(store.appender(key)) as appender:
        appender.begin(at)
        appender.write(b"new")
        with appender.reopen() as file:
            assert file.read() == b"01234567"[:at] + b"new"


def test_nobody_goes_on_behind_bytes_that_are_not_there(store: BlobStore) -> None:
    key = grown(store, b"0123")
    with closing(store.appender(key)) as appender, pytest.raises(BlobMissing):
        appender.begin(5)


def test_one_appends_at_a_time(store: BlobStore) -> None:
    key = new_key("default")
    with closing(store.appender(key)) as first:
        first.begin(0)
        with pytest.raises(UploadBusy):
            store.appender(key)
    store.appender(key).close()


def test_an_unsealed_blob_is_deleted_too(shelf: Shelf) -> None:
    shelf.store.delete(grown(shelf.store, b"0123", b"4567"))
    assert shelf.everything() == []


def test_deleting_under_an_appender_leaves_nothing_of_what_was_there(shelf: Shelf) -> None:
    key = new_key("default")
    with closing(shelf.store.appender(key)) as appender:
        appender.begin(0)
        appender.write(b"0123")
        appender.sync()
        shelf.store.delete(key)
    assert shelf.everything() == []


def test_a_store_that_takes_files_says_so(shelf: Shelf) -> None:
    assert shelf.store.usable()
    assert shelf.store.roomy()
    assert shelf.everything() == []
