from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.db.lifecycle import BlobKey
from service.errors import BlobMissing
from service.storage.folder import FolderStore
from service.storage.protocol import put, read

TOMORROW = datetime.now(UTC) + timedelta(days=1)


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path)


def test_what_was_put_is_read_back(store: FolderStore) -> None:
    assert read(store, put(store, "default", b"some bytes")) == b"some bytes"


def test_nothing_is_visible_before_the_commit(store: FolderStore) -> None:
    writer = store.writer("default")
    writer.write(b"half")
    found = list(store.older_than(datetime.now(UTC) - timedelta(days=1)))
    assert found == []
    assert read(store, writer.commit()) == b"half"


def test_an_aborted_write_leaves_nothing(store: FolderStore, tmp_path: Path) -> None:
    writer = store.writer("default")
    writer.write(b"half")
    writer.abort()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_two_blobs_of_the_same_bytes_are_deleted_apart(store: FolderStore) -> None:
    first, second = (put(store, "default", b"same") for _ in range(2))
    assert first != second
    store.delete(first)
    with pytest.raises(BlobMissing):
        store.open(first)
    assert read(store, second) == b"same"


def test_a_reader_keeps_reading_what_is_deleted_meanwhile(store: FolderStore) -> None:
    key = put(store, "default", b"evidence")
    with store.open(key) as file:
        store.delete(key)
        assert file.read() == b"evidence"


def test_deleting_twice_is_no_error(store: FolderStore) -> None:
    key = put(store, "default", b"x")
    store.delete(key)
    store.delete(key)


@pytest.mark.parametrize(
    "key", ["../../etc/passwd", "default/../../x", "/etc/passwd", "default/ab"]
)
def test_a_key_cannot_lead_out_of_the_folder(store: FolderStore, key: str) -> None:
    with pytest.raises(BlobMissing):
        store.open(BlobKey(key))


def test_the_key_names_the_tenant(store: FolderStore) -> None:
    assert put(store, "newsroom-1", b"x").startswith("newsroom-1/")


def test_old_blobs_are_found_and_abandoned_writes_removed(
    store: FolderStore, tmp_path: Path
) -> None:
    key = put(store, "default", b"finished")
    abandoned = store.writer("default")
    abandoned.write(b"unfinished")
    assert list(store.older_than(TOMORROW)) == [key]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    abandoned.abort()


def test_a_fresh_write_is_not_taken_for_abandoned(store: FolderStore) -> None:
    writer = store.writer("default")
    writer.write(b"still going")
    assert list(store.older_than(datetime.now(UTC) - timedelta(minutes=1))) == []
    assert read(store, writer.commit()) == b"still going"


def test_a_folder_that_vanished_is_not_usable(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert store.usable()
    (tmp_path / "incoming").rmdir()
    assert not store.usable()
