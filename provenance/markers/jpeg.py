"""Walk JPEG: its segments from the first to the end of the last scan, and what hangs behind."""

import re
from dataclasses import dataclass, field
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.exif import read_exif_block
from provenance.markers.metadata import Carrier, Metadata, NotRead, Source, decode
from provenance.markers.photoshop import read_resources
from provenance.markers.trailer import read_trailer
from provenance.markers.xmp import MAX_PACKET, read_xmp

_XMP_NAME: Final = b"http://ns.adobe.com/xap/1.0/"
XMP_HEADER: Final = _XMP_NAME + b"\x00"
_EXTENDED_XMP: Final = b"http://ns.adobe.com/xmp/extension/\x00"
_EXTENSION_NAME: Final = "hasextendedxmp"
_PHOTOSHOP: Final = b"Photoshop 3.0\x00"
_STRUCTURAL: Final = {
    0xC0: "SOF0",
    0xC1: "SOF1",
    0xC2: "SOF2",
    0xDB: "DQT",
    0xE0: "APP0",
    0xEE: "APP14",
}
_END, _SCAN = 0xD9, 0xDA
_ALONE: Final = frozenset({0x01, 0xD8, *range(0xD0, 0xD8)})
"""Markers that no length follows."""

_ANY: Final = re.compile(rb"\xff[^\x00\xff]")
_IN_SCAN: Final = re.compile(rb"\xff[\xc0-\xcf\xd8-\xfe]")
"""A marker behind entropy-coded data, in which 0xFF is followed by zero or the number of a restart,
or in JPEG-LS by a byte below 128."""

_BLOCK: Final = 1 << 18
_DIGEST: Final = 32


@dataclass(slots=True)
class _Extension:
    """The parts of one extended XMP packet by their offset, and how long the whole is."""

    size: int
    parts: dict[int, bytes] = field(default_factory=dict)

    def joined(self) -> bytes:
        """The packet. Raises NotRead where a part is missing."""
        packet = bytearray()
        for offset in sorted(self.parts):
            if offset != len(packet):
                break
            packet += self.parts[offset]
        if len(packet) != self.size:
            raise NotRead("a part of it is missing")
        return bytes(packet)


@dataclass(slots=True)
class _Collected:
    """What is told only once all segments are known."""

    extensions: dict[str, _Extension] = field(default_factory=dict)
    resources: bytearray = field(default_factory=bytearray)


def read_jpeg(source: Source, metadata: Metadata) -> None:
    """Collect EXIF, XMP (extended too), IPTC and comments, before, between and behind the scans."""
    collected, offset = _Collected(), 2
    with metadata.reading("JPEG"):
        while offset < source.size:
            source.step()
            offset, marker = _next_marker(source, offset, metadata)
            if marker == _END:
                break
            if marker in _ALONE:
                continue
            length = int.from_bytes(source.read(offset, 2), "big")
            if length < 2:
                raise NotRead("a segment is shorter than its own length field")
            _segment(marker, source.read(offset + 2, length - 2), collected, metadata)
            offset += length
            if marker == _SCAN:
                offset = _behind_scan(source, offset)
    if collected.resources:
        read_resources(bytes(collected.resources), "JPEG", metadata)
    _read_extensions(collected.extensions, metadata)
    read_trailer(source, offset, "JPEG", metadata)


def _next_marker(source: Source, offset: int, metadata: Metadata) -> tuple[int, int]:
    """Find the next marker, as decoders do: fill bytes and what stands between are skipped.

    Returns the offset behind it, and its code; at the end of the file, that of an end.
    """
    head = source.peek(offset, 2)
    if len(head) == 2 and head[0] == 0xFF and head[1] not in (0x00, 0xFF):
        return offset + 2, head[1]
    found = source.search(_ANY, offset, 2)
    if found < 0:
        return source.size, _END
    if source.peek(offset, min(found - offset, _BLOCK)).strip(b"\xff"):
        metadata.warn("JPEG: bytes that belong to nothing stand between two segments")
    return found + 2, source.read(found + 1, 1)[0]


def _behind_scan(source: Source, offset: int) -> int:
    """The offset of the first marker behind entropy-coded data, or the end of the file."""
    found = source.search(_IN_SCAN, offset, 2)
    return source.size if found < 0 else found


def _segment(marker: int, body: bytes, collected: _Collected, metadata: Metadata) -> None:
    if marker == 0xE1:
        _app1(body, collected.extensions, metadata)
    elif marker == 0xED and body.startswith(_PHOTOSHOP):
        collected.resources += body[len(_PHOTOSHOP) :]  # a resource may go on in the next one
    elif marker == 0xFE:
        metadata.add(Carrier.COMMENT, "JPEG", "comment", decode(body))
    elif marker in _STRUCTURAL:
        metadata.keep(_STRUCTURAL[marker], body)


def _app1(body: bytes, extensions: dict[str, _Extension], metadata: Metadata) -> None:
    if body.startswith(b"Exif\x00"):
        read_exif_block(body, "JPEG", metadata)
    elif body.startswith(_XMP_NAME):  # some writers forget the zero byte behind it
        read_xmp(body[len(_XMP_NAME) :], "JPEG", metadata)
    elif body.startswith(_EXTENDED_XMP):
        rest = body[len(_EXTENDED_XMP) :]
        name, rest = decode(rest[:_DIGEST]).upper(), rest[_DIGEST:]
        size, offset = int.from_bytes(rest[:4], "big"), int.from_bytes(rest[4:8], "big")
        extensions.setdefault(name, _Extension(size)).parts[offset] = rest[8:]


def _read_extensions(extensions: dict[str, _Extension], metadata: Metadata) -> None:
    """Read the extension that the packet names; another one belongs to an earlier version."""
    named = {t.value.upper() for t in metadata.own if t.name == _EXTENSION_NAME}
    for name, extension in extensions.items():
        if name not in named:
            metadata.warn("JPEG: an extended XMP packet that the file no longer names was left out")
            continue
        with metadata.reading("JPEG extended XMP"):
            if extension.size > MAX_PACKET:
                raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
            read_xmp(extension.joined(), "JPEG extended XMP", metadata)
