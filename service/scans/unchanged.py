"""Notice that a local file was changed while it was looked at."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from provenance.hashes import sha256
from service.analysis.source import Source, Stamp
from service.errors import FileChanged

COARSE_NS: Final = 2_000_000_000
"""Two writes that are closer than this may leave the same times: the worst of common file systems."""


def stamp_of(file: BinaryIO) -> Stamp:
    """Size and times of an open file, and whether a later write would show in them."""
    found = os.fstat(file.fileno())
    newest = max(found.st_mtime_ns, found.st_ctime_ns)
    return Stamp(
        size=found.st_size,
        modified_ns=found.st_mtime_ns,
        changed_ns=found.st_ctime_ns,
        settled=time.time_ns() - newest > COARSE_NS,
    )


@contextmanager
def held_to(source: Source) -> Iterator[None]:
    """Raise `FileChanged` after the block if the file no longer holds the bytes that were hashed.

    The open handle is asked, so a file that was replaced by another one of its name is no change:
    the report is about the bytes behind the handle. Size and times say for nearly every file that
    nothing was written, which costs one system call. Only where they moved, or where the file was
    written so shortly before that they need not move, is it hashed again: times that moved may be
    those of a copy's owner or mode. The check comes before any other error of the block, because
    what a decoder says about half-written bytes is about no file at all.
    """
    try:
        yield
    finally:
        if source.stamp is not None:
            _check(source, source.stamp)


def _check(source: Source, before: Stamp) -> None:
    now = stamp_of(source.file)
    if now.size != before.size:
        raise FileChanged("its size changed during the analysis")
    same_times = (now.modified_ns, now.changed_ns) == (before.modified_ns, before.changed_ns)
    if same_times and before.settled:
        return
    if sha256(source.file) != source.sha256:
        raise FileChanged("its content changed during the analysis")
