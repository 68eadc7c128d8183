"""Read the EXIF tags that say who or what made a picture, and when."""

import math
import struct
from collections.abc import Iterator
from typing import Final, Protocol

from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    MetadataDamaged,
    Source,
    decode,
)
from provenance.markers.xmp import read_xmp

_TAGS: Final = {
    0x010E: "ImageDescription",
    0x010F: "Make",
    0x0110: "Model",
    0x0131: "Software",
    0x0132: "DateTime",
    0x013B: "Artist",
    0x8298: "Copyright",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9D: "XPAuthor",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9286: "UserComment",
    0xA433: "LensMake",
    0xA434: "LensModel",
    0xA436: "ImageTitle",
    0xA437: "Photographer",
    0xA438: "ImageEditor",
    0xA439: "CameraFirmware",
    0xA43A: "RAWDevelopingSoftware",
    0xA43B: "ImageEditingSoftware",
    0xA43C: "MetadataEditingSoftware",
}
_DETAILS: Final = {
    0x0112: "Orientation",
    0x0132: "DateTime",
    0x829A: "ExposureTime",
    0x829D: "FNumber",
    0x8827: "ISOSpeedRatings",
    0x9003: "DateTimeOriginal",
    0x9004: "DateTimeDigitized",
    0x9010: "OffsetTime",
    0x9011: "OffsetTimeOriginal",
    0x9012: "OffsetTimeDigitized",
    0x920A: "FocalLength",
    0xA002: "PixelXDimension",
    0xA003: "PixelYDimension",
}
_GPS_DETAILS: Final = {
    0x01: "GPSLatitudeRef",
    0x02: "GPSLatitude",
    0x03: "GPSLongitudeRef",
    0x04: "GPSLongitude",
    0x05: "GPSAltitudeRef",
    0x06: "GPSAltitude",
    0x07: "GPSTimeStamp",
    0x1D: "GPSDateStamp",
}
_EXIF_IFD: Final = 0x8769
_GPS_IFD: Final = 0x8825
_XMP_TAG: Final = 0x02BC
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 5: "II", 9: "i", 10: "ii", 11: "f", 12: "d"}
_MAX_NUMBERS: Final = 8
_MAX_ENTRIES: Final = 1000
_WANTED: Final = frozenset({*_TAGS, *_DETAILS, _EXIF_IFD, _GPS_IFD, _XMP_TAG})


class Bytes(Protocol):
    """What a TIFF structure is read from: a blob, or a whole TIFF file."""

    def read(self, offset: int, count: int) -> bytes: ...


class Blob:
    """A TIFF structure that lies in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data

    def read(self, offset: int, count: int) -> bytes:
        piece = self._data[offset : offset + count]
        if offset < 0 or len(piece) != count:
            raise MetadataDamaged("an EXIF value lies outside the block")
        return piece


def read_exif_block(block: bytes, container: str, metadata: Metadata) -> None:
    """Collect the tags of an EXIF block, with or without the `Exif\\0\\0` in front."""
    try:
        read_tiff(Blob(block.removeprefix(b"Exif\x00\x00")), container, metadata)
    except MetadataDamaged as error:
        metadata.warn(f"EXIF in {container}: {error}")


def read_tiff(source: Bytes | Source, container: str, metadata: Metadata) -> None:
    """Collect texts and details of a TIFF structure. Raises MetadataDamaged."""
    head = source.read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise MetadataDamaged("no byte order mark")
    pending = [(struct.unpack(order + "I", head[4:])[0], _WANTED, _DETAILS)]
    seen: set[int] = set()
    while pending:
        offset, wanted, details = pending.pop()
        if offset in seen or len(seen) > 8:
            continue
        seen.add(offset)
        for tag, kind, value in _entries(source, order, offset, wanted):
            if tag in details and (detail := _detail(kind, value, order)):
                metadata.note(details[tag], detail)
            if details is _GPS_DETAILS:
                continue
            if tag == _EXIF_IFD and len(value) >= 4:
                pending.append((struct.unpack(order + "I", value[:4])[0], _WANTED, _DETAILS))
            elif tag == _GPS_IFD and len(value) >= 4:
                place = struct.unpack(order + "I", value[:4])[0]
                pending.append((place, frozenset(_GPS_DETAILS), _GPS_DETAILS))
            elif tag == _XMP_TAG:
                read_xmp(value, container, metadata)
            elif tag in _TAGS:
                text = _text(tag, kind, value, order)
                metadata.add(Carrier.EXIF, f"{container} EXIF", _TAGS[tag], text)


def _entries(
    source: Bytes | Source, order: str, offset: int, wanted: frozenset[int]
) -> Iterator[tuple[int, int, bytes]]:
    """Yield (tag, type, value bytes) of one directory, of the tags that are wanted."""
    (count,) = struct.unpack(order + "H", source.read(offset, 2))
    if count > _MAX_ENTRIES:
        raise MetadataDamaged("a directory has too many entries")
    table = source.read(offset + 2, 12 * count)
    for number in range(count):
        entry = table[12 * number : 12 * number + 12]
        tag, kind, items = struct.unpack(order + "HHI", entry[:8])
        if tag not in wanted:
            continue
        size = _SIZES.get(kind, 0) * items
        if size > MAX_VALUE:
            continue
        if size <= 4:
            yield tag, kind, entry[8 : 8 + size]
        else:
            yield tag, kind, source.read(struct.unpack(order + "I", entry[8:])[0], size)


def _detail(kind: int, value: bytes, order: str) -> str | tuple[float, ...]:
    """Text or up to eight numbers; empty where the type is one that is not read."""
    if kind == 2:
        return decode(value.partition(b"\x00")[0]).strip()
    form = _NUMBERS.get(kind)
    if form is None:
        return ()
    size = _SIZES[kind]
    rows = (struct.unpack(order + form, value[at : at + size]) for at in range(0, len(value), size))
    numbers = (row[0] if len(row) == 1 else row[0] / row[1] if row[1] else math.nan for row in rows)
    return tuple(float(number) for number, _ in zip(numbers, range(_MAX_NUMBERS), strict=False))


def _text(tag: int, kind: int, value: bytes, order: str) -> str:
    name = _TAGS[tag]
    if name == "UserComment" and kind != 2:  # some write it as bytes instead of "undefined"
        return _user_comment(value, order)
    if name.startswith("XP"):
        return value.decode("utf-16-le", errors="replace")
    return decode(value.partition(b"\x00")[0])


def _user_comment(value: bytes, order: str) -> str:
    """Decode by the eight-byte code in front. Many writers ignore the file's byte order, so
    UTF-16 is read in the order that makes its first character a Latin one."""
    code, body = value[:8].rstrip(b"\x00 "), value[8:]
    if code == b"UNICODE":
        if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
            return body.decode("utf-16", errors="replace")
        if body[:1] == b"\x00" or body[1:2] == b"\x00":
            return body.decode("utf-16-be" if body[:1] == b"\x00" else "utf-16-le", "replace")
        return body.decode("utf-16-le" if order == "<" else "utf-16-be", "replace")
    if code in (b"ASCII", b""):
        return decode(body)
    if code == b"JIS":
        return body.decode("iso2022_jp", errors="replace")
    return decode(value)
