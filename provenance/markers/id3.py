"""Read ID3 and APE tags, which sit before and behind sound and inside WAV, AIFF and others."""

import re
from collections.abc import Iterator
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.metadata import (
    MAX_TOTAL,
    Carrier,
    Metadata,
    NotRead,
    Source,
    decode,
    inflated,
)
from provenance.markers.xmp import read_xmp

_ENCODINGS: Final = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}
_WIDE: Final = (1, 2)
HEADER: Final = 10
_OLD_TAG: Final = 128
_MAX_TAGS: Final = 8
_APE_FOOTER: Final = 32
_MAX_APE_ITEMS: Final = 200
_MAX_ZEROS: Final = 1 << 20
"""Zero bytes in front of sound that are skipped, as players do."""

_OLD_NAMES: Final = {
    "COM": "COMM",
    "TCO": "TCON",
    "TCR": "TCOP",
    "TEN": "TENC",
    "TP1": "TPE1",
    "TSS": "TSSE",
    "TT2": "TIT2",
    "TT3": "TIT3",
    "TXX": "TXXX",
    "ULT": "USLT",
    "WXX": "WXXX",
}
"""Frames of ID3v2.2, whose names have three letters, by what they are called since 2.3."""

_TAG: Final = re.compile(rb"ID3[\x02-\x04][\x00-\x0f][\x00\x10\x20\x30\x40\x80\xc0][\x00-\x7f]{4}")


def read_tags_in_front(source: Source, container: str, metadata: Metadata) -> int:
    """Collect the ID3v2 tags at the start of a file; returns where what they stand before begins."""
    start = behind_zeros(source)
    for _ in range(_MAX_TAGS):
        head = source.peek(start, HEADER)
        if head[:3] != b"ID3" or len(head) < HEADER:
            break
        size = HEADER + syncsafe(head[6:10])
        with metadata.reading(f"{container} ID3"):
            if size > MAX_TOTAL:
                raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
            read_id3(source.peek(start, size), container, metadata)
        start += size + (HEADER if head[5] & 0x10 else 0)
    return start


def behind_zeros(source: Source) -> int:
    """Where a file begins that has zero bytes in front; 0 where there are too many."""
    block = source.peek(0, _MAX_ZEROS) if source.peek(0, 1) == b"\x00" else b""
    zeros = len(block) - len(block.lstrip(b"\x00"))
    return zeros if zeros < len(block) else 0


def read_tags_within(source: Source, start: int, container: str, metadata: Metadata) -> None:
    """Collect ID3v2 tags behind `start`: of a recording that is joined to the end of another."""
    with metadata.reading(f"{container} ID3"):
        for _ in range(_MAX_TAGS):
            start = source.search(_TAG, start, HEADER)
            if start < 0:
                return
            size = HEADER + syncsafe(source.peek(start, HEADER)[6:])
            read_id3(source.read_long(start, size), container, metadata)
            start += size


def read_tags_behind(source: Source, container: str, metadata: Metadata) -> None:
    """Collect ID3v1, APE and appended ID3v2 tags at the end of a file."""
    end = source.size
    old = source.peek(max(end - _OLD_TAG, 0), _OLD_TAG)
    if old[:3] == b"TAG" and len(old) == _OLD_TAG:
        end -= _OLD_TAG
        for key, value in (("Title", old[3:33]), ("Artist", old[33:63]), ("Comment", old[97:127])):
            text = decode(value.partition(b"\x00")[0])
            metadata.add(Carrier.ID3, f"{container} ID3v1", key, text)
    footer = source.peek(max(end - _APE_FOOTER, 0), min(end, _APE_FOOTER))
    if footer[:8] == b"APETAGEX":
        with metadata.reading(f"{container} APE tag"):
            _ape(source, end, footer, container, metadata)
    elif footer[-HEADER:][:3] == b"3DI":
        with metadata.reading(f"{container} ID3"):
            size = HEADER + syncsafe(footer[-4:])
            read_id3(source.read(end - HEADER - size, size), container, metadata)


def read_id3(tag: bytes, container: str, metadata: Metadata) -> None:
    """Collect text, user text, comments, links and XMP from one ID3v2 tag (2.2 to 2.4)."""
    where = f"{container} ID3"
    with metadata.reading(where):
        if tag[:3] != b"ID3" or len(tag) < HEADER:
            raise NotRead("it does not begin as one")
        size = syncsafe(tag[6:10])
        for name, flags, frame in _frames(tag[HEADER : HEADER + size], tag[3], tag[5]):
            with metadata.reading(f"{where} {decode(name)}"):
                if tag[3] >= 3:
                    frame = _unpacked(name, frame, flags, tag[3])
                named = decode(name)
                _frame(_OLD_NAMES.get(named, named), frame, where, metadata)
        if len(tag) < HEADER + size:
            raise NotRead("the file ends early")


