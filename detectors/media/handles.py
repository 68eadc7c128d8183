"""What a child is given of a file: a descriptor that reads it from its start and cannot write."""

import contextlib
import io
import os
import shutil
from collections.abc import Iterator
from typing import BinaryIO


@contextlib.contextmanager
def read_only(file: BinaryIO | None) -> Iterator[int | None]:
    """A descriptor of its own for the file: at its start, and unable to write."""
    if file is None:
        yield None
        return
    try:
        source = file.fileno()
    except (AttributeError, io.UnsupportedOperation):
        descriptor = _in_memory(file)
    else:
        descriptor = os.open(f"/proc/self/fd/{source}", os.O_RDONLY | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _in_memory(file: BinaryIO) -> int:
    writable = os.memfd_create("media")
    try:
        with os.fdopen(writable, "wb", closefd=False) as copy:
            file.seek(0)
            shutil.copyfileobj(file, copy)
        return os.open(f"/proc/self/fd/{writable}", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(writable)
