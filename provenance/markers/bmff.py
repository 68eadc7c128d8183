"""Walk ISO base media files: MP4, MOV, M4A, HEIC, AVIF, JPEG XL, JPEG 2000 and Canon's CR3."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from provenance.declared import SearchGap
from provenance.markers.exif import read_exif_block
from provenance.markers.heif import read_items
from provenance.markers.id3 import read_id3
from provenance.markers.metadata import (
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
)
from provenance.markers.trailer import read_trailer
from provenance.markers.xmp import read_xmp

_XMP_UUID: Final = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_EXIF_UUID: Final = b"JpgTiffExif->JP2"
_CANON_UUID: Final = bytes.fromhex("85C0B687820F11E08111F4CE462B6A48")
_MAX_DEPTH: Final = 12
_CONTAINERS: Final = (b"moov", b"udta", b"trak", b"edts", b"mdia", b"minf", b"moof", b"traf")
_STRUCTURAL: Final = (b"mvhd", b"tkhd", b"elst", b"mdhd", b"hdlr", b"mdat")
_PACKED: Final = {b"cmov": "MOV header", b"brob": "JPEG XL box"}
_PACKED_TEXTS: Final = (b"Exif", b"xml ")
"""Boxes of JPEG XL that Brotli may have packed and that say something."""

_BEGINNING: Final = 1024
"""Bytes that are kept of the sample data: encoders put their name in front of the first picture."""
_KNOWN_ITEMS: Final = {
    b"\xa9too": "Encoder",
    b"\xa9enc": "EncodedBy",
    b"\xa9cmt": "Comment",
    b"\xa9nam": "Title",
    b"\xa9ART": "Artist",
    b"\xa9alb": "Album",
    b"\xa9des": "Description",
    b"\xa9inf": "Information",
    b"\xa9swr": "Software",
    b"\xa9mak": "Make",
    b"\xa9mod": "Model",
    b"\xa9day": "Date",
    b"\xa9gen": "Genre",
    b"\xa9lyr": "Lyrics",
    b"\xa9wrt": "Composer",
    b"\xa9xyz": "Location",
    b"\xa9cpy": "Copyright",
    b"desc": "Description",
    b"ldes": "LongDescription",
    b"cprt": "Copyright",
    b"AIGC": "AIGC",
}
_PHONE_TEXTS: Final = {
    b"titl": "Title",
    b"dscp": "Description",
    b"auth": "Artist",
    b"perf": "Artist",
    b"cprt": "Copyright",
}
"""Items of MP4 and 3GP that have four bytes of version and two of language in front of the text."""

_ENCODINGS: Final = {0: "utf-8", 1: "utf-8", 2: "utf-16-be"}
"""Types of an item's data that are text; 0 states none."""


class Box(NamedTuple):
    """One box: its type, where its content starts, and where it ends."""

    kind: bytes
    start: int
    end: int

    @property
    def size(self) -> int:
        return self.end - self.start


def read_bmff(source: Source, metadata: Metadata) -> None:
    """Collect tags, XMP, EXIF and the boxes that time it. Sample data is stepped over."""
    brand = source.peek(8, 4) if source.peek(4, 4) == b"ftyp" else b"qt  "
    names = {b"qt  ": "MOV", b"heic": "HEIC", b"avif": "AVIF", b"M4A ": "M4A", b"crx ": "CR3"}
    container = names.get(brand, "MP4")
    if source.peek(4, 4) in (b"JXL ", b"jP  "):
        container = "JXL" if source.peek(4, 4) == b"JXL " else "JP2"
    with metadata.reading(container):
        _walk(source, 0, source.size, container, metadata, 0)


def _walk(
    source: Source, start: int, end: int, container: str, metadata: Metadata, depth: int
) -> None:
    if depth > _MAX_DEPTH:
        raise NotRead("its boxes are nested too deeply")
    for box in boxes(source, start, end):
        if box.kind in _STRUCTURAL:
            body = source.peek(box.start, min(box.size, _BEGINNING))
            metadata.keep(box.kind.decode(), body, box.size)
        elif box.kind in _CONTAINERS:
            _walk(source, box.start, box.end, container, metadata, depth + 1)
        elif box.kind == b"uuid" and source.peek(box.start, 16) == _CANON_UUID:
            _walk(source, box.start + 16, box.end, container, metadata, depth + 1)
        else:
            with metadata.reading(f"{container} {decode(box.kind).strip()}"):
                _leaf(source, box, container, metadata)


def _leaf(source: Source, box: Box, container: str, metadata: Metadata) -> None:
    """Read a box that holds something said, if it is one."""
    kind = box.kind
    if kind == b"meta":
        _meta(source, box, container, metadata)
    elif kind == b"uuid":
        _extension(source, box, container, metadata)
    elif kind in (b"xml ", b"XMP_"):
        read_xmp(source.read(box.start, box.size), container, metadata)
    elif kind == b"Exif" and box.size > 4:
        read_exif_block(source.read(box.start + 4, box.size - 4), container, metadata)
    elif kind in (b"CMT1", b"CMT2", b"CMT4"):
        read_exif_block(source.read(box.start, box.size), container, metadata)
    elif kind == b"sefd":
        read_trailer(source.part(box.start, box.size), 0, container, metadata)
    elif kind == b"ID32" and box.size > 6:
        read_id3(source.read_long(box.start + 6, box.size - 6), container, metadata)
    elif kind in _PHONE_TEXTS and box.size > 6:
        text = _text(source.read(box.start + 6, box.size - 6))
        metadata.add(Carrier.TEXT, f"{container} udta", _PHONE_TEXTS[kind], text)
    elif kind in _KNOWN_ITEMS:
        _user_data(kind, source.read(box.start, box.size), container, metadata)
    elif kind in _PACKED and (kind != b"brob" or source.peek(box.start, 4) in _PACKED_TEXTS):
        metadata.gap(SearchGap.COMPRESSED, _PACKED[kind], "it is compressed")


