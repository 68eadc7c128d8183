"""Walk ISO base media files: MP4, MOV, M4A, HEIC, AVIF and JPEG XL."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from provenance.markers.exif import read_exif_block
from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    MetadataDamaged,
    Source,
    decode,
)
from provenance.markers.xmp import read_xmp

_XMP_UUID: Final = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_MAX_DEPTH: Final = 12
_CONTAINERS: Final = (b"moov", b"udta", b"trak", b"edts", b"mdia", b"minf", b"moof", b"traf")
_STRUCTURAL: Final = (b"mvhd", b"tkhd", b"elst", b"mdhd", b"hdlr", b"mdat")
_BEGINNING: Final = 1024
"""Bytes that are kept of the sample data: encoders put their name in front of the first picture."""
_KNOWN_ITEMS: Final = {
    b"\xa9too": "Encoder",
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
    b"\xa9cpy": "Copyright",
    b"desc": "Description",
    b"ldes": "LongDescription",
    b"cprt": "Copyright",
}


class Box(NamedTuple):
    """One box: its type, where its content starts, and where it ends."""

    kind: bytes
    start: int
    end: int


def read_bmff(source: Source, metadata: Metadata) -> None:
    """Collect tags, XMP, EXIF and the boxes that time it. Sample data is stepped over."""
    brand = source.peek(8, 4)
    container = {b"qt  ": "MOV", b"heic": "HEIC", b"avif": "AVIF", b"M4A ": "M4A", b"jxl ": "JXL"}
    _walk(source, 0, source.size, container.get(brand, "MP4"), metadata, 0)


def _walk(
    source: Source, start: int, end: int, container: str, metadata: Metadata, depth: int
) -> None:
    if depth > _MAX_DEPTH:
        raise MetadataDamaged("boxes are nested too deeply")
    for box in _boxes(source, start, end):
        size = box.end - box.start
        if box.kind in _STRUCTURAL:
            metadata.keep(box.kind.decode(), source.peek(box.start, min(size, _BEGINNING)), size)
        elif box.kind in _CONTAINERS:
            _walk(source, box.start, box.end, container, metadata, depth + 1)
        elif box.kind == b"meta":
            _meta(source, box, container, metadata)
        elif box.kind == b"uuid" and source.peek(box.start, 16) == _XMP_UUID:
            read_xmp(source.read(box.start + 16, size - 16), container, metadata)
        elif box.kind in (b"xml ", b"XMP_"):
            read_xmp(source.read(box.start, size), container, metadata)
        elif box.kind == b"Exif" and size > 4:
            read_exif_block(source.read(box.start + 4, size - 4), container, metadata)
        elif box.kind in _KNOWN_ITEMS and size <= MAX_VALUE:
            _user_data(box.kind, source.read(box.start, size), container, metadata)


def _boxes(source: Source, start: int, end: int) -> Iterator[Box]:
    while start + 8 <= end:
        source.step()
        head = source.read(start, 8)
        size, kind, skip = int.from_bytes(head[:4], "big"), head[4:], 8
        if size == 1:
            size, skip = int.from_bytes(source.read(start + 8, 8), "big"), 16
        elif size == 0:
            size = end - start
        if size < skip:
            raise MetadataDamaged("a box is shorter than its own header")
        yield Box(kind, start + skip, min(start + size, end))
        start += size


def _user_data(kind: bytes, body: bytes, container: str, metadata: Metadata) -> None:
    """Read a QuickTime user data item: length, language and text; or the text alone."""
    length = int.from_bytes(body[:2], "big")
    text = body[4 : 4 + length] if 4 + length <= len(body) and length else body.lstrip(b"\x00")
    metadata.add(Carrier.TEXT, f"{container} udta", _KNOWN_ITEMS[kind], decode(text))


def _meta(source: Source, meta: Box, container: str, metadata: Metadata) -> None:
    """Read one `meta` box: iTunes items, QuickTime keys, and items of HEIF pictures."""
    # In QuickTime it is a plain box, everywhere else four bytes of version come first.
    start = meta.start if source.peek(meta.start + 4, 4) == b"hdlr" else meta.start + 4
    boxes = {box.kind: box for box in _boxes(source, start, meta.end)}
    keys = _keys(source, boxes[b"keys"]) if b"keys" in boxes else []
    if b"ilst" in boxes:
        _items(source, boxes[b"ilst"], keys, container, metadata)
    if b"iinf" in boxes and b"iloc" in boxes:
        _pictures(source, boxes[b"iinf"], boxes[b"iloc"], container, metadata)
    if b"xml " in boxes:
        box = boxes[b"xml "]
        read_xmp(source.read(box.start + 4, box.end - box.start - 4), container, metadata)


def _keys(source: Source, box: Box) -> list[str]:
    names = []
    for entry in _boxes(source, box.start + 8, box.end):
        names.append(decode(source.read(entry.start, entry.end - entry.start)))
    return names


def _items(source: Source, ilst: Box, keys: list[str], container: str, metadata: Metadata) -> None:
    for item in _boxes(source, ilst.start, ilst.end):
        parts = {box.kind: box for box in _boxes(source, item.start, item.end)}
        number = int.from_bytes(item.kind, "big")
        if item.kind == b"----" and b"name" in parts:
            name = parts[b"name"]
            key = decode(source.read(name.start + 4, name.end - name.start - 4))
        elif item.kind in _KNOWN_ITEMS:
            key = _KNOWN_ITEMS[item.kind]
        elif 0 < number <= len(keys):
            key = keys[number - 1]
        else:
            key = decode(item.kind)
        data = parts.get(b"data")
        if data and 8 < data.end - data.start <= MAX_VALUE:
            kind = source.read(data.start, 4)
            if kind in (b"\x00\x00\x00\x01", b"\x00\x00\x00\x00"):  # UTF-8, or not stated
                value = decode(source.read(data.start + 8, data.end - data.start - 8))
                metadata.add(Carrier.TEXT, f"{container} tag", key, value)


def _pictures(source: Source, iinf: Box, iloc: Box, container: str, metadata: Metadata) -> None:
    """Read the EXIF and XMP items of a HEIF or AVIF picture, where they lie in the file itself."""
    kinds = dict(_item_kinds(source, iinf))
    for item, offset, length in _locations(source, iloc):
        kind = kinds.get(item)
        if kind == b"Exif" and 4 < length <= MAX_VALUE:
            raw = source.read(offset, length)
            skip = 4 + int.from_bytes(raw[:4], "big")
            read_exif_block(raw[skip:], container, metadata)
        elif kind == b"mime" and length <= MAX_VALUE:
            raw = source.read(offset, length)
            if b"<x:xmpmeta" in raw or b"<rdf:RDF" in raw:
                read_xmp(raw, container, metadata)


def _item_kinds(source: Source, iinf: Box) -> Iterator[tuple[int, bytes]]:
    version = source.read(iinf.start, 1)[0]
    for entry in _boxes(source, iinf.start + (6 if version == 0 else 8), iinf.end):
        body = source.read(entry.start, min(entry.end - entry.start, 32))
        if entry.kind == b"infe" and len(body) >= 12 and body[0] in (2, 3):
            wide = 4 if body[0] == 3 else 2
            item = int.from_bytes(body[4 : 4 + wide], "big")
            yield item, body[6 + wide : 10 + wide]


def _locations(source: Source, iloc: Box) -> Iterator[tuple[int, int, int]]:
    """Yield (item, offset, length) of items in one piece at an absolute place in the file."""
    body = source.read(iloc.start, min(iloc.end - iloc.start, MAX_VALUE))
    cursor = _Cursor(body, 6)
    version = body[0]
    offset_size, length_size = body[4] >> 4, body[4] & 15
    base_size, index_size = body[5] >> 4, body[5] & 15 if version in (1, 2) else 0
    wide = 4 if version == 2 else 2
    for _ in range(cursor.take(wide)):
        source.step()
        item = cursor.take(wide)
        method = cursor.take(2) & 15 if version in (1, 2) else 0
        cursor.take(2)
        base = cursor.take(base_size)
        extents = [
            (cursor.take(index_size), cursor.take(offset_size), cursor.take(length_size))
            for _ in range(cursor.take(2))
        ]
        if len(extents) == 1 and method == 0:
            yield item, base + extents[0][1], extents[0][2]


class _Cursor:
    """Takes big-endian numbers off a block; the end of the block is damage."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def take(self, size: int) -> int:
        piece = self._data[self._offset : self._offset + size]
        if len(piece) != size:
            raise MetadataDamaged("an item table ends early")
        self._offset += size
        return int.from_bytes(piece, "big")
