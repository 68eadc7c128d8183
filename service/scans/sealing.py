"""Bytes that lie in a store encrypted: a layer over any `BlobStore`, one secret for each blob.

A sealed blob is a mark and then records. Each record is a length, a random nonce, and up to
`RECORD_BYTES` encrypted with AES-256-GCM (NIST SP 800-38D); its place in the file and whether it is
the last are bound in as additional data, so records that are changed, moved, left out or cut off do
not open. Records only ever follow one another, so that an upload in pieces goes on behind what is
durable without writing any of it again. The secret lives in the row of the scan or the upload, and
with the row's goes what any disk may still hold.
"""

import io
import os
import secrets
import shutil
from bisect import bisect_right
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple, cast

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from service.db.lifecycle import BlobKey
from service.errors import BlobChanged, BlobMissing
from service.storage.protocol import BlobAppender, BlobStore, BlobWriter

SECRET_BYTES: Final = 32
RECORD_BYTES: Final = 256 * 1024
MARK: Final = b"assay sealed 1\n"

_LENGTH_BYTES: Final = 4
_NONCE_BYTES: Final = 12
_TAG_BYTES: Final = 16
_AROUND: Final = _LENGTH_BYTES + _NONCE_BYTES + _TAG_BYTES
_LAST: Final = 1 << 31
"""Set in the length of the last record."""


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


class _Sealer:
    """Makes records, one after the other."""

    def __init__(self, secret: bytes) -> None:
        self._cipher = AESGCM(secret)
        self.at = 0
        """Bytes of content before the next record."""

    def record(self, content: bytes, *, last: bool) -> bytes:
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, content, _place(self.at, last=last))
        self.at += len(content)
        length = len(content) | (_LAST if last else 0)
        return length.to_bytes(_LENGTH_BYTES) + nonce + sealed


def _place(at: int, *, last: bool) -> bytes:
    return at.to_bytes(8) + bytes([last])


class SealedWriter:
    """A `BlobWriter` whose store sees sealed bytes alone."""

    def __init__(self, inner: BlobWriter, secret: bytes) -> None:
        self._inner = inner
        self._secret = secret
        self._sealer = _Sealer(secret)
        self._pending = bytearray()
        self._ended = False
        inner.write(MARK)

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) > RECORD_BYTES:
            self._put(RECORD_BYTES, last=False)
        return len(data)

    def commit(self) -> BlobKey:
        self._end()
        return self._inner.commit()

    def reopen(self) -> BinaryIO:
        """All of what was written; nothing may be written after it."""
        self._end()
        return _opened(self._inner.reopen(), self._secret)

    def abort(self) -> None:
        self._pending.clear()
        self._inner.abort()

    def _end(self) -> None:
        if not self._ended:
            self._put(len(self._pending), last=True)
            self._ended = True

    def _put(self, size: int, *, last: bool) -> None:
        self._inner.write(self._sealer.record(bytes(self._pending[:size]), last=last))
        del self._pending[:size]


class SealedAppender:
    """A `BlobAppender` whose store sees sealed bytes alone.

    `size` is that of the whole content in bytes, once it is known: then the last record is marked.
    """

    def __init__(self, inner: BlobAppender, secret: bytes, size: int | None) -> None:
        self._inner = inner
        self._secret = secret
        self._size = size
        self._sealer = _Sealer(secret)
        self._pending = bytearray()
        self._ended = False

    def begin(self, at: int) -> None:
        """As of any appender; records end where `sync` was called, so `at` is one of these places."""
        self._sealer.at, self._ended = at, False
        if at == 0:
            self._inner.begin(0)
            self._inner.write(MARK)
            return
        with self._inner.reopen() as file:
            found = next((it for it in _records(file) if it.start + it.size == at), None)
        if found is None:
            raise BlobMissing(f"fewer than {at} bytes are stored")
        self._inner.begin(found.sealed_at + _AROUND + found.size)
        self._ended = found.last

    def write(self, data: bytes) -> int:
        self._pending += data
        while len(self._pending) > RECORD_BYTES:
            self._put(RECORD_BYTES)
        return len(data)

    def sync(self) -> None:
        self._flush()
        self._inner.sync()

    def reopen(self) -> BinaryIO:
        self._flush()
        return _opened(self._inner.reopen(), self._secret, growing=True)

    def close(self) -> None:
        self._inner.close()

    def _flush(self) -> None:
        if self._pending or (self._sealer.at == self._size and not self._ended):
            self._put(len(self._pending))

    def _put(self, size: int) -> None:
        content = bytes(self._pending[:size])
        self._ended = self._sealer.at + size == self._size
        self._inner.write(self._sealer.record(content, last=self._ended))
        del self._pending[:size]


