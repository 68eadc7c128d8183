"""Read the EXIF tags that say who or what made a picture, and when."""

import math
import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from provenance.declared import SearchGap
from provenance.markers.metadata import (
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
)
from provenance.markers.photoshop import read_iim, read_resources
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
_SUB_IFDS: Final = 0x014A
_SIZES: Final = {
    **{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4},
    **{16: 8, 17: 8, 18: 8, 129: 1},  # of BigTIFF, and the UTF-8 of Exif 3.0
}
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 5: "II", 9: "i", 10: "ii", 11: "f", 12: "d"}
_OFFSETS: Final = {4: "I", 13: "I", 16: "Q", 18: "Q"}
_MAX_NUMBERS: Final = 8
_MAX_ENTRIES: Final = 1000
_MAX_DIRECTORIES: Final = 64
_PACKETS: Final = {0x02BC: read_xmp, 0x83BB: read_iim, 0x8649: read_resources}
_SPEAKING: Final = {
    **_TAGS,
    0x02BC: "XMP",
    0x83BB: "IPTC-IIM",
    0x8649: "Photoshop resources",
    _EXIF_IFD: "directory",
    _SUB_IFDS: "directory",
}
"""Tags that may declare something, or lead to what does; of the others none is missed."""

_WANTED: Final = frozenset({*_SPEAKING, *_DETAILS, _GPS_IFD})


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
            raise NotRead("a value lies outside the block")
        return piece


class _Layout(NamedTuple):
    """How directories are written: byte order, then sizes as `struct` names them."""

    order: str
    entries: str  # how many there are
    offset: str
    entry: int  # bytes of one

    def numbers(self, form: str, data: bytes) -> tuple[int, ...]:
        return struct.unpack(self.order + form, data)

    @property
    def width(self) -> int:
        """Bytes of an offset, and most bytes of a value that stands in its entry."""
        return struct.calcsize("=" + self.offset)


class _Directory(NamedTuple):
    offset: int
    details: dict[int, str]
    is_page: bool  # others may follow it


def read_exif_block(block: bytes, container: str, metadata: Metadata) -> None:
    """Collect the tags of an EXIF block, with or without the `Exif\\0\\0` in front."""
    with metadata.reading(f"{container} EXIF"):
        blob = Blob(block.removeprefix(b"Exif\x00\x00"))
        read_tiff(blob, container, metadata, has_pages=False)


def read_tiff(
    source: Bytes | Source, container: str, metadata: Metadata, *, has_pages: bool = True
) -> None:
    """Collect texts and details of a TIFF structure of either size. Raises NotRead.

    In EXIF the second page is a preview, which says nothing of its own: `has_pages` is False.
    """
    head = source.read(0, 8)
    order = {b"II": "<", b"MM": ">"}.get(head[:2])
    if order is None:
        raise NotRead("it has no byte order mark")
    if head[2:4] in (b"+\x00", b"\x00+"):
        layout, first = _Layout(order, "Q", "Q", 20), source.read(8, 8)
    else:
        layout, first = _Layout(order, "H", "I", 12), head[4:]
    (start,) = layout.numbers(layout.offset, first)
    _Walk(source, layout, container, metadata).run(_Directory(start, _DETAILS, has_pages))


