import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import pytest

from service.db.lifecycle import BlobKey
from service.errors import StorageUnavailable
from service.storage import folder
from service.storage.folder import FolderStore
from service.storage.protocol import put, read


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


def test_a_folder_that_somebody_removed_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, keys = FolderStore(tmp_path), iter([f"default/{31 * 'a'}{last}" for last in "01"])
    monkeypatch.setattr(folder, "new_key", lambda _tenant: BlobKey(next(keys)))
    store.delete(put(store, "default", b"x"))
    (tmp_path / "default" / "aa").rmdir()
    assert read(store, put(store, "default", b"again")) == b"again"


def test_a_file_that_cannot_be_put_in_its_place_leaves_nothing(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    (tmp_path / "default").write_text("a file where the folder should be")
    with pytest.raises(StorageUnavailable):
        put(store, "default", b"x")
    assert list((tmp_path / "incoming").iterdir()) == []


PROBING: Final = """
import sys
from pathlib import Path
from typing import Final
from service.storage.folder import FolderStore

store = FolderStore(Path(sys.argv[1]))
print("ready", flush=True)
while store.roomy():
    pass
"""


def test_a_process_killed_while_it_asks_for_room_leaves_nothing_behind(tmp_path: Path) -> None:
    for pause in range(10):
        with subprocess.Popen(
            [sys.executable, "-c", PROBING, str(tmp_path)], stdout=subprocess.PIPE
        ) as asking:
            assert asking.stdout is not None
            asking.stdout.readline()
            time.sleep(0.01 * pause)
            asking.kill()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
