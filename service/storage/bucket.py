"""Talk to a bucket: one client for S3, Google Cloud Storage and Azure, with errors of our own."""

import logging
import os
import re
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

from service import figures
from service.errors import BlobMissing, BlobUnreadable, StorageUnavailable

if TYPE_CHECKING:
    from obstore import ObjectMeta, PutResult, UpdateVersion, WritableFile
    from obstore.store import BackoffConfig, ClientConfig, RetryConfig

log = logging.getLogger(__name__)

PART_BYTES: Final = 8 * 1024**2
"""What is sent or fetched in one request; S3 takes 10,000 of them for one file."""
PARTS_AT_ONCE: Final = 2
PAGE: Final = 1000
PROBES: Final = "incoming"
"""Where objects are put to see whether that can be done."""

SILENCE_SECONDS: Final = 60.0
"""How long a bucket may say nothing, before its answer or within it, unless said otherwise."""
CONNECT_SECONDS: Final = 5.0
RETRY_SECONDS: Final = 20.0

_PLAIN_HTTP: Final = ("AWS_ALLOW_HTTP", "AZURE_ALLOW_HTTP")
_BACKOFF: "Final[BackoffConfig]" = {
    "init_backoff": timedelta(milliseconds=100),
    "max_backoff": timedelta(seconds=2),
    "base": 2,
}
_FORBIDDEN: Final = "status code: 403"
_NOT_THIS_ONE: Final = re.compile(r"status code: 4(?!08|29)\d\d")
"""How the library words a refusal that will be the same next time."""


class Taken(Exception):
    """Something else lies under the name already, or no longer what was expected there."""


class Bucket:
    """Objects by name below the prefix of a bucket. Thread-safe.

    Region, credentials, endpoint and encryption are those of the client library's environment
    variables. What goes wrong is `StorageUnavailable`; an object that is not there, `BlobMissing`.
    A process that was forked must not use the one of its parent once that has been used.
    """

    def __init__(self, url: str, *, silence: float = SILENCE_SECONDS) -> None:
        """Whatever is asked ends within seven times the seconds of `silence`, without an answer too.

        Raises `StorageUnavailable` for an address or variables that make no sense.
        """
        self.url = url
        client: ClientConfig = {
            "connect_timeout": timedelta(seconds=min(silence, CONNECT_SECONDS)),
            "read_timeout": timedelta(seconds=silence),
            "timeout": timedelta(seconds=5 * silence),  # of a request: a part of a file at most
            "allow_http": any(os.environ.get(name, "").lower() == "true" for name in _PLAIN_HTTP),
        }
        retries: RetryConfig = {
            "max_retries": 3,
            "retry_timeout": timedelta(seconds=min(silence, RETRY_SECONDS)),
            "backoff": _BACKOFF,
        }
        try:
            store = from_url(url, client_options=client, retry_config=retries)
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
        """What is known of an object; None: there is none. Raises `BlobUnreadable`."""
        try:
            with self._reading():
                return obstore.head(self._store, name)
        except BlobMissing:
            return None

    def fetch(self, name: str, at: int, size: int) -> bytes:
        """So many bytes from an offset on, all of which the object must have.

        Raises `BlobUnreadable`.
        """
        with self._reading():
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
        with self.answering():
            self._miss(f"{name}-none")
            obstore.put(self._store, name, name.encode(), use_multipart=False)
            obstore.get_range(self._store, name, start=0, length=len(name))
            obstore.delete(self._store, (name,))

    def _miss(self, name: str) -> None:
        """Ask for what is not there. Without the right to list, S3 refuses to say so."""
        with suppress(FileNotFoundError, PermissionDeniedError):
            obstore.head(self._store, name)
            raise StorageUnavailable(f"{self.url} has what was never put there")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """As `answering`; what is refused for good while all else goes well is `BlobUnreadable`.

        Without the right to list, S3 also refuses an object that is gone.
        """
        try:
            with self.answering():
                yield
        except StorageUnavailable as error:
            if not _for_good(error.__cause__):
                raise
            self.probe()
            sentence = "the object store refuses this object, and takes and gives others"
            raise BlobUnreadable(sentence) from error

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
        except (FileNotFoundError, BaseError) as error:
            return _FORBIDDEN in _first_line(error)  # to look into one that is there
        return True

    def _trouble(self, error: Exception, sentence: str) -> StorageUnavailable:
        self._refused = True
        figures.storage_failed(type(error).__name__)
        log.warning("object store: %s", _first_line(error), extra={"store": self.url})
        return StorageUnavailable(f"{self.url}: {sentence}")


def _for_good(error: BaseException | None) -> bool:
    """Whether this says something of the object, unless nothing is answered at all."""
    return isinstance(error, PermissionDeniedError | InvalidPathError) or (
        isinstance(error, BaseError) and _NOT_THIS_ONE.search(_first_line(error)) is not None
    )


def _first_line(error: BaseException) -> str:
    return str(error).partition("\n")[0]