class _Walk:
    """One walk through the directories of a TIFF structure."""

    def __init__(
        self, source: Bytes | Source, layout: _Layout, container: str, metadata: Metadata
    ) -> None:
        self._source = source
        self._layout = layout
        self._container = container
        self._metadata = metadata
        self._pending: list[_Directory] = []

    def run(self, first: _Directory) -> None:
        self._pending.append(first)
        seen = {0}  # where no directory can be, and what stands behind the last one
        while self._pending:
            directory = self._pending.pop()
            if directory.offset in seen:
                continue
            if len(seen) > _MAX_DIRECTORIES:
                raise NotRead("it has more directories than are walked", SearchGap.TOO_MUCH)
            seen.add(directory.offset)
            with self._metadata.reading(f"{self._container} EXIF"):
                for tag, kind, value in self._entries(directory):
                    self._take(tag, kind, value, directory.details)

    def _entries(self, directory: _Directory) -> Iterator[tuple[int, int, bytes]]:
        """Yield (tag, type, value bytes) of one directory, of the tags that are wanted."""
        layout = self._layout
        wanted = _WANTED if directory.details is _DETAILS else frozenset(directory.details)
        start = directory.offset + struct.calcsize("=" + layout.entries)
        counted = self._source.read(directory.offset, start - directory.offset)
        (count,) = layout.numbers(layout.entries, counted)
        if count > _MAX_ENTRIES:
            raise NotRead("a directory has more entries than are read", SearchGap.TOO_MUCH)
        table = self._source.read(start, count * layout.entry)
        for at in range(0, len(table), layout.entry):
            entry = table[at : at + layout.entry]
            tag, kind = layout.numbers("HH", entry[:4])
            value = self._value(tag, kind, entry[4:]) if tag in wanted else None
            if value is not None:
                yield tag, kind, value
        if directory.is_page:
            behind = self._source.read(start + len(table), layout.width)
            self._follow(layout.numbers(layout.offset, behind), _DETAILS, is_page=True)

    def _value(self, tag: int, kind: int, rest: bytes) -> bytes | None:
        """The bytes of a value, from what follows tag and type in its entry."""
        layout = self._layout
        (items,) = layout.numbers(layout.offset, rest[: layout.width])
        size, inline = _SIZES.get(kind, 0) * items, rest[layout.width :]
        try:
            if kind not in _SIZES:
                raise NotRead("its type is not known")
            if size <= layout.width:
                return inline[:size]
            return self._source.read(layout.numbers(layout.offset, inline)[0], size)
        except NotRead as error:
            if tag in _SPEAKING:
                where = f"{self._container} EXIF {_SPEAKING[tag]}"
                self._metadata.gap(error.code, where, str(error))
            return None

    def _take(self, tag: int, kind: int, value: bytes, details: Mapping[int, str]) -> None:
        """Keep one value, or go on where it points to."""
        container, metadata = self._container, self._metadata
        if tag in details and (detail := _detail(kind, value, self._layout.order)):
            metadata.note(details[tag], detail)
        if details is _GPS_DETAILS:
            return
        if tag in (_EXIF_IFD, _SUB_IFDS):
            self._follow(self._offsets(kind, value), _DETAILS)
        elif tag == _GPS_IFD:
            self._follow(self._offsets(kind, value), _GPS_DETAILS)
        elif tag in _PACKETS:
            _PACKETS[tag](value, container, metadata)
        elif tag in _TAGS:
            for text in _texts(tag, kind, value, self._layout.order):
                metadata.add(Carrier.EXIF, f"{container} EXIF", _TAGS[tag], text)

    def _follow(
        self, offsets: Iterable[int], details: dict[int, str], *, is_page: bool = False
    ) -> None:
        self._pending += [_Directory(offset, details, is_page) for offset in offsets]

    def _offsets(self, kind: int, value: bytes) -> Iterator[int]:
        form = _OFFSETS.get(kind)
        if form is None:
            raise NotRead("a directory is named by no offset")
        size = _SIZES[kind]
        for at in range(0, min(len(value), _MAX_DIRECTORIES * size) - size + 1, size):
            yield self._layout.numbers(form, value[at : at + size])[0]


def _detail(kind: int, value: bytes, order: str) -> str | tuple[float, ...]:
    """Text or up to eight numbers; empty where the type is one that is not read."""
    if kind in (2, 129):
        return decode(value.partition(b"\x00")[0]).strip()
    form = _NUMBERS.get(kind)
    if form is None:
        return ()
    size = _SIZES[kind]
    rows = (struct.unpack(order + form, value[at : at + size]) for at in range(0, len(value), size))
    numbers = (row[0] if len(row) == 1 else row[0] / row[1] if row[1] else math.nan for row in rows)
    return tuple(float(number) for number, _ in zip(numbers, range(_MAX_NUMBERS), strict=False))


def _texts(tag: int, kind: int, value: bytes, order: str) -> list[str]:
    """The texts of one value; zero bytes part several of them."""
    name = _TAGS[tag]
    if name == "UserComment" and kind not in (2, 129):  # some write it as bytes
        return [_user_comment(value, order)]
    if name.startswith("XP"):
        return value.decode("utf-16-le", errors="replace").split("\x00")
    return [decode(part) for part in value.split(b"\x00")]


def _user_comment(value: bytes, order: str) -> str:
    """Decode by the eight-byte code in front, which many writers do not mean."""
    code, body = value[:8].rstrip(b"\x00 ").upper(), value[8:]
    if code == b"UNICODE":
        return _unicode(body, order)
    if code in (b"ASCII", b""):
        return decode(body)
    if code == b"JIS":
        return body.decode("iso2022_jp", errors="replace")
    return decode(value)


def _unicode(body: bytes, order: str) -> str:
    """Decode what stands behind the code for Unicode: UTF-16 of either order, or UTF-8.

    Many writers ignore the file's byte order, so the order counts in which more characters are
    Latin ones: settings, punctuation and line ends are, around a prompt in any script.
    """
    if body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return body.decode("utf-16", errors="replace")
    if b"\x00" not in body.rstrip(b"\x00"):
        try:
            return body.decode()
        except UnicodeDecodeError:
            pass  # UTF-16 without a single Latin character
    little, big = (body.decode(name, errors="replace") for name in ("utf-16-le", "utf-16-be"))
    latin = [sum("\t" <= letter <= "~" for letter in text) for text in (little, big)]
    if latin[0] == latin[1]:
        return little if order == "<" else big
    return little if latin[0] > latin[1] else big
