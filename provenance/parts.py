"""Several files in one: how the segments of a fragmented video travel through one descriptor."""

import io
from collections.abc import Sequence
from typing import BinaryIO, cast

from provenance.errors import RequestInvalid


def split(file: BinaryIO, sizes: Sequence[int]) -> list[BinaryIO]:
    """Return a reader for each consecutive part of a seekable file. They share its position.

    Raises:
        RequestInvalid: the sizes are not those of the parts of this file.
    """
    end = file.seek(0, io.SEEK_END)
    if any(type(size) is not int or size < 0 for size in sizes) or sum(sizes) != end:
        raise RequestInvalid("the parts do not add up to the file")
    starts = [sum(sizes[:index]) for index in range(len(sizes))]
    return [
        cast(BinaryIO, io.BufferedReader(_Part(file, start, size)))
        for start, size in zip(starts, sizes, strict=True)
    ]


class _Part(io.RawIOBase):
    """A stretch of a file, seekable from 0."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(base + offset, 0)
        return self._at

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        wanted = min(len(buffer), max(self._size - self._at, 0))
        self._file.seek(self._start + self._at)
        data = self._file.read(wanted)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)