class _Record(NamedTuple):
    """Where one record lies, and `start` of its content in the whole."""

    sealed_at: int
    start: int
    size: int
    last: bool


def _records(file: BinaryIO) -> Iterator[_Record]:
    """The records that are complete, up to the last one or to where they make no sense."""
    end = file.seek(0, os.SEEK_END)
    at, start = len(MARK), 0
    while at + _AROUND <= end:
        file.seek(at)
        length = int.from_bytes(file.read(_LENGTH_BYTES))
        size, last = length & ~_LAST, bool(length & _LAST)
        if size > RECORD_BYTES or at + _AROUND + size > end:
            return
        yield _Record(at, start, size, last)
        if last:
            return
        at, start = at + _AROUND + size, start + size


class _Unsealed(io.RawIOBase):
    """The content of a sealed file, decrypted record by record where it is read."""

    def __init__(self, file: BinaryIO, secret: bytes, *, growing: bool) -> None:
        super().__init__()
        self._file = file
        self._cipher = AESGCM(secret)
        self._records = [record for record in _records(file) if record.size or record.last]
        self._starts = [record.start for record in self._records]
        self._at = 0
        self._held: tuple[_Record, bytes] | None = None
        file.seek(0)
        whole = bool(self._records) and self._records[-1].last
        if file.read(len(MARK)) != MARK or not (whole or growing):
            raise BlobChanged("the sealed file is damaged or cut off")
        self._size = self._records[-1].start + self._records[-1].size if self._records else 0
        if whole:
            self._read(self._records[-1])

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        if self._at >= self._size:
            return 0
        record = self._records[bisect_right(self._starts, self._at) - 1]
        content = self._read(record)[self._at - record.start :][: len(buffer)]
        buffer[: len(content)] = content
        self._at += len(content)
        return len(content)

    def close(self) -> None:
        self._held = None
        self._file.close()
        super().close()

    def _read(self, record: _Record) -> bytes:
        if self._held is None or self._held[0] != record:
            self._file.seek(record.sealed_at + _LENGTH_BYTES)
            nonce = self._file.read(_NONCE_BYTES)
            sealed = self._file.read(record.size + _TAG_BYTES)
            try:
                content = self._cipher.decrypt(
                    nonce, sealed, _place(record.start, last=record.last)
                )
            except InvalidTag as error:
                raise BlobChanged("the sealed file was changed") from error
            self._held = record, content
        return self._held[1]


def _opened(file: BinaryIO, secret: bytes, *, growing: bool = False) -> BinaryIO:
    try:
        return cast(BinaryIO, io.BufferedReader(_Unsealed(file, secret, growing=growing)))
    except BaseException:
        file.close()
        raise


def writer(store: BlobStore, tenant: str, secret: bytes | None) -> BlobWriter:
    """A writer whose bytes are sealed if there is a secret."""
    inner = store.writer(tenant)
    if secret is None:
        return inner
    try:
        return SealedWriter(inner, secret)
    except BaseException:
        inner.abort()
        raise


def appender(
    store: BlobStore, key: BlobKey, secret: bytes | None, size: int | None
) -> BlobAppender:
    """An appender, which seals if there is a secret."""
    inner = store.appender(key)
    return inner if secret is None else SealedAppender(inner, secret, size)


def opened(store: BlobStore, key: BlobKey, secret: bytes | None) -> BinaryIO:
    """A seekable handle on the content. Raises `BlobMissing` and, while it is read, `BlobChanged`."""
    file = store.open(key)
    return file if secret is None else _opened(file, secret)


def glanced_at(store: BlobStore, key: BlobKey, secret: bytes | None) -> BinaryIO:
    """As `opened`, for who reads little of it."""
    return store.reader(key) if secret is None else opened(store, key, secret)


def in_memory(file: BinaryIO) -> BinaryIO:
    """The content in a file of this process's memory, which a sandboxed child can be handed."""
    copy = os.fdopen(os.memfd_create("sealed"), "r+b")
    try:
        with file:
            shutil.copyfileobj(file, copy, RECORD_BYTES)
        copy.seek(0)
    except BaseException:
        copy.close()
        raise
    return copy
