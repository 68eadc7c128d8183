"""Files that arrive in pieces: begun, gone on with after any interruption, made a scan of once."""

import base64
import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import closing
from copy import copy
from dataclasses import replace
from datetime import datetime, timedelta
from types import TracebackType
from typing import Final, Self

from sqlalchemy.orm import Session

from detectors.base import Kind
from detectors.media.sniff import HEAD_BYTES, sniff_file
from service.analysis.source import DEFAULT_TENANT
from service.db import uploads as statements
from service.db.engine import Database
from service.db.lifecycle import Failure, Scan, Upload, UploadState, is_scan_id, new_scan_id
from service.db.retention import RetentionRows
from service.db.scans import Also, alone
from service.db.uploads import UploadRows
from service.errors import (
    ChecksumDiffers,
    EmptyFile,
    FileTooLarge,
    InvalidRequest,
    ServiceError,
    Sha256Differs,
    UploadFailed,
    UploadIncomplete,
    UploadNotFound,
    UploadOffsetDiffers,
    UploadUsed,
)
from service.reporting.report import Profile
from service.scans import sealing
from service.scans.asked import Asked
from service.scans.intake import CHUNK_BYTES, Gauge, Inspector, Received, display_name
from service.scans.sealing import new_secret
from service.scans.use_cases import Scans
from service.storage.protocol import BlobAppender, BlobStore, new_key

log = logging.getLogger(__name__)

SYNC_BYTES: Final = 4 * 1024**2
"""At most so much is sent again after the service was killed."""

CHECKSUMS: Final = ("sha1", "sha256")


