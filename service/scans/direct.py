"""Files that clients put into the bucket themselves, by an address that is signed for one of them."""

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from service.db.lifecycle import Upload, UploadState
from service.errors import FileTooLarge, InvalidRequest, UploadIncomplete, UploadUsed
from service.scans import sealing
from service.scans.resumable import Uploads

LARGEST: Final = 5 * 1024**3
"""Bytes that S3 takes in one request."""


@dataclass(frozen=True, slots=True)
class DirectAddress:
    """Where to put all bytes of an upload by one PUT, and until when."""

    address: str
    expires_at: datetime


class DirectUploads:
    """The way of a tenant's uploads around the API. Thread-safe.

    What is put there is the first and only piece of an upload like any other: it counts once
    `complete` has read it, and goes with the upload that nobody goes on with.
    """

    def __init__(self, uploads: Uploads) -> None:
        self._uploads = uploads
        self._store = uploads.store

    def address(self, upload: Upload) -> DirectAddress | None:
        """None where bytes have to come through the API: they are to be sealed, too many for one
        request or announced without their size, or the store has no addresses of its own.
        """
        small = upload.size is not None and upload.size <= LARGEST
        if upload.secret is not None or not small or not self._uploads.direct:
            return None
        now = self._uploads.now()
        lasting = min(self._uploads.direct, upload.expires_at - now)
        address = self._store.address(upload.blob, lasting)
        return None if address is None else DirectAddress(address, now + lasting)

    def complete(self, upload_id: str) -> Upload:
        """Look at all that was put there, as after the last byte of an upload in pieces.

        Raises `UploadNotFound`, `UploadIncomplete`, `FileTooLarge`, `UploadFailed`, `UploadUsed`,
        `UploadBusy`, `Sha256Differs` and what intake refuses with.
        """
        upload = self._uploads.good(upload_id)
        if upload.state is UploadState.USED:
            raise UploadUsed(f"scan {upload.scan_id} was made of it")
        if upload.state is UploadState.COMPLETE:
            return upload
        if upload.size is None:
            raise InvalidRequest("the size of the upload was never announced")
        sealed = upload.secret is not None
        stored = upload.received if sealed else self._store.appended(upload.blob)
        if stored < upload.size:
            raise UploadIncomplete(f"{stored} of {upload.size} bytes are here")
        if stored > upload.size:
            error = FileTooLarge(f"more than the {upload.size} bytes that were announced")
            self._uploads.fail(upload, error)
            raise error
        appender = sealing.appender(self._store, upload.blob, upload.secret, upload.size)
        with closing(appender):
            appender.begin(upload.size)
            appender.sync()
            self._uploads.check(self._uploads.record(upload, upload.size), appender)
        return self._uploads.get(upload_id)