def _frames(body: bytes, version: int, flags: int) -> Iterator[tuple[bytes, int, bytes]]:
    """Yield (name, flags, content) of each frame. Raises NotRead where none is and one must be."""
    if flags & 0x80 and version < 4:
        body = body.replace(b"\xff\x00", b"\xff")
    offset = _extended_header(body, version) if flags & 0x40 else 0
    width, head = (3, 6) if version == 2 else (4, 10)
    while offset + head <= len(body):
        name = body[offset : offset + width]
        if not name.strip(b"\x00"):
            return  # padding
        if not _is_name(name):
            raise NotRead("no frame stands where one must be")
        raw, start = body[offset + width : offset + 2 * width], offset + head
        size, other = int.from_bytes(raw, "big"), syncsafe(raw)
        if version == 4:
            size, other = other, size
        if not _fits(body, start + size) and _fits(body, start + other):
            size = other  # some writers forget which version has seven bits a byte
        yield name, body[offset + 9] if version > 2 else 0, body[start : start + size]
        offset = start + size


def _is_name(name: bytes) -> bool:
    return name.strip(b" \x00").isalnum() and name.upper() == name


def _fits(body: bytes, offset: int) -> bool:
    """Whether a frame, padding or the end of the tag is at `offset`."""
    if offset >= len(body):
        return offset == len(body)
    name = body[offset : offset + 4]
    return not name.strip(b"\x00") or (len(name) == 4 and _is_name(name))


def _extended_header(body: bytes, version: int) -> int:
    size = body[:4]
    return syncsafe(size) if version == 4 else int.from_bytes(size, "big") + 4


def _unpacked(name: bytes, frame: bytes, flags: int, version: int) -> bytes:
    """Undo a frame's own unsynchronisation and compression. Raises NotRead."""
    encrypted, packed, grouped = (0x04, 0x08, 0x40) if version == 4 else (0x40, 0x80, 0x20)
    if flags & encrypted and not name.startswith((b"APIC", b"GEOB")):
        raise NotRead("it is encrypted", SearchGap.ENCRYPTED)
    if flags & grouped:
        frame = frame[1:]
    if version == 4 and flags & 0x02:
        frame = frame.replace(b"\xff\x00", b"\xff")
    if flags & (0x01 if version == 4 else packed):
        frame = frame[4:]
    if not flags & packed:
        return frame
    return inflated(frame)


def _frame(name: str, frame: bytes, container: str, metadata: Metadata) -> None:
    if not frame:
        return
    if name in ("TXXX", "WXXX"):
        key, value = _pair(frame[0], frame[1:])
        metadata.add(Carrier.ID3, container, f"{name}:{key}", value)
    elif name in ("COMM", "USLT"):
        key, value = _pair(frame[0], frame[4:])
        metadata.add(Carrier.ID3, container, f"{name}:{key}".rstrip(":"), value)
    elif name == "PRIV" and frame.startswith(b"XMP\x00"):
        read_xmp(frame[4:], container, metadata)
    elif name.startswith("T"):
        for value in _text(frame[0], frame[1:]).split("\x00"):
            metadata.add(Carrier.ID3, container, name, value)
    elif name.startswith("W"):
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


def _ape(source: Source, end: int, footer: bytes, container: str, metadata: Metadata) -> None:
    """Collect the text items of an APE tag; its footer says how long it is and how many they are."""
    size, count = (int.from_bytes(footer[at : at + 4], "little") for at in (12, 16))
    body, offset = source.read(max(end - size, 0), size), 0
    for _ in range(min(count, _MAX_APE_ITEMS)):
        length, flags = (int.from_bytes(body[at : at + 4], "little") for at in (offset, offset + 4))
        stop = body.find(b"\x00", offset + 8)
        if stop < 0 or stop + 1 + length > len(body):
            raise NotRead("an item ends early")
        if flags >> 1 & 3 == 0:  # UTF-8; the others are bytes and addresses
            for value in decode(body[stop + 1 : stop + 1 + length]).split("\x00"):
                key = decode(body[offset + 8 : stop])
                metadata.add(Carrier.TEXT, f"{container} APE tag", key, value)
        offset = stop + 1 + length
    if count > _MAX_APE_ITEMS:
        raise NotRead("it has more items than are read", SearchGap.TOO_MUCH)


def syncsafe(raw: bytes) -> int:
    """A number that is stored in seven bits of each byte."""
    value = 0
    for byte in raw:
        value = value << 7 | byte & 0x7F
    return value
