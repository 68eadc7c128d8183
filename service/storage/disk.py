"""Errors of a local disk, as ours."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.errors import StorageFull, StorageUnavailable

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def on_disk() -> Iterator[None]:
    """What a disk does not take is `StorageFull` or `StorageUnavailable`."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StorageFull("the disk is full") from error
        raise StorageUnavailable(f"the storage does not take the file: {error.strerror}") from error
