"""Walk the smaller containers of pictures: GIF, TIFF and camera raws, and SVG."""

import re
from collections.abc import Iterator
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.exif import read_tiff
from provenance.markers.jpeg import read_jpeg
from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
)
from provenance.markers.photoshop import read_iim, read_resources
from provenance.markers.xmp import read_xmp

_GIF_XMP: Final = b"XMP DataXMP"
_GIF_PROFILES: Final = {b"MGK8BIM0000": read_resources, b"MGKIPTC0000": read_iim}
_GIF_BYTES: Final = 64 << 20
_RAF_PREVIEW: Final = 84
"""Where a Fuji raw names offset and length of the JPEG that carries its metadata."""

_SVG_SAYS: Final = re.compile(
    rb"<(?:\w{1,20}:)?(title|desc)\b[^>]{0,200}>\s*(?:<!\[CDATA\[)?([^<]{1,4000}?)(?:\]\]>)?\s*<",
    re.IGNORECASE,
)
_SVG_GENERATOR: Final = "generator:"
_SVG_PACKETS: Final = (b"x:xmpmeta", b"xmpmeta", b"rdf:RDF")


def read_gif(source: Source, metadata: Metadata) -> None:
    """Collect comments, XMP and IPTC from the extension blocks."""
    with metadata.reading("GIF"):
        try:
            _gif(source, source.peek(0, _GIF_BYTES), metadata)
        except IndexError:
            raise NotRead("the file ends early") from None


def _gif(source: Source, data: bytes, metadata: Metadata) -> None:
    offset = 13 + _colour_table(data[10])
    while offset < len(data) and (kind := data[offset]) != 0x3B:
        source.step()
        if kind == 0x2C:
            offset = _gif_blocks(data, offset + 11 + _colour_table(data[offset + 9]))
        elif kind == 0x21:
            start, offset = offset + 2, _gif_blocks(data, offset + 2)
            _gif_extension(data[start - 1 : offset], metadata)
        elif kind == 0:  # viewers skip it
            offset += 1
        else:
            raise NotRead("it holds an unknown block")
    if offset >= _GIF_BYTES:
        raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, offset: int) -> int:
    """Follow length-prefixed sub-blocks and return the offset behind the empty one."""
    while length := data[offset]:
        offset += 1 + length
    return offset + 1


def _gif_extension(block: bytes, metadata: Metadata) -> None:
    """Read a comment, a profile, or XMP, which is not cut into sub-blocks: a ramp ends it."""
    if block[0] == 0xFE:
        metadata.add(Carrier.COMMENT, "GIF", "comment", decode(_joined(block, 1)))
    elif block[0] == 0xFF and block[2:13] == _GIF_XMP:
        read_xmp(block[13:].partition(b"\x01\xff\xfe")[0], "GIF", metadata)
    elif block[0] == 0xFF and block[2:13] in _GIF_PROFILES:
        _GIF_PROFILES[block[2:13]](_joined(block, 13), "GIF", metadata)


def _joined(block: bytes, offset: int) -> bytes:
    text = bytearray()
    while length := block[offset]:
        text += block[offset + 1 : offset + 1 + length]
        offset += 1 + length
    return bytes(text)


def read_tiff_file(source: Source, metadata: Metadata) -> None:
    """Collect the tags of a TIFF file, or of a camera raw that is built like one."""
    with metadata.reading("TIFF"):
        read_tiff(source, "TIFF", metadata)


def read_raf(source: Source, metadata: Metadata) -> None:
    """Collect what the JPEG inside a Fuji raw says, which is where this format keeps it."""
    with metadata.reading("RAF"):
        place = source.read(_RAF_PREVIEW, 8)
        start, size = int.from_bytes(place[:4], "big"), int.from_bytes(place[4:], "big")
        read_jpeg(source.part(start, size), metadata)


def read_svg(source: Source, metadata: Metadata) -> None:
    """Collect XMP or RDF, titles, descriptions and comments of an SVG text."""
    text = source.peek(0, MAX_VALUE)
    with metadata.reading("SVG"):
        if source.size > MAX_VALUE:
            metadata.gap(SearchGap.TOO_LARGE, "The rest of the SVG", "it is larger than is read")
        tag = next((tag for tag in _SVG_PACKETS if b"<" + tag in text), b"")
        for packet in _between(text, b"<" + tag, b"</" + tag) if tag else ():
            read_xmp(b"<" + tag + packet + b"</" + tag + b">", "SVG", metadata)
        for key, said in _SVG_SAYS.findall(text):
            name = decode(key).lower().replace("desc", "description")
            metadata.add(Carrier.TEXT, "SVG", name, decode(said))
        for comment in _between(text, b"<!--", b"-->"):
            words = decode(comment).strip()
            if words.lower().startswith(_SVG_GENERATOR):
                metadata.add(Carrier.TEXT, "SVG", "generator", words[len(_SVG_GENERATOR) :])
            else:
                metadata.add(Carrier.COMMENT, "SVG", "comment", words)


def _between(text: bytes, opening: bytes, closing: bytes) -> Iterator[bytes]:
    """What stands between each `opening` and the `closing` behind it. Raises NotRead without one."""
    end = 0
    while (start := text.find(opening, end)) >= 0:
        start += len(opening)
        end = text.find(closing, start)
        if end < 0:
            raise NotRead(f"{decode(opening)} has no end", SearchGap.UNPARSABLE)
        yield text[start:end]
