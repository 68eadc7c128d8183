"""Walk the containers of pictures: JPEG, PNG, GIF, TIFF, WebP's inside, and SVG."""

import re
import zlib
from typing import Final

from provenance.markers.exif import read_exif_block, read_tiff
from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    MetadataDamaged,
    Source,
    decode,
)
from provenance.markers.xmp import read_xmp

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\x00"
_EXTENDED_XMP: Final = b"http://ns.adobe.com/xmp/extension/\x00"
_PHOTOSHOP: Final = b"Photoshop 3.0\x00"
_IIM: Final = {
    (2, 5): "Title",
    (2, 40): "Instructions",
    (2, 80): "Byline",
    (2, 105): "Headline",
    (2, 110): "Credit",
    (2, 115): "Source",
    (2, 116): "Copyright",
    (2, 120): "Caption",
    (2, 65): "Program",
}
_STRUCTURAL: Final = {
    0xC0: "SOF0",
    0xC1: "SOF1",
    0xC2: "SOF2",
    0xDB: "DQT",
    0xE0: "APP0",
    0xEE: "APP14",
}
_GIF_XMP: Final = b"XMP DataXMP"
_GIF_BYTES: Final = 64 << 20
_TRAILER_BYTES: Final = 4096


def read_jpeg(source: Source, metadata: Metadata) -> None:
    """Collect EXIF, XMP (extended too), IPTC and comments up to the first scan."""
    offset = 2
    extended: dict[int, bytes] = {}
    while True:
        source.step()
        marker, length = _jpeg_segment(source, offset)
        if marker in (0xDA, 0xD9):
            break
        body = source.read(offset + 4, length - 2)
        if marker == 0xE1:
            _jpeg_app1(body, extended, metadata)
        elif marker == 0xED and body.startswith(_PHOTOSHOP):
            _photoshop(body[len(_PHOTOSHOP) :], "JPEG", metadata)
        elif marker == 0xFE:
            metadata.add(Carrier.COMMENT, "JPEG", "comment", decode(body))
        elif marker in _STRUCTURAL:
            metadata.keep(_STRUCTURAL[marker], body)
        offset += 2 + length
    if extended:
        read_xmp(b"".join(extended[at] for at in sorted(extended)), "JPEG extended XMP", metadata)
    read_trailer(source, "JPEG", metadata)


def _jpeg_segment(source: Source, offset: int) -> tuple[int, int]:
    head = source.read(offset, 4)
    while head[0] == 0xFF and head[1] == 0xFF:  # fill bytes
        source.step()
        offset += 1
        head = source.read(offset, 4)
    if head[0] != 0xFF:
        raise MetadataDamaged("no marker where one must be")
    length = int.from_bytes(head[2:], "big")
    if length < 2:
        raise MetadataDamaged("a segment is shorter than its own length field")
    return head[1], length


def _jpeg_app1(body: bytes, extended: dict[int, bytes], metadata: Metadata) -> None:
    if body.startswith(b"Exif\x00"):
        read_exif_block(body, "JPEG", metadata)
    elif body.startswith(_XMP):
        read_xmp(body[len(_XMP) :], "JPEG", metadata)
    elif body.startswith(_EXTENDED_XMP):
        # After the name: 32 characters of digest, total length, offset of this part.
        part = body[len(_EXTENDED_XMP) + 32 :]
        extended[int.from_bytes(part[4:8], "big")] = part[8:]


def _photoshop(blocks: bytes, container: str, metadata: Metadata) -> None:
    """Walk Photoshop resource blocks for the IPTC-IIM one, number 0x0404."""
    offset = 0
    while blocks[offset : offset + 4] == b"8BIM":
        number = blocks[offset + 4 : offset + 6]
        name_length = blocks[offset + 6] if offset + 6 < len(blocks) else 0
        start = offset + 6 + (name_length + 2) // 2 * 2
        size = int.from_bytes(blocks[start : start + 4], "big")
        if number == b"\x04\x04":
            _iim(blocks[start + 4 : start + 4 + size], container, metadata)
        offset = start + 4 + (size + 1) // 2 * 2


def _iim(data: bytes, container: str, metadata: Metadata) -> None:
    offset = 0
    while offset + 5 <= len(data) and data[offset] == 0x1C:
        key = (data[offset + 1], data[offset + 2])
        size = int.from_bytes(data[offset + 3 : offset + 5], "big")
        if key in _IIM and size < 0x8000:
            value = decode(data[offset + 5 : offset + 5 + size])
            metadata.add(Carrier.IIM, f"{container} IPTC-IIM", _IIM[key], value)
        offset += 5 + size


def read_png(source: Source, metadata: Metadata) -> None:
    """Collect text chunks, before and after the pixels, EXIF, XMP, and what follows the end."""
    offset = 8
    while True:
        source.step()
        head = source.read(offset, 8)
        length, kind = int.from_bytes(head[:4], "big"), head[4:]
        if kind in (b"tEXt", b"zTXt", b"iTXt", b"eXIf"):
            try:
                _png_chunk(kind, source.read(offset + 8, length), metadata)
            except (zlib.error, ValueError) as error:
                metadata.warn(f"PNG {kind.decode()}: {error}")
        offset += 12 + length
        if kind == b"IEND":
            break
    read_trailer(source, "PNG", metadata)