class Uploads:
    """Resumable uploads of one tenant. Thread-safe.

    The row says how many bytes count. They are durable before it says so, whatever lies beyond
    them in the store is void, and one request at a time may append.
    """

    def __init__(
        self,
        *,
        database: Database,
        store: BlobStore,
        limits: Mapping[Kind, int],
        patience: timedelta,
        direct: timedelta = timedelta(0),
        tenant: str = DEFAULT_TENANT,
        now: Callable[[], datetime] | None = None,  # None: the database's clock
    ) -> None:
        """`patience`: what nobody went on with for so long is deleted. `direct`: so long an address
        of the store itself works; nothing: none is given.
        """
        self._rows = UploadRows(database)
        self._retention = RetentionRows(database)
        self.store = store
        self._limits = limits
        self._patience = patience
        self.direct = direct
        self._tenant = tenant
        self.now = now or database.now

    @property
    def largest(self) -> int:
        """Bytes of the largest file that any kind may have."""
        return max(self._limits.values())

    def of(self, tenant: str) -> Self:
        """The same use cases for the uploads of another tenant."""
        others = copy(self)
        others._tenant = tenant
        return others

    def begin(self, untrusted_name: str, *, size: int | None, sha256: str | None) -> Upload:
        """A new upload, without a byte yet. Raises `EmptyFile`, `FileTooLarge`."""
        now = self.now()
        self._check_size(size)
        upload = Upload(
            id=new_scan_id(now),
            tenant=self._tenant,
            state=UploadState.OPEN,
            name=display_name(untrusted_name),
            size=size,
            received=0,
            sha256=sha256.lower() if sha256 is not None else None,
            blob=new_key(self._tenant),
            secret=new_secret() if self._retention.zero(self._tenant) else None,
            created_at=now,
            expires_at=now + self._patience,
        )
        self._rows.add(upload)
        return upload

    def get(self, upload_id: str) -> Upload:
        """Raises `UploadNotFound`."""
        upload = self._rows.get(self._tenant, upload_id) if is_scan_id(upload_id) else None
        if upload is None:
            raise UploadNotFound(f"there is no upload {upload_id[:40]!r}")
        return upload

    def good(self, upload_id: str) -> Upload:
        """One that was not refused. Raises `UploadNotFound`, `UploadFailed`."""
        upload = self.get(upload_id)
        if upload.failure is not None:
            raise UploadFailed(f"{upload.failure.sentence} ({upload.failure.code})")
        return upload

    def states(self, upload_ids: tuple[str, ...]) -> dict[str, UploadState]:
        """The state of each of these uploads that is there, at most 1,000."""
        return self._rows.states(self._tenant, tuple(filter(is_scan_id, upload_ids)))

    def append(
        self, upload_id: str, *, at: int, size: int | None = None, checksum: str | None = None
    ) -> "Appending":
        """Go on with an upload behind its first `at` bytes; the caller closes what is returned.

        `size` announces the whole, where that was put off. `checksum` is `sha1` or `sha256` and
        the digest in base64, of the bytes of this request; they count all or not at all.

        Raises `UploadNotFound`, `UploadBusy`, `UploadOffsetDiffers`, `UploadFailed`,
        `InvalidRequest`, `FileTooLarge`, `BlobMissing`, `StorageUnavailable`.
        """
        expected = _digest(checksum) if checksum is not None else None
        upload = self._opened(upload_id)
        whole = upload.size if size is None else size
        appender = sealing.appender(self.store, upload.blob, upload.secret, whole)
        try:
            upload = self._announced(self._opened(upload_id), size)
            if upload.received != at:
                raise UploadOffsetDiffers(f"{upload.received} bytes are here; go on from there")
            appender.begin(at)
            gauge = Gauge(self._limits, head=_head(appender), size=at)
            return Appending(self, upload, appender, gauge, expected)
        except BaseException:
            appender.close()
            raise

    def delete(self, upload_id: str) -> None:
        """Forget an upload and its bytes, unless they are a scan's. Raises `UploadNotFound`."""
        upload = self._rows.delete(self._tenant, upload_id) if is_scan_id(upload_id) else None
        if upload is None:
            raise UploadNotFound(f"there is no upload {upload_id[:40]!r}")
        self._forget(upload)

    def expire(self) -> int:
        """Delete what nobody went on with in time, of every tenant; how many uploads."""
        uploads = self._rows.expire(self.now())
        for upload in uploads:
            self._forget(upload)
        return len(uploads)

    def scan(
        self,
        upload_id: str,
        scans: Scans,
        *,
        profile: Profile = Profile.FULL,
        asked: Asked = Asked(),  # noqa: B008 (frozen)
        also: Also = alone,
    ) -> Scan:
        """Make a scan of a complete upload, once and without copying it.

        Raises `UploadNotFound`, `UploadIncomplete`, `UploadUsed`, `UploadFailed`, and what `also`
        raises.
        """
        upload = self._completed(self.good(upload_id))
        self.store.seal(upload.blob)
        with sealing.glanced_at(self.store, upload.blob, upload.secret) as file:
            found = sniff_file(file)
        received = Received(
            sha256=upload.sha256 or "",
            size=upload.received,
            name=upload.name,
            type=found,
            blob=upload.blob,
            secret=upload.secret,
        )

        def use(session: Session, scan_id: str) -> None:
            if not statements.use(session, upload, scan_id):
                raise UploadUsed(f"a scan was made of upload {upload_id} already")
            also(session, scan_id)

        return scans.adopt(received, profile=profile, asked=asked, also=use)

    def record(self, upload: Upload, received: int) -> Upload:
        """Bytes are durable. Raises `UploadNotFound` when the upload is gone meanwhile."""
        expires_at = self.now() + self._patience
        if not self._rows.advance(upload, received, expires_at):
            raise UploadNotFound(f"upload {upload.id} was deleted")
        return replace(upload, received=received, expires_at=expires_at)

    def fail(self, upload: Upload, error: ServiceError) -> None:
        """Refuse an upload for good; its bytes go at once."""
        if self._rows.fail(upload, Failure.of(error.code, str(error))):
            self.store.delete(upload.blob)

    def check(self, upload: Upload, appender: BlobAppender) -> None:
        """Look at the whole file again, as it lies in the store, and call it complete.

        Raises what intake refuses with, and `Sha256Differs`.
        """
        inspector = Inspector(self._limits)
        try:
            with closing(appender.reopen()) as file:
                while chunk := file.read(CHUNK_BYTES):
                    inspector.take(chunk)
            sha256, _, _ = inspector.finish(appender.reopen)
            if upload.sha256 not in {None, sha256}:
                raise Sha256Differs(f"announced was {upload.sha256}, {sha256} arrived")
        except ServiceError as error:
            self.fail(upload, error)
            raise
        if not self._rows.complete(upload, sha256):
            raise UploadNotFound(f"upload {upload.id} was deleted")
        self.store.seal(upload.blob)

    def _completed(self, upload: Upload) -> Upload:
        """A service killed after the last byte leaves the check to whoever asks next."""
        if upload.state is UploadState.OPEN and upload.received == upload.size:
            sealed = upload.secret
            appender = sealing.appender(self.store, upload.blob, sealed, upload.size)
            with closing(appender):
                appender.begin(upload.received)
                appender.sync()
                self.check(upload, appender)
            upload = self.good(upload.id)
        if upload.state is UploadState.OPEN:
            raise UploadIncomplete(
                f"{upload.received} of {upload.size or 'unknown'} bytes are here"
            )
        if upload.state is UploadState.USED:
            raise UploadUsed(f"scan {upload.scan_id} was made of it")
        return upload

    def _opened(self, upload_id: str) -> Upload:
        upload = self.good(upload_id)
        if upload.state is not UploadState.OPEN:
            raise UploadOffsetDiffers(f"all {upload.received} bytes are here")
        return upload

    def _announced(self, upload: Upload, size: int | None) -> Upload:
        if size is None or size == upload.size:
            return upload
        if upload.size is not None:
            raise InvalidRequest(f"the upload was announced with {upload.size} bytes")
        self._check_size(size)
        if size < upload.received:
            raise InvalidRequest(f"{upload.received} bytes are here already")
        if not self._rows.announce(upload, size):
            raise UploadNotFound(f"upload {upload.id} was deleted")
        return replace(upload, size=size)

    def _check_size(self, size: int | None) -> None:
        if size == 0:
            raise EmptyFile("an upload has at least one byte")
        if size is not None and size > self.largest:
            raise FileTooLarge(f"a file may have at most {self.largest:,} bytes")

    def _forget(self, upload: Upload) -> None:
        if upload.state is not UploadState.USED:
            self.store.delete(upload.blob)


