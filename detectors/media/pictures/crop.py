"""Which part of an AVIF is to be shown. Its decoders hand out all that was coded."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.media.pictures.boxes import boxes, first

RGB = npt.NDArray[np.uint8]

_TURNS: Final = (b"irot", b"imir")
_PADDING: Final = 1
"""Rows or columns that an encoder adds by itself, where it wants an even number of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Crop:
    """Columns and rows to be shown, as the picture was coded, that is before it is turned."""

    left: int
    top: int
    width: int
    height: int

    def of(self, pixels: RGB) -> RGB:
        """The part of these pixels that is to be shown."""
        rows = slice(self.top, self.top + self.height)
        return np.ascontiguousarray(pixels[rows, self.left : self.left + self.width])

    def hides_some_of(self, size: tuple[int, int]) -> bool:
        """Whether more is left out than what an encoder adds by itself."""
        return max(size[0] - self.width, size[1] - self.height) > _PADDING


def crop_of(data: bytes, size: tuple[int, int]) -> Crop | None:
    """What the file says of its cover picture; None where all of it is to be shown.

    A crop that reaches beyond the picture is no crop. One that follows a turn would be another
    part; AVIF does not allow it.
    """
    try:
        return _part(data, size)
    except (struct.error, IndexError):  # a box that ends too early
        return None


def _part(data: bytes, size: tuple[int, int]) -> Crop | None:
    for kind, start, end in _properties_of_cover(data):
        if kind in _TURNS:
            return None
        if kind == b"clap":
            return _as_crop(struct.unpack_from(">IIIIiIiI", data[start:end]), size)
    return None


def _as_crop(numbers: tuple[int, ...], size: tuple[int, int]) -> Crop | None:
    if not all(numbers[1::2]):
        return None
    width, height, across, down = (
        Fraction(above, below) for above, below in zip(numbers[::2], numbers[1::2], strict=True)
    )
    left, top = round((size[0] - width) / 2 + across), round((size[1] - height) / 2 + down)
    crop = Crop(left=left, top=top, width=round(width), height=round(height))
    inside = 0 <= left <= size[0] - crop.width and 0 <= top <= size[1] - crop.height
    if not inside or min(crop.width, crop.height) < 1 or (crop.width, crop.height) == size:
        return None
    return crop


def _properties_of_cover(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of the properties of the primary item, in their order."""
    meta = first(data, b"meta")
    if meta is None:
        return
    inside = (meta[0] + 4, meta[1])
    primary, properties = first(data, b"pitm", inside), first(data, b"iprp", inside)
    kept = properties and first(data, b"ipco", properties)
    if primary is None or properties is None or not kept:
        return
    cover = _number(data, primary[0] + 4, 4 if data[primary[0]] else 2)
    known = list(boxes(data, *kept))
    for kind, start, end in boxes(data, *properties):
        if kind == b"ipma":
            for place in _associated(data[start:end], cover):
                if 1 <= place <= len(known):
                    yield known[place - 1]


def _associated(body: bytes, cover: int) -> Iterator[int]:
    """The places, counted from 1, of the properties of one item in a box that says whose they are."""
    identifier, place = 4 if body[0] else 2, 2 if body[3] & 1 else 1
    at = 8
    for _ in range(_number(body, 4, 4)):
        item, count = _number(body, at, identifier), body[at + identifier]
        at += identifier + 1
        if item == cover:
            essential = 1 << (8 * place - 1)
            yield from (
                _number(body, at + place * number, place) & ~essential for number in range(count)
            )
        at += place * count


def _number(body: bytes, at: int, length: int) -> int:
    if at + length > len(body):
        raise IndexError(at)
    return int.from_bytes(body[at : at + length], "big")
