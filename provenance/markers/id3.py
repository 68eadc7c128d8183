"""Read ID3 tags, which sit in front of MP3 and inside WAV, AIFF and others."""

import zlib
from typing import Final

from provenance.markers.metadata import MAX_VALUE, Carrier, Metadata, Source, decode
from provenance.markers.xmp import read_xmp

_ENCODINGS: Final = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}
_WIDE: Final = (1, 2)
_HEADER: Final = 10
_FIRST_FRAME: Final = 512
_LAST_BYTES: Final = 160  # an ID3v1 tag and the footer of an APE tag in front of it


def read_mp3(source: Source, metadata: Metadata) -> None:
    """Collect the ID3v2 tag at the start, the first frame, and the ID3v1 tag at the end."""
    head, start = source.peek(0, _HEADER), 0
    if head[:3] == b"ID3":
        start = _HEADER + _syncsafe(head[6:10])
        read_id3(source.peek(0, min(start, MAX_VALUE)), "MP3", metadata)
    metadata.keep("MP3", source.peek(start, _FIRST_FRAME), source.size - start)
    end = source.peek(max(0, source.size - _LAST_BYTES), _LAST_BYTES)
    metadata.keep("MP3 end", end)
    old = end[-128:]
    if old[:3] == b"TAG" and len(old) == 128:
        for key, value in (("Title", old[3:33]), ("Artist", old[33:63]), ("Comment", old[97:127])):
            text = decode(value.partition(b"\x00")[0])
            metadata.add(Carrier.ID3, "MP3 ID3v1", key, text)


def read_id3(tag: bytes, container: str, metadata: Metadata) -> None:
    """Collect text, user text, comments, links and XMP from one ID3v2 tag (2.2 to 2.4)."""
    if tag[:3] != b"ID3" or len(tag) < _HEADER:
        return
    version, flags = tag[3], tag[5]
    body = tag[_HEADER:]
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")
    offset = _extended_header(body, version) if flags & 0x40 else 0
    name_size, size_size, head = (3, 3, 6) if version == 2 else (4, 4, 10)
    while offset + head <= len(body):
        name = body[offset : offset + name_size]
        raw_size = body[offset + name_size : offset + name_size + size_size]
        size = _syncsafe(raw_size) if version == 4 else int.from_bytes(raw_size, "big")
        if not name.strip(b"\x00") or size == 0:
            break
        frame = body[offset + head : offset + head + size]
        if version >= 3:
            frame = _unpacked(frame, body[offset + 9], version)
        _frame(decode(name), frame, f"{container} ID3", metadata)
        offset += head + size


def _extended_header(body: bytes, version: int) -> int:
    size = body[:4]
    return _syncsafe(size) if version == 4 else int.from_bytes(size, "big") + 4


def _unpacked(frame: bytes, flags: int, version: int) -> bytes:
    """Undo a frame's own unsynchronisation and compression; encrypted frames stay unread."""
    if version == 4:
        if flags & 0x02:
            frame = frame.replace(b"\xff\x00", b"\xff")
        if flags & 0x01:
            frame = frame[4:]
    elif flags & 0x80:
        frame = frame[4:]
    if flags & (0x08 if version == 4 else 0x80):
        try:
            return zlib.decompressobj().decompress(frame, MAX_VALUE)
        except zlib.error:
            return b""
    return frame


def _frame(name: str, frame: bytes, container: str, metadata: Metadata) -> None:
    if not frame:
        return
    if name in ("TXXX", "TXX"):
        key, value = _pair(frame[0], frame[1:])
        metadata.add(Carrier.ID3, container, f"TXXX:{key}", value)
    elif name in ("COMM", "COM", "USLT", "ULT"):
        key, value = _pair(frame[0], frame[4:])
        metadata.add(Carrier.ID3, container, f"{name}:{key}".rstrip(":"), value)
    elif name == "PRIV" and frame.startswith(b"XMP\x00"):
        read_xmp(frame[4:], container, metadata)
    elif name.startswith("T"):
        metadata.add(Carrier.ID3, container, name, _text(frame[0], frame[1:]))
    elif name.startswith("W") and name != "WXXX":
        metadata.add(Carrier.ID3, container, name, decode(frame))


def _pair(encoding: int, data: bytes) -> tuple[str, str]:
    """Split a description from a value at the terminator, which is two bytes wide in UTF-16."""
    if encoding in _WIDE:
        at = 0
        while at + 2 <= len(data) and data[at : at + 2] != b"\x00\x00":
            at += 2
        return _text(encoding, data[:at]), _text(encoding, data[at + 2 :])
    key, _, value = data.partition(b"\x00")
    return _text(encoding, key), _text(encoding, value)


def _text(encoding: int, data: bytes) -> str:
    return data.decode(_ENCODINGS.get(encoding, "latin-1"), errors="replace").strip("\x00")


def _syncsafe(raw: bytes) -> int:
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
    return value
