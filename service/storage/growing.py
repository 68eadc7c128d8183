"""A blob that grows in a bucket, where nothing can be appended to: pieces, joined when it is sealed."""

import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, BinaryIO, Final

from service.errors import BlobMissing, StorageUnavailable, UploadBusy
from service.storage.bucket import PART_BYTES, Bucket, Taken
from service.storage.ranged import Piece, ranged

if TYPE_CHECKING:
    from obstore import PutResult

UNSEALED: Final = ".part"
_LOCK: Final = "lock"
_FREE: Final = b"free"
LOCK_TIME: Final = timedelta(minutes=1)
"""Who appends and stores no piece for so long counts as dead; one is stored every few MB."""


class Pieces:
    """The pieces of one blob, each named by where it begins: `<place>.part/<20 digits>`."""

    def __init__(self, bucket: Bucket, place: str) -> None:
        self._bucket = bucket
        self.folder: Final = f"{place}{UNSEALED}"
        self._found: list[Piece] = []
        self._is_known = False

    def found(self) -> list[Piece]:
        """Those that follow each other from the first byte on."""
        if not self._is_known:
            for item in self._bucket.list(self.folder):
                if item["path"] == self._name(self.end):
                    self._found.append(Piece(item["path"], self.end, item["size"]))
            self._is_known = True
        return self._found

    @property
    def first(self) -> str:
        """The name of the piece that begins with the first byte."""
        return self._name(0)

    @property
    def end(self) -> int:
        """The offset behind the last piece."""
        return self._found[-1].at + self._found[-1].size if self._found else 0

    def add(self, data: bytes) -> None:
        """Raises `Taken` when somebody else added a piece there."""
        piece = Piece(self._name(self.end), self.end, len(data))
        self._bucket.create(piece.name, data)
        self._found.append(piece)

    def cut(self, at: int) -> None:
        """Keep the first `at` bytes alone. Raises `BlobMissing` if there are fewer."""
        rest = b""
        while self.found() and self.end > at:
            last = self._found.pop()
            if last.at < at:
                rest = self._bucket.fetch(last.name, 0, at - last.at)
        kept = {piece.name for piece in self._found}
        if self.end + len(rest) < at:
            raise BlobMissing(f"fewer than {at} bytes are stored")
        void = [it["path"] for it in self._bucket.list(self.folder) if it["path"] not in kept]
        self._bucket.delete(*(name for name in void if name != self.lock))
        if rest:
            self.add(rest)

    @property
    def lock(self) -> str:
        return f"{self.folder}/{_LOCK}"

    def reopen(self) -> BinaryIO:
        return ranged(self.found(), self._bucket.fetch)

    def delete(self) -> None:
        """The lock is among them and goes last, so that nobody appends meanwhile."""
        names = [item["path"] for item in self._bucket.list(self.folder)]
        self._bucket.delete(*names)

    def _name(self, at: int) -> str:
        return f"{self.folder}/{at:020}"


class ObjectAppender:
    """The one writer of an unsealed blob, as long as the lock beside its pieces is its own.

    The lock is an object that is only ever replaced by who knows its version, and renewed with
    every `sync`. Should two hold it all the same, as after a clock was set, the second cannot
    replace a piece of the first, and the first learns of it before it calls anything durable.
    """

    def __init__(self, bucket: Bucket, place: str) -> None:
        self._bucket = bucket
        self._pieces = Pieces(bucket, place)
        self._token = secrets.token_hex(16)
        self._renewals = 0
        self._buffer = bytearray()
        if bucket.look(place) is not None:
            raise UploadBusy("the upload is complete")
        try:
            self._version = self._locked()
        except Taken as error:
            raise _busy() from error

    def begin(self, at: int) -> None:
        try:
            self._pieces.cut(at)
        except Taken as error:
            raise _busy() from error

    def write(self, data: bytes) -> int:
        self._buffer += data
        while len(self._buffer) >= PART_BYTES:
            self._put(PART_BYTES)
        return len(data)

    def sync(self) -> None:
        self._put(len(self._buffer))
        try:
            self._version = self._bucket.replace(
                self._pieces.lock, self._signature(), self._version
            )
        except (Taken, BlobMissing) as error:
            raise _busy() from error

    def reopen(self) -> BinaryIO:
        self._put(len(self._buffer))
        return self._pieces.reopen()

    def close(self) -> None:
        """Where the lock cannot be let go of, it runs out by itself."""
        with suppress(Taken, BlobMissing, StorageUnavailable):
            self._bucket.replace(self._pieces.lock, _FREE, self._version)

    def _put(self, size: int) -> None:
        if not size:
            return
        try:
            self._pieces.add(bytes(self._buffer[:size]))
        except Taken as error:
            raise _busy() from error
        del self._buffer[:size]

    def _locked(self) -> "PutResult":
        """Raises `Taken`, `UploadBusy`."""
        with suppress(Taken):
            return self._bucket.create(self._pieces.lock, self._signature())
        found = self._bucket.look(self._pieces.lock)
        if found is None:
            raise _busy()  # it is being deleted
        holder = self._bucket.fetch(self._pieces.lock, 0, found["size"])
        if holder != _FREE and datetime.now(UTC) - found["last_modified"] < LOCK_TIME:
            raise _busy()
        version: PutResult = {"e_tag": found["e_tag"], "version": found["version"]}
        return self._bucket.replace(self._pieces.lock, self._signature(), version)

    def _signature(self) -> bytes:
        """Different each time, so that no two versions of the lock are alike."""
        self._renewals += 1
        return f"{self._token}-{self._renewals}".encode()


def _busy() -> UploadBusy:
    return UploadBusy("another request sends bytes of this upload right now")