def _png_chunk(kind: bytes, body: bytes, metadata: Metadata) -> None:
    where = f"PNG {kind.decode()}"
    if kind == b"eXIf":
        read_exif_block(body, "PNG", metadata)
        return
    key, _, rest = body.partition(b"\x00")
    if kind == b"zTXt":
        value = decode(_inflate(rest[1:]))
    elif kind == b"iTXt":
        compressed, rest = rest[:1] == b"\x01", rest[2:]
        _, _, rest = rest.partition(b"\x00")
        _, _, rest = rest.partition(b"\x00")
        rest = _inflate(rest) if compressed else rest
        if key == b"XML:com.adobe.xmp":
            read_xmp(rest, "PNG", metadata)
            return
        value = decode(rest)
    else:
        value = decode(rest)
    if key.startswith(b"Raw profile type"):
        _raw_profile(key, value, metadata)
        return
    metadata.add(Carrier.TEXT, where, decode(key), value)


def _raw_profile(key: bytes, value: str, metadata: Metadata) -> None:
    """Read the hexadecimal profiles that ImageMagick writes: name, length, digits."""
    parts = value.split(None, 2)
    if len(parts) < 3:
        return
    try:
        data = bytes.fromhex(parts[2])
    except ValueError:
        metadata.warn("PNG raw profile: no hexadecimal digits")
        return
    if key.endswith((b"exif", b"APP1")):
        if data.startswith(_XMP):
            read_xmp(data[len(_XMP) :], "PNG raw profile", metadata)
        else:
            read_exif_block(data, "PNG raw profile", metadata)
    elif key.endswith(b"xmp"):
        read_xmp(data, "PNG raw profile", metadata)
    elif key.endswith(b"iptc"):
        _photoshop(data, "PNG raw profile", metadata)


def _inflate(data: bytes) -> bytes:
    inflater = zlib.decompressobj()
    text = inflater.decompress(data, MAX_VALUE)
    if inflater.unconsumed_tail:
        raise ValueError("decompresses to more than is read")
    return text


def read_gif(source: Source, metadata: Metadata) -> None:
    """Collect comments and XMP from the extension blocks."""
    try:
        _gif(source, source.peek(0, _GIF_BYTES), metadata)
    except IndexError:
        raise MetadataDamaged("the file ends early") from None


def _gif(source: Source, data: bytes, metadata: Metadata) -> None:
    offset = 13 + _colour_table(data[10])
    while (kind := data[offset]) != 0x3B:
        source.step()
        if kind == 0x2C:
            offset = _gif_blocks(data, offset + 11 + _colour_table(data[offset + 9]))
        elif kind == 0x21:
            start, offset = offset + 2, _gif_blocks(data, offset + 2)
            _gif_extension(data[start - 1 : offset], metadata)
        else:
            raise MetadataDamaged("an unknown block")


def _colour_table(flags: int) -> int:
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(data: bytes, offset: int) -> int:
    """Follow length-prefixed sub-blocks and return the offset behind the empty one."""
    while length := data[offset]:
        offset += 1 + length
    return offset + 1


def _gif_extension(block: bytes, metadata: Metadata) -> None:
    """Read a comment, or XMP, which is not cut into sub-blocks: a ramp of bytes ends it."""
    if block[0] == 0xFE:
        text, offset = bytearray(), 1
        while length := block[offset]:
            text += block[offset + 1 : offset + 1 + length]
            offset += 1 + length
        metadata.add(Carrier.COMMENT, "GIF", "comment", decode(bytes(text)))
    elif block[0] == 0xFF and block[2:13] == _GIF_XMP:
        read_xmp(block[13:].partition(b"\x01\xff\xfe")[0], "GIF", metadata)


def read_tiff_file(source: Source, metadata: Metadata) -> None:
    """Collect the tags of a TIFF or DNG file."""
    read_tiff(source, "TIFF", metadata)


def read_svg(source: Source, metadata: Metadata) -> None:
    """Collect the XMP packet and the comments of an SVG text."""
    text = source.peek(0, MAX_VALUE)
    start, end = text.find(b"<x:xmpmeta"), text.find(b"</x:xmpmeta>")
    if 0 <= start < end:
        read_xmp(text[start : end + 12], "SVG", metadata)
    for comment in re.findall(rb"<!--(.{1,2000}?)-->", text, re.DOTALL)[:20]:
        metadata.add(Carrier.COMMENT, "SVG", "comment", decode(comment))


def read_trailer(source: Source, container: str, metadata: Metadata) -> None:
    """Collect Samsung's tagged trailer, which hangs behind the end of the picture."""
    tail = source.peek(max(0, source.size - _TRAILER_BYTES), _TRAILER_BYTES)
    if not tail.endswith(b"SEFT"):
        return
    for match in re.finditer(rb'\{[^{}]{0,500}"genAIType"[^{}]{0,500}\}', tail):
        metadata.add(Carrier.TRAILER, f"{container} trailer", "PEg_Info", decode(match[0]))
