"""Blobs as files below a folder, for one machine or a shared disk."""

import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

from service.db.lifecycle import BlobKey
from service.errors import (
    BlobMissing,
    StorageFull,
    StorageUnavailable,
    UploadBusy,
)
from service.storage.disk import on_disk
from service.storage.protocol import PROBE_BYTES, new_key, place_of

_INCOMING: Final = "incoming"
_UNSEALED: Final = ".part"


class FolderStore:
    """Blobs as files: `<tenant>/<2 hex>/<32 hex>`, written beside and renamed into place."""

    def __init__(self, folder: Path, *, reserve: int = 0) -> None:
        """`reserve` bytes stay free of uploads. Raises `OSError`."""
        self._folder = folder
        self._reserve = reserve
        self._lasting: set[Path] = set()
        (folder / _INCOMING).mkdir(parents=True, exist_ok=True)

    def writer(self, tenant: str, *, reserved: bool = False) -> "FolderWriter":
        key = new_key(tenant)
        incoming = self._folder / _INCOMING / secrets.token_hex(16)
        reserve = 0 if reserved else self._reserve
        return FolderWriter(key, incoming, self._path(key), self._prepare, reserve=reserve)

    def appender(self, key: BlobKey) -> "FolderAppender":
        return FolderAppender(self._path(key), reserve=self._reserve)

    def appended(self, key: BlobKey) -> int:
        try:
            return self._path(key).with_suffix(_UNSEALED).stat().st_size
        except FileNotFoundError:
            return 0

    def address(self, key: BlobKey, lasting: timedelta) -> None:
        """A folder is reached through the API alone."""

    def seal(self, key: BlobKey) -> None:
        path = self._path(key)
        with on_disk(), suppress(FileNotFoundError):
            path.with_suffix(_UNSEALED).rename(path)
            _sync_folder(path.parent)

    def open(self, key: BlobKey) -> BinaryIO:
        try:
            return self._path(key).open("rb")
        except FileNotFoundError as error:
            raise BlobMissing(f"blob {key} is gone") from error

    def reader(self, key: BlobKey) -> BinaryIO:
        return self.open(key)

    def delete(self, key: BlobKey) -> None:
        for path in (self._path(key), self._path(key).with_suffix(_UNSEALED)):
            path.unlink(missing_ok=True)

    def older_than(self, moment: datetime) -> Iterator[BlobKey]:
        limit = moment.timestamp()
        for path in (self._folder / _INCOMING).iterdir():
            if _written_before(path, limit):
                path.unlink(missing_ok=True)
        for path in self._folder.glob("*/??/*"):
            if _written_before(path, limit):
                yield BlobKey(f"{path.parent.parent.name}/{path.stem}")

    def usable(self) -> bool:
        return self._takes(PROBE_BYTES, keeping=self._reserve)

    def roomy(self) -> bool:
        return self._takes(PROBE_BYTES, keeping=0)

    def _takes(self, size: int, *, keeping: int) -> bool:
        incoming = self._folder / _INCOMING
        try:
            with on_disk():
                _check_room(incoming, keeping)
                # Without a name, so that a process killed at it leaves nothing behind.
                with tempfile.TemporaryFile(dir=incoming) as probe:
                    probe.write(bytes(size))
        except StorageUnavailable:
            return False
        return True

    def _prepare(self, folder: Path) -> None:
        """Make a folder of blobs that a power cut leaves; for each that is done once."""
        if folder in self._lasting and folder.is_dir():
            return
        folder.mkdir(parents=True, exist_ok=True)
        for above in (folder.parent, self._folder):
            _sync_folder(above)
        self._lasting.add(folder)

    def _path(self, key: BlobKey) -> Path:
        return self._folder / place_of(key)


class FolderWriter:
    """One blob on its way into a `FolderStore`."""

    def __init__(
        self,
        key: BlobKey,
        incoming: Path,
        final: Path,
        prepare: Callable[[Path], None],
        *,
        reserve: int,
    ) -> None:
        """`prepare` makes the folder of `final`, to last."""
        self._key = key
        self._incoming = incoming
        self._final = final
        self._prepare = prepare
        self._reserve = reserve
        with on_disk():
            _check_room(incoming.parent, reserve)
            self._file = incoming.open("xb")

    def write(self, data: bytes) -> int:
        with on_disk():
            _check_room(self._incoming.parent, self._reserve)
            return self._file.write(data)

    def commit(self) -> BlobKey:
        with on_disk():
            self._file.flush()
            self._prepare(self._final.parent)
            # Renamed first, so that one commit of a journal takes file and name. Without power in
            # between there is a file that no scan refers to, and the sweep takes it.
            self._incoming.rename(self._final)
            os.fsync(self._file.fileno())
            self._file.close()
            _sync_folder(self._final.parent)
        return self._key

    def reopen(self) -> BinaryIO:
        self._file.flush()
        return self._incoming.open("rb")

    def abort(self) -> None:
        with suppress(OSError):  # closing writes what is left, for which there may be no room
            self._file.close()
        with on_disk():
            self._incoming.unlink(missing_ok=True)
            self._final.unlink(missing_ok=True)


class FolderAppender:
    """One blob of a `FolderStore` that grows; the system's lock on it ends with this process."""

    def __init__(self, sealed: Path, *, reserve: int) -> None:
        self._path = sealed.with_suffix(_UNSEALED)
        self._reserve = reserve
        with on_disk():
            if sealed.exists():
                raise UploadBusy("the upload is complete")
            self._path.parent.mkdir(parents=True, exist_ok=True)
            flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
            self._file = os.fdopen(os.open(self._path, flags, 0o666), "r+b")
            try:
                self._lock()
            except BaseException:
                self._file.close()
                raise

    def begin(self, at: int) -> None:
        with on_disk():
            if os.fstat(self._file.fileno()).st_size < at:
                raise BlobMissing(f"fewer than {at} bytes are stored")
            self._file.truncate(at)
            self._file.seek(at)

    def write(self, data: bytes) -> int:
        with on_disk():
            _check_room(self._path.parent, self._reserve)
            return self._file.write(data)

    def sync(self) -> None:
        with on_disk():
            self._file.flush()
            os.fsync(self._file.fileno())
            _sync_folder(self._path.parent)

    def reopen(self) -> BinaryIO:
        self._file.flush()
        return self._path.open("rb")

    def close(self) -> None:
        with suppress(OSError):  # closing writes what is left, for which there may be no room
            self._file.close()

    def _lock(self) -> None:
        """The file that was opened must still be the one under this name once it is locked."""
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            same = os.path.samestat(os.fstat(self._file.fileno()), self._path.stat())
        except (BlockingIOError, FileNotFoundError):
            same = False
        if not same:
            raise UploadBusy("another request sends bytes of this upload right now")


def _check_room(folder: Path, reserve: int) -> None:
    """Raises `StorageFull` where less than the reserve is free."""
    if not reserve:
        return
    system = os.statvfs(folder)
    if system.f_bavail * system.f_frsize < reserve:
        raise StorageFull("the space that is left is kept for files that were already accepted")


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
