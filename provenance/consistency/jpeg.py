"""How a JPEG was compressed, against the camera or the program that its metadata names.

The quantisation tables are those of libjpeg if they are tables K.1 and K.2 of ITU T.81, scaled by
a quality as libjpeg does it. Programs, websites and part of the telephones use them; Adobe's and
most cameras use tables of their own. Cameras write Exif without the JFIF header that libjpeg puts
in front, and in one scan, never progressively.
"""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Final, NamedTuple

from provenance.consistency.catalogue import trace
from provenance.consistency.facts import Facts
from provenance.declared import Trace
from provenance.markers.metadata import Part

_LUMINANCE: Final = (
    16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56,
    14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113,
    92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99,
)  # fmt: skip
_CHROMINANCE: Final = (
    17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99,
    47, 66, 99, 99, 99, 99, 99, 99, *(99,) * 32,
)  # fmt: skip


def _diagonals() -> tuple[int, ...]:
    """The order in which a JPEG stores the 64 values: by diagonals, in turns up and down."""
    places = ((row, column) for row in range(8) for column in range(8))
    ordered = sorted(places, key=lambda at: (sum(at), at[0] if sum(at) % 2 else at[1]))
    return tuple(8 * row + column for row, column in ordered)


_ZIGZAG: Final = _diagonals()

_OF_ADOBE: Final = re.compile(r"Adobe (?:Photoshop|Lightroom)")


class Compression(NamedTuple):
    """What the segments in front of the picture say of its encoder."""

    width: int
    height: int
    progressive: bool
    quality: int | None  # of libjpeg, when the tables are exactly its own
    jfif: bool
    adobe: bool


def find(facts: Facts) -> Iterator[Trace]:
    """Yield what shows that the picture was saved again after the camera or program named."""
    made = compression(facts.parts("SOF0", "SOF1", "SOF2", "DQT", "APP0", "APP14"))
    if made is None:
        return
    program = facts.program
    if _OF_ADOBE.match(program) and not made.adobe and made.jfif and made.quality:
        yield trace(
            "jpeg.program",
            f"The metadata names {program}, but the picture was compressed by libjpeg at quality "
            f"{made.quality}, without the segment that Adobe's programs write.",
        )
    if program or not facts.camera:
        return
    yield from _size(facts, made)
    how = _not_a_camera(made)
    if how:
        yield trace(
            "jpeg.encoder",
            f"EXIF names {facts.camera}, but the picture was compressed {how}, as programs and "
            "websites do and cameras hardly ever do. So it is probably not the file that the camera wrote.",
        )


def _size(facts: Facts, made: Compression) -> Iterator[Trace]:
    width, height = facts.number("PixelXDimension"), facts.number("PixelYDimension")
    if width and height and sorted((width, height)) != sorted((made.width, made.height)):
        yield trace(
            "jpeg.size",
            f"EXIF says that the camera took {width:g} x {height:g} pixels; the picture has "
            f"{made.width} x {made.height}.",
        )


def _not_a_camera(made: Compression) -> str:
    if made.progressive:
        return "progressively"
    if made.jfif and made.quality:
        return f"with libjpeg's header and tables, at quality {made.quality}"
    return ""


def compression(parts: list[Part]) -> Compression | None:
    """Read the structural segments of a JPEG; None when there is no frame header."""
    frame = next((part for part in parts if part.name.startswith("SOF")), None)
    if frame is None or len(frame.body) < 6:
        return None
    return Compression(
        width=int.from_bytes(frame.body[3:5], "big"),
        height=int.from_bytes(frame.body[1:3], "big"),
        progressive=frame.name == "SOF2",
        quality=_quality(tuple(part.body for part in parts if part.name == "DQT")),
        jfif=any(part.name == "APP0" and part.body[:5] == b"JFIF\x00" for part in parts),
        adobe=any(part.name == "APP14" and part.body[:5] == b"Adobe" for part in parts),
    )


def _tables(bodies: tuple[bytes, ...]) -> dict[int, tuple[int, ...]]:
    """Quantisation tables by number, each of 64 values in row order."""
    found: dict[int, tuple[int, ...]] = {}
    for body in bodies:
        offset = 0
        while offset < len(body):
            wide, number = 1 + (body[offset] >> 4), body[offset] & 15
            raw = body[offset + 1 : offset + 1 + 64 * wide]
            if wide > 2 or len(raw) != 64 * wide:
                break
            values = [0] * 64
            for place, start in zip(_ZIGZAG, range(0, len(raw), wide), strict=True):
                values[place] = int.from_bytes(raw[start : start + wide], "big")
            found[number] = tuple(values)
            offset += 1 + 64 * wide
    return found


@lru_cache(maxsize=64)
def _quality(bodies: tuple[bytes, ...]) -> int | None:
    """That of libjpeg, by the segments that hold the tables: an archive has few of them."""
    tables = _tables(bodies)
    quality = _scaled(_LUMINANCE).get(tables.get(0, ()))
    if quality is None or (1 in tables and _scaled(_CHROMINANCE).get(tables[1]) != quality):
        return None
    return quality


@lru_cache(maxsize=2)
def _scaled(table: tuple[int, ...]) -> dict[tuple[int, ...], int]:
    """The qualities 1 to 99 by the table that libjpeg makes of this one; at 100 all are ones."""
    scaled: dict[tuple[int, ...], int] = {}
    for quality in range(1, 100):
        share = 5000 // quality if quality < 50 else 200 - 2 * quality
        made = tuple(min(255, max(1, (value * share + 50) // 100)) for value in table)
        scaled.setdefault(made, quality)
    return scaled
