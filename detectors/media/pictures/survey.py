"""What a picture file holds that its decoder does not hand on: the same answer of every container."""

import io
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.wire import HandlerError


class Transfer(IntEnum):
    """Transfer functions of ITU-T H.273 for HDR; every other one counts as that of a plain screen."""

    PQ = 16
    HLG = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """Code points of ITU-T H.273, as in a `nclx` box or a cICP chunk."""

    primaries: int
    transfer: int

    @property
    def hdr(self) -> Transfer | None:
        """How its samples are to be understood if they are meant for an HDR screen."""
        return Transfer(self.transfer) if self.transfer in tuple(Transfer) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Survey:
    """Facts of one file, and what Pillow is to read of it."""

    file: BinaryIO
    notes: tuple[Note, ...] = ()
    depth: int = 8  # bits of a sample
    colour: Colour | None = None
    lossless: bool | None = None  # None: not known


def as_file(data: bytes) -> BinaryIO:
    return io.BytesIO(data)


def require_pixels(width: int, height: int, limits: Limits) -> None:
    """Raise `HandlerError` for a picture that is too large to be decoded."""
    if width * height > limits.pixels:
        size = f"{width:,} x {height:,}"
        detail = f"the picture has {size} pixels; {limits.pixels:,} are allowed"
        raise HandlerError("media_too_large", detail)
