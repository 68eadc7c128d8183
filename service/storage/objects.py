"""Blobs as objects in a bucket, for any number of machines."""

import logging
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO, Final, Self

from service.db.lifecycle import BlobKey
from service.errors import BlobMissing, BlobUnreadable, StorageUnavailable
from service.storage.bucket import PART_BYTES, PROBES, Bucket
from service.storage.disk import on_disk
from service.storage.growing import ObjectAppender, Pieces
from service.storage.protocol import new_key, place_of
from service.storage.ranged import Piece, ranged

if TYPE_CHECKING:
    from obstore import ObjectMeta

log = logging.getLogger(__name__)

_PLACE: Final = re.compile(r"([a-z0-9][a-z0-9-]{0,62})/[0-9a-f]{2}/([0-9a-f]{32})(\.part/.+)?")


class BucketStore:
    """Blobs under the names that `FolderStore` gives its files. Thread-safe.

    A bucket has no room that could run out, so nothing is reserved.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def writer(self, tenant: str, *, reserved: bool = False) -> "ObjectWriter":
        return ObjectWriter(self._bucket, new_key(tenant))

    def appender(self, key: BlobKey) -> ObjectAppender:
        return ObjectAppender(self._bucket, place_of(key))

    def appended(self, key: BlobKey) -> int:
        pieces = Pieces(self._bucket, place_of(key))
        pieces.found()
        return pieces.end

    def address(self, key: BlobKey, lasting: timedelta) -> str | None:
        """Of the first piece; whatever is put there later is void once the blob is sealed."""
        return self._bucket.address(Pieces(self._bucket, place_of(key)).first, lasting)

    def seal(self, key: BlobKey) -> None:
        """Join the pieces. Who is killed meanwhile leaves it to the next one to do so."""
        place = place_of(key)
        pieces = Pieces(self._bucket, place)
        if self._bucket.look(place) is None and pieces.found():
            with pieces.reopen() as file, ObjectWriter(self._bucket, key) as writer:
                while part := file.read(PART_BYTES):
                    writer.write(part)
                writer.commit()
        pieces.delete()

    def open(self, key: BlobKey) -> BinaryIO:
        place = place_of(key)
        size = _size(self._bucket, place)
        with ExitStack() as stack, on_disk():
            file = stack.enter_context(tempfile.TemporaryFile())
            for at in range(0, size, PART_BYTES):
                file.write(self._bucket.fetch(place, at, min(PART_BYTES, size - at)))
            file.seek(0)
            stack.pop_all()
        return file

    def reader(self, key: BlobKey) -> BinaryIO:
        return _reader(self._bucket, place_of(key))

    def delete(self, key: BlobKey) -> None:
        place = place_of(key)
        try:
            whole = self._bucket.look(place) is not None
        except BlobUnreadable:  # to be deleted none the less
            whole = True
        if whole:
            self._bucket.delete(place)
        else:
            Pieces(self._bucket, place).delete()

    def older_than(self, moment: datetime) -> Iterator[BlobKey]:
        """Pieces beside their sealed blob go on the way, however new they are."""
        last: BlobKey | None = None
        whole: str | None = None
        for item in self._bucket.list():  # a blob comes before its pieces
            path, old = item["path"], item["last_modified"] < moment
            match = _PLACE.fullmatch(path)
            if match is None:
                if old and path.startswith(f"{PROBES}/"):
                    self._bucket.delete(path)
                continue
            key = BlobKey(f"{match[1]}/{match[2]}")
            if match[3] is None:
                whole = path
            elif whole == place_of(key):
                self._bucket.delete(path)
                continue
            if old and key != last:
                yield key
                last = key

    def usable(self) -> bool:
        try:
            self._bucket.probe()
        except StorageUnavailable:
            return False
        return True

    def roomy(self) -> bool:
        """Asked before every scan, so the bucket is only asked where it refused something lately."""
        return not self._bucket.refused or self.usable()


class ObjectWriter:
    """One blob on its way into a bucket, in parts of which two are in memory at most.

    The parts of a process that is killed stay unseen in the bucket until a rule of the bucket
    removes them.
    """

    def __init__(self, bucket: Bucket, key: BlobKey) -> None:
        self._bucket = bucket
        self._key = key
        self._place = place_of(key)
        with bucket.answering():
            self._file = bucket.writer(self._place)
        self._written = 0
        self._whole = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None:
            self.abort()

    def write(self, data: bytes) -> int:
        with self._bucket.answering():
            self._written += self._file.write(data)
        return len(data)

    def commit(self) -> BlobKey:
        """Joining many parts may take the bucket longer than the answer is waited for.

        Then it is asked for the outcome: nobody else writes under this name.
        """
        if not self._whole:
            try:
                with self._bucket.answering():
                    self._file.close()
            except (BlobMissing, StorageUnavailable) as error:
                found = self._found()
                if found is None or found["size"] != self._written:
                    raise StorageUnavailable("the bucket did not take the whole file") from error
            self._whole = True
        return self._key

    def _found(self) -> "ObjectMeta | None":
        with suppress(BlobUnreadable):
            return self._bucket.look(self._place)
        return None

    def reopen(self) -> BinaryIO:
        """Parts cannot be read; the whole can, and nobody knows its name yet."""
        self.commit()
        return _reader(self._bucket, self._place)

    def abort(self) -> None:
        try:
            if self._whole:
                self._bucket.delete(self._place)
            else:
                with self._bucket.answering():
                    self._file.__exit__(*_GIVEN_UP)
        except StorageUnavailable:
            log.warning("an upload that was given up may have left parts", extra={"key": self._key})


class _GivenUp(Exception):
    """What the library is told has happened, whereupon it removes the parts."""


_GIVEN_UP: Final = (_GivenUp, _GivenUp(), None)


def _reader(bucket: Bucket, place: str) -> BinaryIO:
    return ranged((Piece(place, 0, _size(bucket, place)),), bucket.fetch)


def _size(bucket: Bucket, place: str) -> int:
    found = bucket.look(place)
    if found is None:
        raise BlobMissing("the stored file is gone")
    return found["size"]