class Appending:
    """The bytes of one request on their way into an upload."""

    def __init__(
        self,
        uploads: Uploads,
        upload: Upload,
        appender: BlobAppender,
        gauge: Gauge,
        expected: tuple[str, bytes] | None,
    ) -> None:
        self._uploads = uploads
        self._upload = upload
        self._appender = appender
        self._gauge = gauge
        self._expected = expected
        self._digest = hashlib.new(expected[0], usedforsecurity=False) if expected else None
        self._at = upload.received

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def write(self, chunk: bytes) -> None:
        """Check, store, and now and then record. Raises what intake refuses with."""
        size = self._upload.size
        if size is not None and self._at + len(chunk) > size:
            raise FileTooLarge(f"more than the {size} bytes that were announced")
        self._refusing(lambda: self._gauge.take(chunk))
        self._appender.write(chunk)
        self._at += len(chunk)
        if self._digest is not None:
            self._digest.update(chunk)
        elif self._at - self._upload.received >= SYNC_BYTES:
            self._record()

    def finish(self) -> Upload:
        """The request is over. Raises `ChecksumDiffers`; with the last byte, what `check` does."""
        if self._digest is not None and self._expected is not None:
            if self._digest.digest() != self._expected[1]:
                raise ChecksumDiffers("the bytes of this request were dropped; send them again")
            self._digest = None
        self._record()
        if self._upload.received == self._upload.size:
            self._uploads.check(self._upload, self._appender)
        return self._uploads.get(self._upload.id)

    def close(self) -> None:
        """Keep what arrived, unless a checksum was to be kept that nobody can judge any more."""
        with closing(self._appender):
            if self._digest is None and self._at > self._upload.received:
                self._record()

    def _record(self) -> None:
        if self._at > self._upload.received:
            self._appender.sync()
            self._upload = self._uploads.record(self._upload, self._at)

    def _refusing(self, step: Callable[[], None]) -> None:
        try:
            step()
        except ServiceError as error:
            self._at = self._upload.received
            self._uploads.fail(self._upload, error)
            raise


def _digest(untrusted: str) -> tuple[str, bytes]:
    name, _, value = untrusted.strip().partition(" ")
    if name not in CHECKSUMS:
        raise InvalidRequest(f"a checksum is one of {', '.join(CHECKSUMS)}, then base64")
    try:
        return name, base64.b64decode(value.strip(), validate=True)
    except ValueError as error:
        raise InvalidRequest("the checksum is not base64") from error


def _head(appender: BlobAppender) -> bytes:
    with closing(appender.reopen()) as file:
        return file.read(HEAD_BYTES)
