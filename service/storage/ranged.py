"""Read a file that lies elsewhere, fetching only what is looked at."""

import io
import os
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple, cast

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

FIRST_BYTES: Final = 64 * 1024
MOST_BYTES: Final = 8 * 1024**2

Fetch = Callable[[str, int, int], bytes]
"""Name of an object, offset in it, how many bytes."""


class Piece(NamedTuple):
    """An object that holds so many bytes of a file, from an offset in the file on."""

    name: str
    at: int
    size: int


def ranged(pieces: Sequence[Piece], fetch: Fetch) -> BinaryIO:
    """A seekable handle on pieces that follow each other. Reading raises what `fetch` raises."""
    return cast(BinaryIO, io.BufferedReader(_Ranged(pieces, fetch), FIRST_BYTES))


class _Ranged(io.RawIOBase):
    """One request fetches the more, the longer reading goes on in a row."""

    def __init__(self, pieces: Sequence[Piece], fetch: Fetch) -> None:
        self._pieces = pieces
        self._starts = [piece.at for piece in pieces]
        self._size = pieces[-1].at + pieces[-1].size if pieces else 0
        self._fetch = fetch
        self._position = 0
        self._window = b""
        self._window_at = 0
        self._ahead = FIRST_BYTES

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def readinto(self, buffer: "WriteableBuffer") -> int:
        target = memoryview(buffer).cast("B")
        if self._position >= self._size or not target:
            return 0
        skipped = self._position - self._window_at
        if not 0 <= skipped < len(self._window):
            self._move(in_a_row=skipped == len(self._window), wanted=len(target))
            skipped = 0
        taken = self._window[skipped : skipped + len(target)]
        target[: len(taken)] = taken
        self._position += len(taken)
        return len(taken)

    def _move(self, *, in_a_row: bool, wanted: int) -> None:
        self._ahead = min(2 * self._ahead, MOST_BYTES) if in_a_row else FIRST_BYTES
        piece = self._pieces[bisect_right(self._starts, self._position) - 1]
        within = self._position - piece.at
        size = min(max(self._ahead, min(wanted, MOST_BYTES)), piece.size - within)
        self._window = self._fetch(piece.name, within, size)
        self._window_at = self._position