def _extension(source: Source, box: Box, container: str, metadata: Metadata) -> None:
    name = source.peek(box.start, 16)
    if name == _XMP_UUID:
        read_xmp(source.read(box.start + 16, box.size - 16), container, metadata)
    elif name == _EXIF_UUID:
        read_exif_block(source.read(box.start + 16, box.size - 16), container, metadata)


def boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets. Raises NotRead for one that contradicts itself."""
    while start + 8 <= end:
        source.step()
        head = source.read(start, 8)
        size, kind, skip = int.from_bytes(head[:4], "big"), head[4:], 8
        if size == 1:
            size, skip = int.from_bytes(source.read(start + 8, 8), "big"), 16
        elif size == 0:
            size = end - start
        if size < skip:
            if not head.strip(b"\x00"):
                return  # zeros that fill a file or end the user data of QuickTime
            raise NotRead("a box is shorter than its own header")
        yield Box(kind, start + skip, min(start + size, end))
        start += size


def _text(raw: bytes) -> str:
    """Text that says itself, by a mark in front, whether it is UTF-16."""
    if raw[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return raw.decode("utf-16", errors="replace")
    return decode(raw)


def _user_data(kind: bytes, body: bytes, container: str, metadata: Metadata) -> None:
    """Read a QuickTime user data item: length, language and text, or several; or the text alone."""
    offset, where = 0, f"{container} udta"
    if len(body) < 4 or not 0 < int.from_bytes(body[:2], "big") <= len(body) - 4:
        metadata.add(Carrier.TEXT, where, _KNOWN_ITEMS[kind], _text(body.lstrip(b"\x00")))
        return
    while offset + 4 <= len(body):
        length = int.from_bytes(body[offset : offset + 2], "big")
        text = _text(body[offset + 4 : offset + 4 + length])
        metadata.add(Carrier.TEXT, where, _KNOWN_ITEMS[kind], text)
        offset += 4 + length


def _meta(source: Source, meta: Box, container: str, metadata: Metadata) -> None:
    """Read one `meta` box: iTunes items, QuickTime keys, and items of HEIF pictures."""
    # In QuickTime it is a plain box, everywhere else four bytes of version come first.
    start = meta.start if source.peek(meta.start + 4, 4) == b"hdlr" else meta.start + 4
    found = list(boxes(source, start, meta.end))
    first = {box.kind: box for box in reversed(found)}
    keys = _keys(source, first[b"keys"]) if b"keys" in first else []
    for box in found:
        with metadata.reading(f"{container} {decode(box.kind).strip()}"):
            if box.kind == b"ilst":
                _items(source, box, keys, container, metadata)
            elif box.kind == b"xml ":
                read_xmp(source.read(box.start + 4, box.size - 4), container, metadata)
            elif box.kind == b"ID32" and box.size > 6:
                read_id3(source.read_long(box.start + 6, box.size - 6), container, metadata)
    if b"iinf" in first and b"iloc" in first:
        read_items(source, first, container, metadata)


def _keys(source: Source, box: Box) -> list[str]:
    names = []
    for entry in boxes(source, box.start + 8, box.end):
        names.append(decode(source.read(entry.start, entry.size)))
    return names


def _items(source: Source, ilst: Box, keys: list[str], container: str, metadata: Metadata) -> None:
    for item in boxes(source, ilst.start, ilst.end):
        parts = list(boxes(source, item.start, item.end))
        number = int.from_bytes(item.kind, "big")
        name = next((part for part in parts if part.kind == b"name"), None)
        if item.kind == b"----" and name is not None:
            key = decode(source.read(name.start + 4, name.size - 4))
        elif item.kind in _KNOWN_ITEMS:
            key = _KNOWN_ITEMS[item.kind]
        elif 0 < number <= len(keys):
            key = keys[number - 1]
        else:
            key = decode(item.kind)
        for part in parts:
            if part.kind == b"data" and part.size > 8:
                with metadata.reading(f"{container} tag {key}"):
                    _value(source, part, key, container, metadata)


def _value(source: Source, data: Box, key: str, container: str, metadata: Metadata) -> None:
    """Keep one value of an item if it is text; one may have several."""
    encoding = _ENCODINGS.get(int.from_bytes(source.read(data.start, 4), "big"))
    if encoding == "utf-8":
        value = decode(source.read(data.start + 8, data.size - 8))
    elif encoding is not None:
        value = source.read(data.start + 8, data.size - 8).decode(encoding, "replace")
    else:
        return  # a picture or a number
    metadata.add(Carrier.TEXT, f"{container} tag", key, value)
