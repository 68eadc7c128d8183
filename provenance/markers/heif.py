"""Read the items of a HEIF or AVIF picture that say something: its EXIF and its XMP."""

from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple, Protocol

from provenance.declared import SearchGap
from provenance.markers.exif import read_exif_block
from provenance.markers.metadata import MAX_VALUE, Metadata, NotRead, Source
from provenance.markers.xmp import read_xmp

_IN_FILE, _IN_BOX = 0, 1
"""Ways in which the place of an item is told: by offset in the file, or in the box `idat`."""

_XMP_TYPE: Final = b"application/rdf+xml"


class _Box(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


class _Item(NamedTuple):
    kind: bytes  # "Exif", "mime"
    content_type: bytes
    encoding: bytes


class _Place(NamedTuple):
    item: int
    method: int
    base: int
    extents: tuple[tuple[int, int], ...]  # offset and length of each part


def read_items(
    source: Source, boxes: Mapping[bytes, _Box], container: str, metadata: Metadata
) -> None:
    """Collect EXIF and XMP, by the item tables `iinf` and `iloc` of one `meta` box."""
    kinds = dict(_kinds(source, boxes[b"iinf"]))
    idat = boxes.get(b"idat")
    for place in _places(source, boxes[b"iloc"]):
        item = kinds.get(place.item)
        if item is None:
            continue
        if item.kind == b"Exif":
            with metadata.reading(f"{container} EXIF"):
                raw = _content(source, place, idat)
                read_exif_block(raw[4 + int.from_bytes(raw[:4], "big") :], container, metadata)
        elif item.kind == b"mime" and item.content_type == _XMP_TYPE:
            with metadata.reading(f"{container} XMP"):
                if item.encoding:
                    raise NotRead("it is compressed", SearchGap.COMPRESSED)
                read_xmp(_content(source, place, idat), container, metadata)


def _content(source: Source, place: _Place, idat: _Box | None) -> bytes:
    """The bytes of an item, put together from its parts. Raises NotRead."""
    base = place.base
    if place.method == _IN_BOX and idat is not None:
        base += idat.start
    elif place.method != _IN_FILE:
        raise NotRead("it is made of other items")
    if sum(length for _, length in place.extents) > MAX_VALUE:
        raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
    return b"".join(source.read(base + offset, length) for offset, length in place.extents)


def _kinds(source: Source, iinf: _Box) -> Iterator[tuple[int, _Item]]:
    """Yield the number and the kind of each item."""
    wide = source.read(iinf.start, 1)[0] > 0
    start = iinf.start + (8 if wide else 6)
    while start + 8 <= iinf.end:
        source.step()
        size = int.from_bytes(source.read(start, 4), "big")
        if size < 8:
            raise NotRead("an entry of the item table is shorter than its header")
        body = source.read(start + 8, min(size - 8, 512))
        if len(body) >= 12 and body[0] in (2, 3):
            width = 4 if body[0] == 3 else 2
            kind, rest = body[6 + width : 10 + width], body[10 + width :]
            _, content_type, encoding, *_ = (*rest.split(b"\x00"), b"", b"", b"")
            number = int.from_bytes(body[4 : 4 + width], "big")
            yield number, _Item(kind, content_type.lower(), encoding)
        start += size


def _places(source: Source, iloc: _Box) -> Iterator[_Place]:
    body = source.read(iloc.start, min(iloc.end - iloc.start, MAX_VALUE))
    if len(body) < 8:
        raise NotRead("an item table ends early")
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
        extents = []
        for _ in range(cursor.take(2)):
            cursor.take(index_size)
            extents.append((cursor.take(offset_size), cursor.take(length_size)))
        yield _Place(item, method, base, tuple(extents))


class _Cursor:
    """Takes big-endian numbers off a block; the end of the block is damage."""

    def __init__(self, data: bytes, offset: int) -> None:
        self._data = data
        self._offset = offset

    def take(self, size: int) -> int:
        piece = self._data[self._offset : self._offset + size]
        if len(piece) != size:
            raise NotRead("an item table ends early")
        self._offset += size
        return int.from_bytes(piece, "big")
