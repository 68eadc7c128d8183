"""Tell camera raw from an ordinary TIFF: sensor data may lie in any of its directories."""

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, NamedTuple

_MAX_DIRECTORIES: Final = 32
_MAX_ENTRIES: Final = 1024
_MAX_NAME: Final = 64

_COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_DIRECTORIES = 0x103, 0x106, 0x10F, 0x14A
_DNG_VERSION: Final = 0xC612
_SENSOR: Final = frozenset({32_803, 34_892})  # colour filter array, linear raw
_SENSOR_PACKINGS: Final = frozenset(
    {32_767, 32_770, 34_713, 65_535}
)  # Sony, Samsung, Nikon, Pentax
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 13: 4, 16: 8, 18: 8}

MAKERS: Final = {
    "nikon": "nef",
    "sony": "arw",
    "pentax": "pef",
    "ricoh": "pef",
    "samsung": "srw",
    "canon": "cr2",
    "hasselblad": "3fr",
    "kodak": "dcr",
    "epson": "erf",
    "mamiya": "mef",
    "leaf": "mos",
    "phase one": "iiq",
    "leica": "rwl",
}
"""The start of what a maker calls itself in EXIF, and what its raw files are called."""


class _Layout(NamedTuple):
    """How numbers are written: byte order, then sizes as `struct` names them."""

    order: str
    entries: str  # how many there are in a directory
    long: str  # an offset
    entry: int  # bytes of one entry


def raw_format(file: BinaryIO) -> str:
    """Return the format of the camera raw that this TIFF is ("nef", "dng", "raw"), else "".

    Looks at the first directories alone and reads a few hundred bytes of each; a directory that
    cannot be read ends the search.
    """
    head = _at(file, 0, 16)
    big = head[2:4] in (b"+\x00", b"\x00+")
    order = "<" if head[:2] == b"II" else ">"
    layout = _Layout(order, "Q", "Q", 20) if big else _Layout(order, "H", "I", 12)
    try:
        (first,) = struct.unpack_from(order + layout.long, head, 8 if big else 4)
        return _judge(file, layout, first)
    except struct.error:
        return ""


def _judge(file: BinaryIO, layout: _Layout, first: int) -> str:
    waiting, seen, maker = [first], set[int](), ""
    has_sensor_data = False
    while waiting and len(seen) < _MAX_DIRECTORIES:
        at = waiting.pop()
        if at in seen or at < 8:
            continue
        seen.add(at)
        for tag, values in _directory(file, layout, at, waiting):
            if tag == _DNG_VERSION:
                return "dng"
            if tag == _MAKE:
                maker = maker or bytes(values).decode("latin-1").strip("\x00 ").lower()
            elif tag == _SUB_DIRECTORIES:
                waiting.extend(values)
            has_sensor_data |= tag == _PHOTOMETRIC and bool(_SENSOR.intersection(values))
            has_sensor_data |= tag == _COMPRESSION and bool(_SENSOR_PACKINGS.intersection(values))
    if not has_sensor_data:
        return ""
    return next((name for start, name in MAKERS.items() if maker.startswith(start)), "raw")


def _directory(
    file: BinaryIO, layout: _Layout, at: int, waiting: list[int]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Yield the entries that matter here; the directory behind this one is put in `waiting`."""
    width = struct.calcsize("=" + layout.entries)
    (count,) = struct.unpack(layout.order + layout.entries, _at(file, at, width))
    if count > _MAX_ENTRIES:
        return
    body = _at(file, at + width, count * layout.entry + struct.calcsize("=" + layout.long))
    for entry in range(0, count * layout.entry, layout.entry):
        tag, kind = struct.unpack_from(layout.order + "HH", body, entry)
        if tag == _DNG_VERSION:
            yield tag, ()
        elif tag in (_COMPRESSION, _PHOTOMETRIC, _MAKE, _SUB_DIRECTORIES) and kind in _SIZES:
            yield tag, _values(file, layout, body[entry + 4 : entry + layout.entry], kind)
    (following,) = struct.unpack_from(layout.order + layout.long, body, count * layout.entry)
    waiting.append(following)


def _values(file: BinaryIO, layout: _Layout, rest: bytes, kind: int) -> tuple[int, ...]:
    """The numbers of an entry, from what follows its tag and type."""
    (count,) = struct.unpack_from(layout.order + layout.long, rest, 0)
    count, size = min(count, _MAX_NAME), _SIZES[kind]
    inline = rest[struct.calcsize("=" + layout.long) :]
    if count * size > len(inline):
        (offset,) = struct.unpack(layout.order + layout.long, inline)
        inline = _at(file, offset, count * size)
    letter = {1: "B", 2: "H", 4: "I", 8: "Q"}[size]
    return struct.unpack_from(f"{layout.order}{count}{letter}", inline, 0)


def _at(file: BinaryIO, offset: int, size: int) -> bytes:
    if offset >= 1 << 63:
        return b""
    file.seek(offset)
    return file.read(size)
