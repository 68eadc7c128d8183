"""Talk to a bucket: one client for S3, Google Cloud Storage and Azure, with errors of our own."""

import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import obstore
from obstore.exceptions import (
    AlreadyExistsError,
    BaseError,
    InvalidPathError,
    PermissionDeniedError,
    PreconditionError,
    UnauthenticatedError,
)
from obstore.store import AzureStore, GCSStore, S3Store, from_url

from service.errors import BlobMissing, StorageUnavailable

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult, UpdateVersion, WritableFile
    from obstore.store import ClientConfig, RetryConfig

log = logging.getLogger(__name__)

PART_BYTES: Final = 8 * 1024**2
"""What is sent or fetched in one request; S3 takes 10,000 of them for one file."""
PARTS_AT_ONCE: Final = 2
PAGE: Final = 1000
PROBES: Final = "incoming"
"""Where objects are put to see whether that can be done."""

_PLAIN_HTTP: Final = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP")
_RETRIES: "Final[RetryConfig]" = {
    "max_retries": 3,
    "retry_timeout": timedelta(seconds=20),
    "backoff": {
        "init_backoff": timedelta(milliseconds=100),
        "max_backoff": timedelta(seconds=2),
        "base": 2,
    },
}


class Taken(Exception):
    """Something else lies under the name already, or no longer what was expected there."""


class Bucket:
    """Objects by name below the prefix of a bucket. Thread-safe.

    Region, credentials, endpoint and encryption are those of the client library's environment
    variables. What goes wrong is `StorageUnavailable`; an object that is not there, `BlobMissing`.
    A process that was forked must not use the one of its parent once that has been used.
    """

    def __init__(self, url: str) -> None:
        """Raises `StorageUnavailable` for an address or variables that make no sense."""
        self.url = url
        client: ClientConfig = {
            "connect_timeout": timedelta(seconds=5),
            "read_timeout": timedelta(seconds=60),  # without a byte of the answer
            "timeout": timedelta(minutes=5),  # of one request, which is never more than a part
            "allow_http": any(os.environ.get(name, "").lower() == "true" for name in _PLAIN_HTTP),
        }
        try:
            store = from_url(url, client_options=client, retry_config=_RETRIES)
        except (BaseError, ValueError) as error:
            raise StorageUnavailable(f"{url}: {_first_line(error)}") from error
        if not isinstance(store, S3Store | GCSStore | AzureStore):
            raise StorageUnavailable(f"{url} is no bucket")
        self._store = store
        self._refused = False

    @property
    def refused(self) -> bool:
        """Whether the last request failed for a reason that is not about its object."""
        return self._refused

    def put(self, name: str, data: bytes) -> None:
        """Store a few bytes in one request."""
        with self.answering():
            obstore.put(self._store, name, data, use_multipart=False)

    def create(self, name: str, data: bytes) -> "PutResult":
        """As `put`, unless something is there: then `Taken`."""
        with self.answering():
            return obstore.put(self._store, name, data, mode="create")

    def replace(self, name: str, data: bytes, version: "PutResult") -> "PutResult":
        """As `put`, over exactly this version or else `Taken`."""
        known: UpdateVersion = {}  # a store names versions one way or both; None is not taken
        if version["e_tag"] is not None:
            known["e_tag"] = version["e_tag"]
        if version["version"] is not None:
            known["version"] = version["version"]
        with self.answering():
            return obstore.put(self._store, name, data, mode=known)

    def writer(self, name: str) -> "WritableFile":
        """Parts on their way to become one object; to be written to within `answering`."""
        return obstore.open_writer(
            self._store, name, buffer_size=PART_BYTES, max_concurrency=PARTS_AT_ONCE
        )

    def look(self, name: str) -> "ObjectMeta | None":
        """What is known of an object; None: there is none."""
        try:
            with self.answering():
                return obstore.head(self._store, name)
        except BlobMissing:
            return None

    def fetch(self, name: str, at: int, size: int) -> bytes:
        """So many bytes from an offset on, all of which the object must have."""
        with self.answering():
            return bytes(obstore.get_range(self._store, name, start=at, length=size))

    def address(self, name: str, lasting: timedelta) -> str | None:
        """Where whoever knows it may put this object by one PUT; None: the cloud asks for more."""
        if not isinstance(self._store, S3Store):
            return None
        with self.answering():
            return obstore.sign(self._store, "PUT", name, lasting)

    def delete(self, *names: str) -> None:
        """What is gone already is no error."""
        if names:
            with self.answering(), suppress(FileNotFoundError):
                obstore.delete(self._store, names)

    def list(self, below: str | None = None) -> "Iterator[ObjectMeta]":
        """Everything below a folder, by pages, in the order of the names."""
        pages = obstore.list(self._store, below, chunk_size=PAGE)
        while True:
            with self.answering():
                page = next(pages, None)
            if page is None:
                return
            yield from page

    def probe(self) -> None:
        """Raises `StorageUnavailable` unless objects can be written, read and deleted."""
        name = f"{PROBES}/{secrets.token_hex(16)}"
        if self.look(f"{name}-none") is not None:
            raise StorageUnavailable(f"{self.url} has what was never put there")
        self.put(name, name.encode())
        self.fetch(name, 0, len(name))
        self.delete(name)

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Turn the library's errors into ours, and remember whether the bucket answers."""
        try:
            yield
        except (AlreadyExistsError, PreconditionError) as error:
            raise Taken(_first_line(error)) from error
        except FileNotFoundError as error:
            if self._exists():
                raise BlobMissing("the stored file is gone") from error
            raise self._trouble(error, "there is no such bucket") from error
        except (PermissionDeniedError, UnauthenticatedError) as error:
            raise self._trouble(error, "it refuses these credentials") from error
        except InvalidPathError as error:  # in a bucket that others write to
            raise self._trouble(error, "it has a name that cannot be asked for") from error
        except (BaseError, OSError) as error:
            raise self._trouble(error, "it does not answer as it should") from error
        else:
            self._refused = False

    def _exists(self) -> bool:
        """A missing object is nobody's trouble, a missing bucket is."""
        try:
            next(obstore.list(self._store, PROBES, chunk_size=1), None)
        except (FileNotFoundError, BaseError):
            return False
        return True

    def _trouble(self, error: Exception, sentence: str) -> StorageUnavailable:
        self._refused = True
        log.warning("object store: %s", _first_line(error), extra={"store": self.url})
        return StorageUnavailable(f"{self.url}: {sentence}")


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
