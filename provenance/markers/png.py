"""Walk PNG: text chunks of every kind, EXIF, XMP, hidden text, and what follows the end."""

from typing import Final

from provenance.markers.exif import read_exif_block
from provenance.markers.jpeg import XMP_HEADER
from provenance.markers.metadata import (
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
    inflated,
)
from provenance.markers.photoshop import read_resources
from provenance.markers.stealth import Pixels, read_stealth
from provenance.markers.trailer import read_trailer
from provenance.markers.xmp import read_xmp

_TEXTS: Final = (b"tEXt", b"zTXt", b"iTXt", b"comf")
"""Chunks with a keyword and a value; `comf` is what ComfyUI writes into animations."""

_XMP_KEY: Final = b"XML:com.adobe.xmp"
_PROFILE: Final = b"Raw profile type "


def read_png(source: Source, metadata: Metadata) -> None:
    """Collect what a PNG says of itself, before and behind the pixels and in their last bits."""
    offset, header, pixels, ended = 8, b"", list[tuple[int, int]](), False
    with metadata.reading("PNG"):
        while True:
            source.step()
            head = source.read(offset, 8)
            length, kind = int.from_bytes(head[:4], "big"), head[4:]
            if kind == b"IHDR":
                header = source.read(offset + 8, min(length, 13))
            elif kind == b"IDAT":
                pixels.append((offset + 8, length))
            elif kind in _TEXTS or kind == b"eXIf":
                with metadata.reading(f"PNG {kind.decode()}"):
                    _chunk(kind, source.read(offset + 8, length), metadata)
            offset += 12 + length
            if kind == b"IEND":
                ended = True
            if (ended and source.peek(offset + 4, 4) not in _TEXTS) or offset == source.size:
                break
        if not ended:
            metadata.warn("PNG: the file has no end chunk")
    read_stealth(Pixels(source, header, pixels), metadata)
    read_trailer(source, min(offset, source.size), "PNG", metadata)


def _chunk(kind: bytes, body: bytes, metadata: Metadata) -> None:
    if kind == b"eXIf":
        read_exif_block(body, "PNG", metadata)
        return
    key, _, rest = body.partition(b"\x00")
    if kind == b"zTXt":
        rest = inflated(rest[1:])
    elif kind == b"iTXt":
        compressed, rest = rest[:1] == b"\x01", rest[2:]
        _, _, rest = rest.partition(b"\x00")
        _, _, rest = rest.partition(b"\x00")
        rest = inflated(rest) if compressed else rest
    if key == _XMP_KEY:
        read_xmp(rest, "PNG", metadata)
    elif key.startswith(_PROFILE):
        _raw_profile(key.removeprefix(_PROFILE).lower(), rest, metadata)
    else:
        metadata.add(Carrier.TEXT, f"PNG {kind.decode()}", decode(key), decode(rest))


def _raw_profile(name: bytes, value: bytes, metadata: Metadata) -> None:
    """Read the hexadecimal profiles that ImageMagick writes: name, length, digits."""
    if name in (b"icc", b"icm"):
        return
    parts = value.split(None, 2)
    try:
        data = bytes.fromhex(decode(parts[2])) if len(parts) == 3 else b""
    except ValueError:
        data = b""
    if not data:
        raise NotRead("a raw profile holds no hexadecimal digits")
    if data.startswith(XMP_HEADER):
        read_xmp(data[len(XMP_HEADER) :], "PNG raw profile", metadata)
    elif name in (b"exif", b"app1"):
        read_exif_block(data, "PNG raw profile", metadata)
    elif name == b"xmp":
        read_xmp(data, "PNG raw profile", metadata)
    elif name in (b"iptc", b"8bim"):
        read_resources(data, "PNG raw profile", metadata)
