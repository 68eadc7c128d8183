"""The store that a setting names: a folder, or a bucket of S3, Google Cloud Storage or Azure."""

from pathlib import Path
from typing import Final

from service.storage.folder import FolderStore
from service.storage.protocol import BlobStore

SCHEMES: Final = ("s3", "gs", "az")


def is_bucket(place: str) -> bool:
    """Whether this is the address of a bucket, such as `s3://bucket/prefix`."""
    return place.partition("://")[0] in SCHEMES


def open_store(place: str, *, reserve: int = 0, silence: float | None = None) -> BlobStore:
    """The store at a path or in a bucket, which is not asked for anything yet.

    Where it is a folder, `reserve` bytes stay free of uploads. A bucket that says nothing for so
    many seconds of `silence` does not answer; None: as is usual. Raises `OSError`, and
    `StorageUnavailable` for an address that makes no sense.
    """
    if not is_bucket(place):
        return FolderStore(Path(place), reserve=reserve)
    from service.storage.bucket import SILENCE_SECONDS, Bucket  # loads their library
    from service.storage.objects import BucketStore

    return BucketStore(Bucket(place, silence=silence or SILENCE_SECONDS))
