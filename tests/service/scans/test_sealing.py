"""Sealed bytes come back whole or not at all, and a store never sees them as they are."""

import io
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from service.db.lifecycle import BlobKey
from service.errors import BlobChanged, BlobMissing
from service.scans.sealing import (
    MARK,
    RECORD_BYTES,
    appender,
    in_memory,
    new_secret,
    opened,
    writer,
)
from service.storage.folder import FolderStore
from service.storage.protocol import new_key

PHRASE: Final = b"a phrase that nobody writes by accident. "
CONTENT: Final = PHRASE * 20_000  # a little more than three records
SECRET: Final = new_secret()


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    return FolderStore(tmp_path / "blobs")


def put(store: FolderStore, content: bytes = CONTENT) -> BlobKey:
    sealing = writer(store, "t", SECRET)
    for start in range(0, len(content), 100_000):
        sealing.write(content[start : start + 100_000])
    return sealing.commit()


def lies_at(store: FolderStore, key: BlobKey) -> Path:
    name = key.partition("/")[2]
    return store._folder / "t" / name[:2] / name


def files(store: FolderStore) -> Iterator[bytes]:
    return (path.read_bytes() for path in store._folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    "size", [1, RECORD_BYTES - 1, RECORD_BYTES, RECORD_BYTES + 1, 2 * RECORD_BYTES]
)
def test_what_is_sealed_comes_back(store: FolderStore, size: int) -> None:
    content = secrets.token_bytes(size)
    key = put(store, content)
    with opened(store, key, SECRET) as file:
        assert file.read() == content
    few = size < 16  # a single byte is among random ones by chance
    assert few or content not in lies_at(store, key).read_bytes()


def test_nothing_readable_reaches_the_store_at_any_moment(store: FolderStore) -> None:
    sealing = writer(store, "t", SECRET)
    for _ in range(4):
        sealing.write(CONTENT)
        assert all(PHRASE not in found for found in files(store))
    for _ in range(2):
        with sealing.reopen() as file:
            assert file.read() == 4 * CONTENT
    with opened(store, sealing.commit(), SECRET) as file:
        assert file.read() == 4 * CONTENT
    assert all(PHRASE not in found for found in files(store))


def test_any_place_can_be_read(store: FolderStore) -> None:
    key = put(store)
    with opened(store, key, SECRET) as file:
        for at in (0, 1, RECORD_BYTES - 3, RECORD_BYTES, len(CONTENT) - 5, len(CONTENT) + 5):
            file.seek(at)
            assert file.read(10) == CONTENT[at : at + 10]
        assert file.seek(-7, os.SEEK_END) == len(CONTENT) - 7
        assert file.read() == CONTENT[-7:]


def test_the_copy_in_memory_is_a_file_without_a_place_on_disk(store: FolderStore) -> None:
    with in_memory(opened(store, put(store), SECRET)) as file:
        assert file.read() == CONTENT
        assert Path(f"/proc/self/fd/{file.fileno()}").readlink().name.startswith("memfd:")


def test_another_secret_opens_nothing(store: FolderStore) -> None:
    key = put(store)
    with pytest.raises(BlobChanged):
        opened(store, key, new_secret())


RECORD: Final = RECORD_BYTES + 4 + 12 + 16
FIRST: Final = slice(len(MARK), len(MARK) + RECORD)
SECOND: Final = slice(len(MARK) + RECORD, len(MARK) + 2 * RECORD)


def _flipped(sealed: bytearray) -> bytes:
    sealed[FIRST.start + 1000] ^= 1
    return bytes(sealed)


def _swapped(sealed: bytearray) -> bytes:
    return bytes(sealed[: FIRST.start] + sealed[SECOND] + sealed[FIRST] + sealed[SECOND.stop :])


def _left_out(sealed: bytearray) -> bytes:
    return bytes(sealed[: FIRST.start] + sealed[SECOND.start :])


def _twice(sealed: bytearray) -> bytes:
    return bytes(sealed[: FIRST.stop] + sealed[FIRST] + sealed[SECOND.stop :])


def _cut_between(sealed: bytearray) -> bytes:
    return bytes(sealed[: SECOND.stop])


def _cut_within(sealed: bytearray) -> bytes:
    return bytes(sealed[:-1])


def _declared_last(sealed: bytearray) -> bytes:
    """Cut between two records, the one before called the last."""
    sealed[SECOND.start] |= 0x80
    return bytes(sealed[: SECOND.stop])


def _emptied(_sealed: bytearray) -> bytes:
    return b""


@pytest.mark.parametrize(
    "change",
    [
        _flipped,
        _swapped,
        _left_out,
        _twice,
        _cut_between,
        _cut_within,
        _declared_last,
        _emptied,
    ],
)
def test_sealed_bytes_that_were_changed_do_not_open(
    store: FolderStore, change: Callable[[bytearray], bytes]
) -> None:
    key = put(store)
    path = lies_at(store, key)
    path.write_bytes(change(bytearray(path.read_bytes())))
    with pytest.raises(BlobChanged), opened(store, key, SECRET) as file:
        file.read()


def test_the_same_content_never_looks_the_same(store: FolderStore) -> None:
    first, second = (lies_at(store, put(store)).read_bytes() for _ in range(2))
    assert first[FIRST] != second[FIRST]


def append(store: FolderStore, key: BlobKey, at: int, piece: bytes, size: int | None) -> None:
    with closing(appender(store, key, SECRET, size)) as appending:
        appending.begin(at)
        appending.write(piece)
        appending.sync()


def test_pieces_of_any_length_become_one_sealed_content(store: FolderStore) -> None:
    key, at = new_key("t"), 0
    for length in (5, 300_000, 1, RECORD_BYTES, len(CONTENT)):
        append(store, key, at, CONTENT[at : at + length], len(CONTENT))
        at = min(at + length, len(CONTENT))
        assert all(PHRASE not in found for found in files(store))
    store.seal(key)
    with opened(store, key, SECRET) as file:
        assert file.read() == CONTENT


def test_what_a_killed_request_left_behind_the_durable_bytes_is_void(store: FolderStore) -> None:
    key = new_key("t")
    append(store, key, 0, CONTENT[:1000], None)
    append(store, key, 1000, b"never recorded" * 50_000, None)
    append(store, key, 1000, CONTENT[1000:], len(CONTENT))
    store.seal(key)
    with opened(store, key, SECRET) as file:
        assert file.read() == CONTENT


def test_a_size_that_is_said_after_the_last_piece_closes_the_content(store: FolderStore) -> None:
    key = new_key("t")
    append(store, key, 0, CONTENT, None)
    store.seal(key)
    with pytest.raises(BlobChanged):
        opened(store, key, SECRET)
    lies_at(store, key).rename(lies_at(store, key).with_suffix(".part"))
    append(store, key, len(CONTENT), b"", len(CONTENT))
    store.seal(key)
    with opened(store, key, SECRET) as file:
        assert file.read() == CONTENT


def test_bytes_that_are_not_there_cannot_be_gone_on_from(store: FolderStore) -> None:
    key = new_key("t")
    append(store, key, 0, b"12345", None)
    with closing(appender(store, key, SECRET, None)) as appending, pytest.raises(BlobMissing):
        appending.begin(4)


def test_without_a_secret_bytes_lie_as_they_came(store: FolderStore) -> None:
    plain = writer(store, "t", None)
    plain.write(CONTENT)
    key = plain.commit()
    assert lies_at(store, key).read_bytes() == CONTENT
    with opened(store, key, None) as file:
        assert io.BytesIO(file.read()).getvalue() == CONTENT
