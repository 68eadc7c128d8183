from datetime import UTC, datetime, timedelta
from pathlib import Path

from service.storage.folder import FolderStore
from service.storage.protocol import put


def test_abandoned_writes_are_removed_and_fresh_ones_are_not(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    key = put(store, "default", b"finished")
    abandoned = store.writer("default")
    abandoned.write(b"unfinished")
    assert list(store.older_than(datetime.now(UTC) - timedelta(minutes=1))) == []
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 2
    assert list(store.older_than(datetime.now(UTC) + timedelta(days=1))) == [key]
    assert len([path for path in tmp_path.rglob("*") if path.is_file()]) == 1
    abandoned.abort()


def test_a_folder_that_vanished_is_not_usable(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    assert store.usable()
    (tmp_path / "incoming").rmdir()
    assert not store.usable()
