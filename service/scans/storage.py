"""Where uploaded files and previews lie. Keys are random: two scans of one file share nothing,
so deleting one scan deletes exactly its own bytes."""

import os
import re
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final, Protocol

from service.db.lifecycle import BlobKey
from service.errors import BlobMissing

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}/[0-9a-f]{32}")
_INCOMING: Final = "incoming"


class BlobWriter(Protocol):
    """Takes bytes; nothing is visible before `commit`, nothing is left after `abort`."""

    def write(self, data: bytes) -> int: ...

    def commit(self) -> BlobKey:
        """Make the bytes durable and readable under the key."""
        ...

    def abort(self) -> None: ...


class BlobStore(Protocol):
    """A flat store of immutable byte strings."""

    def writer(self, tenant: str) -> BlobWriter: ...

    def open(self, key: BlobKey) -> BinaryIO:
        """A seekable handle that stays readable if the blob is deleted. Raises `BlobMissing`."""
        ...

    def delete(self, key: BlobKey) -> None:
        """Delete; a blob that is gone already is no error."""
        ...

    def older_than(self, moment: datetime) -> Iterator[BlobKey]:
        """Keys written before `moment`. Unfinished writes of that age are removed on the way."""
        ...

    def usable(self) -> bool:
        """Whether a write would succeed."""
        ...


class FolderStore:
    """Blobs as files: `<tenant>/<2 hex>/<32 hex>`, written beside and renamed into place."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        (folder / _INCOMING).mkdir(parents=True, exist_ok=True)

    def writer(self, tenant: str) -> "FolderWriter":
        key = BlobKey(f"{tenant}/{secrets.token_hex(16)}")
        return FolderWriter(key, self._folder / _INCOMING / secrets.token_hex(16), self._path(key))

    def open(self, key: BlobKey) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(f"blob {key} is gone") from error

    def delete(self, key: BlobKey) -> None:
        self._path(key).unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> Iterator[BlobKey]:
        limit = moment.timestamp()
        for path in (self._folder / _INCOMING).iterdir():
            if _written_before(path, limit):
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*/??/*"):
            if _written_before(path, limit):
                yield BlobKey(f"{path.parent.parent.name}/{path.name}")

    def usable(self) -> bool:
        return os.access(self._folder / _INCOMING, os.W_OK | os.X_OK)

    def _path(self, key: BlobKey) -> Path:
        if not _KEY.fullmatch(key):
            raise BlobMissing(f"{key!r} is not a blob key")
        tenant, _, name = key.partition("/")
        return self._folder / tenant / name[:2] / name


class FolderWriter:
    """One blob on its way into a `FolderStore`."""

    def __init__(self, key: BlobKey, incoming: Path, final: Path) -> None:
        self._key = key
        self._incoming = incoming
        self._final = final
        self._file = incoming.open("xb")

    def write(self, data: bytes) -> int:
        return self._file.write(data)

    def commit(self) -> BlobKey:
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        self._final.parent.mkdir(parents=True, exist_ok=True)
        self._incoming.rename(self._final)
        for folder in (self._final.parent, self._final.parent.parent):
            _sync_folder(folder)
        return self._key

    def abort(self) -> None:
        self._file.close()
        self._incoming.unlink(missing_ok=True)


def read(store: BlobStore, key: BlobKey) -> bytes:
    """The whole blob. Raises `BlobMissing`."""
    with store.open(key) as file:
        return file.read()


def put(store: BlobStore, tenant: str, data: bytes) -> BlobKey:
    """Store a small blob at once."""
    writer = store.writer(tenant)
    try:
        writer.write(data)
        return writer.commit()
    except BaseException:
        writer.abort()
        raise


def _written_before(path: Path, limit: float) -> bool:
    try:
        return path.stat().st_mtime < limit
    except FileNotFoundError:
        return False


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
