"""Walk FLAC, Ogg and Matroska, which keep their tags as keywords and values."""

from collections.abc import Iterator
from typing import Final

from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    MetadataDamaged,
    Source,
    decode,
)

_OGG_SEARCH: Final = 1 << 16
_MAX_COMMENTS: Final = 1000

_SEGMENT, _INFO, _TAGS, _TAG, _SIMPLE = 0x18538067, 0x1549A966, 0x1254C367, 0x7373, 0x67C8
_NAME, _STRING = 0x45A3, 0x4487
_INFO_TEXTS: Final = {0x4D80: "MuxingApp", 0x5741: "WritingApp", 0x7BA9: "Title"}


def read_flac(source: Source, metadata: Metadata) -> None:
    """Collect the Vorbis comments among FLAC's metadata blocks."""
    offset, last = 4, False
    while not last:
        source.step()
        head = source.read(offset, 4)
        last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
        if kind == 4:
            _vorbis(source.read(offset + 4, min(size, MAX_VALUE)), "FLAC", metadata)
        offset += 4 + size


def read_ogg(source: Source, metadata: Metadata) -> None:
    """Collect the comments of the first Vorbis or Opus stream, if they fit its first pages."""
    head = _without_page_headers(source.peek(0, _OGG_SEARCH))
    for mark in (b"\x03vorbis", b"OpusTags"):
        at = head.find(mark)
        if at >= 0:
            _vorbis(head[at + len(mark) :], "Ogg", metadata)
            return


def _without_page_headers(raw: bytes) -> bytes:
    packets, offset = bytearray(), 0
    while raw[offset : offset + 4] == b"OggS" and offset + 27 <= len(raw):
        table = raw[offset + 27 : offset + 27 + raw[offset + 26]]
        start = offset + 27 + len(table)
        packets += raw[start : start + sum(table)]
        offset = start + sum(table)
    return bytes(packets)


def _vorbis(block: bytes, container: str, metadata: Metadata) -> None:
    """Read a comment block: vendor, count, then KEY=value; every length is little-endian."""
    vendor, offset = _counted(block, 0)
    metadata.add(Carrier.TEXT, f"{container} comment", "vendor", decode(vendor))
    count = int.from_bytes(block[offset : offset + 4], "little")
    offset += 4
    for _ in range(min(count, _MAX_COMMENTS)):
        entry, offset = _counted(block, offset)
        key, _, value = decode(entry).partition("=")
        if not key.upper().startswith("METADATA_BLOCK_PICTURE"):
            metadata.add(Carrier.TEXT, f"{container} comment", key, value)


def _counted(block: bytes, offset: int) -> tuple[bytes, int]:
    size = int.from_bytes(block[offset : offset + 4], "little")
    end = offset + 4 + size
    if offset + 4 > len(block) or end > len(block):
        raise MetadataDamaged("a comment is longer than its block")
    return block[offset + 4 : end], end


def read_matroska(source: Source, metadata: Metadata) -> None:
    """Collect the segment's application names and tags from Matroska or WebM."""
    for kind, start, end in _elements(source, 0, source.size):
        if kind != _SEGMENT:
            continue
        for inner, first, last in _elements(source, start, end):
            if inner == _INFO:
                _info(source, first, last, metadata)
            elif inner == _TAGS:
                _tags(source, first, last, metadata)


def _info(source: Source, start: int, end: int, metadata: Metadata) -> None:
    for kind, first, last in _elements(source, start, end):
        if kind in _INFO_TEXTS:
            text = decode(source.read(first, last - first))
            metadata.add(Carrier.TEXT, "Matroska info", _INFO_TEXTS[kind], text)


def _tags(source: Source, start: int, end: int, metadata: Metadata) -> None:
    for tag, first, last in _elements(source, start, end):
        if tag != _TAG:
            continue
        for simple, low, high in _elements(source, first, last):
            if simple == _SIMPLE:
                parts = {
                    kind: decode(source.read(at, to - at))
                    for kind, at, to in _elements(source, low, high)
                    if kind in (_NAME, _STRING)
                }
                key, value = parts.get(_NAME, ""), parts.get(_STRING, "")
                metadata.add(Carrier.TEXT, "Matroska tag", key, value)


def _elements(source: Source, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield (identifier, first byte, end) of the elements between two offsets."""
    while start < end:
        source.step()
        head = source.peek(start, 12)
        kind, used = _number(head, keep_marker=True)
        size, more = _number(head[used:], keep_marker=False)
        first = start + used + more
        unknown = size == (1 << 7 * more) - 1
        last = end if unknown else min(first + size, end)
        yield kind, first, last
        start = last


def _number(raw: bytes, *, keep_marker: bool) -> tuple[int, int]:
    """Read a variable-length number: leading zero bits of the first byte tell its length."""
    if not raw or raw[0] == 0:
        raise MetadataDamaged("an element has no length")
    size = 9 - raw[0].bit_length()
    value = int.from_bytes(raw[:size], "big")
    if len(raw) < size:
        raise MetadataDamaged("the file ends early")
    return (value if keep_marker else value & ((1 << 7 * size) - 1)), size
