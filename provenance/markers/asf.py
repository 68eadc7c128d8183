"""Walk ASF, the container of WMA and WMV, and FLV: what their headers say in words."""

import struct
from collections.abc import Iterator
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.metadata import Carrier, Metadata, NotRead, Source, decode
from provenance.markers.xmp import read_xmp

_CONTENT: Final = bytes.fromhex("3326B2758E66CF11A6D900AA0062CE6C")
_MORE_CONTENT: Final = bytes.fromhex("40A4D0D207E3D21197F000A0C95EA850")
_EXTENSION: Final = bytes.fromhex("B503BF5F2EA9CF118EE300C00C205365")
_LIBRARY: Final = bytes.fromhex("941C23449894D149A1411D134E457054")
_METADATA: Final = bytes.fromhex("EACBF8C5AF5B77488467AA8C44FA4CCA")
_XMP: Final = bytes.fromhex("BE7ACFCB97A942E89C71999491E3AFAC")
_FIELDS: Final = ("Title", "Author", "Copyright", "Description", "Rating")
_HEADER: Final = 30
_OBJECT: Final = 24
_MAX_ITEMS: Final = 2000

_FLV_SCRIPT: Final = 18
_FLV_TAGS: Final = 64
"""Tags of an FLV among which its metadata is looked for: it is the first by custom."""

_MAX_SCRIPT: Final = 1 << 20
_AMF_TEXT: Final = 2


def read_asf(source: Source, metadata: Metadata) -> None:
    """Collect the content descriptions in the header of ASF, and XMP."""
    with metadata.reading("ASF"):
        size = struct.unpack("<Q", source.read(16, 8))[0]
        _objects(source, _HEADER, min(size, source.size), metadata)
        for kind, start, end in _walk(source, size, source.size):
            if kind == _XMP:
                with metadata.reading("ASF XMP"):
                    read_xmp(source.read(start, end - start), "ASF", metadata)


def _objects(source: Source, start: int, end: int, metadata: Metadata) -> None:
    for kind, first, last in _walk(source, start, end):
        with metadata.reading("ASF description"):
            if kind == _CONTENT:
                _content(source.read(first, last - first), metadata)
            elif kind == _MORE_CONTENT:
                _more_content(source.read(first, last - first), metadata)
            elif kind in (_LIBRARY, _METADATA):
                _library(source.read_long(first, last - first), metadata)
            elif kind == _EXTENSION:
                _objects(source, first + 22, last, metadata)


def _walk(source: Source, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    while start + _OBJECT <= end:
        source.step()
        head = source.read(start, _OBJECT)
        size = struct.unpack("<Q", head[16:])[0]
        if size < _OBJECT:
            raise NotRead("an object is shorter than its own header")
        yield head[:16], start + _OBJECT, min(start + size, end)
        start += size


def _content(body: bytes, metadata: Metadata) -> None:
    if len(body) < 10:
        raise NotRead("it ends early")
    offset = 10
    for key, length in zip(_FIELDS, struct.unpack("<5H", body[:10]), strict=True):
        metadata.add(Carrier.TEXT, "ASF", key, _text(body[offset : offset + length]))
        offset += length


def _more_content(body: bytes, metadata: Metadata) -> None:
    """Read names and values, each with a length in front."""
    offset = 2
    for _ in range(min(int.from_bytes(body[:2], "little"), _MAX_ITEMS)):
        (length,) = _unpack("<H", body, offset)
        key = _text(body[offset + 2 : offset + 2 + length])
        offset += 2 + length
        kind, size = _unpack("<HH", body, offset)
        if kind == 0:
            value = _text(body[offset + 4 : offset + 4 + size])
            metadata.add(Carrier.TEXT, "ASF", key.removeprefix("WM/"), value)
        offset += 4 + size


def _library(body: bytes, metadata: Metadata) -> None:
    """Read the same with the numbers of stream and language, and with long values."""
    offset = 2
    for _ in range(min(int.from_bytes(body[:2], "little"), _MAX_ITEMS)):
        _, _, length, kind, size = _unpack("<HHHHI", body, offset)
        start = offset + 12
        if kind == 0:
            key, value = body[start : start + length], body[start + length : start + length + size]
            metadata.add(Carrier.TEXT, "ASF", _text(key).removeprefix("WM/"), _text(value))
        offset = start + length + size


def _unpack(form: str, body: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(form, body, offset)
    except struct.error:
        raise NotRead("it ends early") from None


def _text(raw: bytes) -> str:
    return raw.decode("utf-16-le", errors="replace")


def read_flv(source: Source, metadata: Metadata) -> None:
    """Collect the texts of the script tag in which FLV says what it is."""
    start = int.from_bytes(source.peek(5, 4), "big") + 4
    with metadata.reading("FLV"):
        for _ in range(_FLV_TAGS):
            head = source.peek(start, 11)
            if len(head) < 11:
                return
            size = int.from_bytes(head[1:4], "big")
            if head[0] & 0x1F == _FLV_SCRIPT:
                if size > _MAX_SCRIPT:
                    raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
                _script(source.read(start + 11, size), metadata)
            start += 11 + size + 4


def _script(body: bytes, metadata: Metadata) -> None:
    """Find every property that is a text: a name, the type of a text, and the text."""
    offset, found = 0, 0
    while offset + 2 < len(body) and found < _MAX_ITEMS:
        length = int.from_bytes(body[offset : offset + 2], "big")
        kind = body[offset + 2 + length : offset + 3 + length]
        name = body[offset + 2 : offset + 2 + length]
        if not 0 < length <= 64 or kind != bytes([_AMF_TEXT]) or not name.isascii():
            offset += 1
            continue
        start = offset + 3 + length
        size = int.from_bytes(body[start : start + 2], "big")
        value = body[start + 2 : start + 2 + size]
        metadata.add(Carrier.TEXT, "FLV", decode(name), decode(value))
        offset, found = start + 2 + size, found + 1
    if found == _MAX_ITEMS:
        raise NotRead("it has more items than are read", SearchGap.TOO_MUCH)
