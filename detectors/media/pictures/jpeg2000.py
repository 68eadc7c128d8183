"""JPEG 2000: how deep its samples are, and which channel is which colour."""

import struct
from typing import Final

from PIL import Image as Pillow

from detectors.media.notes import Note
from detectors.media.pictures.boxes import first
from detectors.media.pictures.survey import Survey, as_file

_CODESTREAM = b"\xff\x4f\xff\x51"
_FIRST_DEPTH = 42  # bytes from there to Ssiz of the first component (ITU-T T.800, A.5.1)
_COLOUR: Final = 0
_OPACITY: Final = (1, 2)


def survey(data: bytes) -> Survey:
    """Facts of the file."""
    at = data.find(_CODESTREAM)
    depth = 8
    if 0 <= at < len(data) - _FIRST_DEPTH:
        depth = (data[at + _FIRST_DEPTH] & 0x7F) + 1
    notes = (Note.REDUCED_TO_8_BITS,) if depth > 8 else ()
    return Survey(file=as_file(data), notes=notes, depth=depth)


def in_order(picture: Pillow.Image, data: bytes) -> Pillow.Image:
    """The picture with its channels as Pillow names them, which it takes as they are stored."""
    order, stored = _order(data), list(range(len(picture.getbands())))
    if order == stored or sorted(order) != stored:
        return picture
    bands = picture.split()
    return Pillow.merge(picture.mode, [bands[place] for place in order])


def _order(data: bytes) -> list[int]:
    """The places of red, green, blue or grey, and then of opacity; empty where none are told."""
    header = first(data, b"jp2h")
    told = header and first(data, b"cdef", header)
    if not told:
        return []
    meanings = list(struct.iter_unpack(">HHH", _whole(data[told[0] + 2 : told[1]])))
    colours = sorted((which, place) for place, kind, which in meanings if kind == _COLOUR)
    if [which for which, _ in colours] != list(range(1, len(colours) + 1)):
        return []
    opacity = [place for place, kind, _ in meanings if kind in _OPACITY]
    return [place for _, place in colours] + opacity


def _whole(entries: bytes) -> bytes:
    return entries[: len(entries) // 6 * 6]
