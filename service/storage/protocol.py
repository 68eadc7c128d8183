"""What the service asks of wherever uploaded files and previews lie. Keys are random: two scans of
one file share nothing, so deleting one scan deletes exactly its own bytes."""

import re
import secrets
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import BinaryIO, Final, Protocol

from service.db.lifecycle import BlobKey
from service.errors import BlobMissing

_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,62}/[0-9a-f]{32}")
PROBE_BYTES: Final = 64 * 1024


class BlobWriter(Protocol):
    """Takes bytes; nothing is visible before `commit`, nothing is left after `abort`."""

    def write(self, data: bytes) -> int: ...

    def commit(self) -> BlobKey:
        """Make the bytes durable and readable under the key."""
        ...

    def reopen(self) -> BinaryIO:
        """What was written, to be looked at before it is committed; the caller closes it.

        Nothing may be written after it.
        """
        ...

    def abort(self) -> None: ...


class BlobAppender(Protocol):
    """The one writer of an unsealed blob, until it is closed or its process dies."""

    def begin(self, at: int) -> None:
        """Go on behind the first `at` bytes; what was written beyond them is void.

        Raises `BlobMissing` if there are fewer.
        """
        ...

    def write(self, data: bytes) -> int: ...

    def sync(self) -> None:
        """Make what was written durable."""
        ...

    def reopen(self) -> BinaryIO:
        """What was written so far; the caller closes it."""
        ...

    def close(self) -> None: ...


class BlobStore(Protocol):
    """A flat store of immutable byte strings, each written in one go or appended to until sealed."""

    def writer(self, tenant: str, *, reserved: bool = False) -> BlobWriter:
        """`reserved` may use the room that is kept free for what was accepted.

        Raises `StorageFull` or `StorageUnavailable`, as does all writing.
        """
        ...

    def appender(self, key: BlobKey) -> BlobAppender:
        """Make or go on with the blob of a `new_key`.

        Raises `UploadBusy` while somebody else appends to this blob, or it is sealed.
        """
        ...

    def appended(self, key: BlobKey) -> int:
        """How many bytes of an unsealed blob lie there, whoever put them."""
        ...

    def address(self, key: BlobKey, lasting: timedelta) -> str | None:
        """Where anybody may put all bytes of an unsealed blob by one PUT, for that long.

        None: this store has no such addresses.
        """
        ...

    def seal(self, key: BlobKey) -> None:
        """Make an appended blob immutable and readable under its key; twice is no error."""
        ...

    def open(self, key: BlobKey) -> BinaryIO:
        """A local file of the whole blob, which stays readable if the blob is deleted.

        Raises `BlobMissing`, `BlobUnreadable`, `StorageUnavailable`, `StorageFull`.
        """
        ...

    def reader(self, key: BlobKey) -> BinaryIO:
        """A seekable handle that fetches only what is read of it, as for a part of a long film.

        Raises `BlobMissing` and `BlobUnreadable`, later too, and `StorageUnavailable`.
        """
        ...

    def delete(self, key: BlobKey) -> None:
        """Delete, sealed or not; a blob that is gone already is no error."""
        ...

    def older_than(self, moment: datetime) -> Iterator[BlobKey]:
        """Keys written before `moment`. Unfinished writes of that age are removed on the way."""
        ...

    def usable(self) -> bool:
        """Whether another upload could be stored."""
        ...

    def roomy(self) -> bool:
        """Whether there is room to finish what was accepted."""
        ...


def new_key(tenant: str) -> BlobKey:
    """The key of a blob that does not exist yet."""
    return BlobKey(f"{tenant}/{secrets.token_hex(16)}")


def place_of(key: BlobKey) -> str:
    """Where a blob lies, relative to the store: `<tenant>/<2 hex>/<32 hex>`.

    Raises `BlobMissing` for what is no key and so might lead elsewhere.
    """
    if not _KEY.fullmatch(key):
        raise BlobMissing(f"{key!r} is not a blob key")
    tenant, _, name = key.partition("/")
    return f"{tenant}/{name[:2]}/{name}"


def read(store: BlobStore, key: BlobKey) -> bytes:
    """The whole blob. Raises `BlobMissing`."""
    with store.reader(key) as file:
        return file.read()


def put(store: BlobStore, tenant: str, data: bytes) -> BlobKey:
    """Store a small blob about an accepted scan at once."""
    writer = store.writer(tenant, reserved=True)
    try:
        writer.write(data)
        return writer.commit()
    except BaseException:
        writer.abort()
        raise
