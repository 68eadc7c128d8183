"""Walk FLAC, Ogg, MP3 and bare AAC, which keep their tags in front of, between or behind the sound."""

from dataclasses import dataclass, field
from typing import Final

from provenance.declared import SearchGap
from provenance.markers.id3 import (
    read_id3,
    read_tags_behind,
    read_tags_in_front,
    read_tags_within,
)
from provenance.markers.metadata import MAX_TOTAL, Carrier, Metadata, NotRead, Source, decode

_MAX_COMMENTS: Final = 1000
_COMMENTS: Final = 4
"""Type of the block of a FLAC file that holds its comments."""

_DSF_POINTER: Final = 20
_FIRST_FRAME: Final = 512
_LAST_BYTES: Final = 160  # an ID3v1 tag and the footer of an APE tag in front of it

_FIRST_PACKETS: Final = (
    # how the first packet of a stream begins, and how its packet of comments does
    (b"\x01vorbis", b"\x03vorbis"),
    (b"OpusHead", b"OpusTags"),
    (b"\x80theora", b"\x81theora"),
    (b"Speex   ", b""),
    (b"\x7fFLAC", b""),
)
_FLAC_IN_OGG: Final = b"\x7fFLAC"
_HEADER_PACKETS: Final = 16
"""Packets of a stream among which its comments are; FLAC puts one block into each."""


def read_mpeg_audio(source: Source, metadata: Metadata) -> None:
    """Collect the tags in front of and behind MP3 or AAC; FLAC may stand behind them as well."""
    start = read_tags_in_front(source, "MP3", metadata)
    first = source.peek(start, _FIRST_FRAME)
    if first.startswith(b"fLaC"):
        _flac(source, start, metadata)
        return
    container = "AAC" if len(first) > 1 and first[0] == 0xFF and first[1] & 0xF6 == 0xF0 else "MP3"
    metadata.keep(container, first, source.size - start)
    end = source.peek(max(0, source.size - _LAST_BYTES), _LAST_BYTES)
    metadata.keep(f"{container} end", end)
    read_tags_within(source, start, container, metadata)
    read_tags_behind(source, container, metadata)


def read_tagged(source: Source, metadata: Metadata) -> None:
    """Collect the tags in front of and behind sound whose own structure holds none."""
    read_tags_in_front(source, "Sound", metadata)
    read_tags_behind(source, "Sound", metadata)


def read_dsf(source: Source, metadata: Metadata) -> None:
    """Collect the ID3 tag that the header of a DSF file points to."""
    with metadata.reading("DSF"):
        start = int.from_bytes(source.read(_DSF_POINTER, 8), "little")
        if start:
            read_id3(source.read_long(start, max(source.size - start, 0)), "DSF", metadata)


def read_flac(source: Source, metadata: Metadata) -> None:
    """Collect the comments among FLAC's metadata blocks, and tags behind the sound."""
    _flac(source, 0, metadata)


def _flac(source: Source, start: int, metadata: Metadata) -> None:
    offset, last = start + 4, False
    with metadata.reading("FLAC"):
        while not last:
            source.step()
            head = source.read(offset, 4)
            last, kind, size = bool(head[0] & 0x80), head[0] & 0x7F, int.from_bytes(head[1:], "big")
            if kind == _COMMENTS:
                with metadata.reading("FLAC comment"):
                    _vorbis(source.read_long(offset + 4, size), "FLAC", metadata)
            offset += 4 + size
    read_tags_behind(source, "FLAC", metadata)


@dataclass(slots=True)
class _Stream:
    """One logical stream of an Ogg file, until its comments were read."""

    packets: int = 0
    first: bytes = b""
    waiting: bytearray = field(default_factory=bytearray)


def read_ogg(source: Source, metadata: Metadata) -> None:
    """Collect the comments of every stream, also of those that follow on each other."""
    streams: dict[bytes, _Stream | None] = {}  # None: nothing more is wanted of it
    offset = 0
    with metadata.reading("Ogg"):
        while offset < source.size:
            source.step()
            head = source.peek(offset, 27)
            if head[:4] != b"OggS" or len(head) < 27:
                offset = _next_page(source, offset)
                continue
            table = source.read(offset + 27, head[26])
            start, serial = offset + 27 + len(table), head[14:18]
            if head[5] & 2:  # the first page of a stream
                streams[serial] = _Stream()
            stream = streams.get(serial)
            if stream is not None:
                with metadata.reading("Ogg comment"):
                    streams[serial] = None  # unless more is wanted of it
                    if _page(source.peek(start, sum(table)), table, stream, metadata):
                        streams[serial] = stream
            offset = start + sum(table)
        if any(stream is not None for stream in streams.values()):
            raise NotRead("the file ends before its comments do")


def _next_page(source: Source, offset: int) -> int:
    """The next page behind bytes that belong to none; players skip them as well."""
    found = source.find(b"OggS", offset + 1)
    return source.size if found < 0 else found


def _page(body: bytes, table: bytes, stream: _Stream, metadata: Metadata) -> bool:
    """Put the packets of one page together; False once the comments of the stream are known."""
    offset = 0
    for length in table:
        stream.waiting += body[offset : offset + length]
        offset += length
        if len(stream.waiting) > MAX_TOTAL:
            raise NotRead("it is larger than is read", SearchGap.TOO_LARGE)
        if length < 255:  # the packet ends
            packet = bytes(stream.waiting)
            stream.waiting.clear()
            if not _packet(packet, stream, metadata):
                return False
    return True


def _packet(packet: bytes, stream: _Stream, metadata: Metadata) -> bool:
    stream.packets += 1
    if stream.packets == 1:
        stream.first = packet[:16]
        return any(stream.first.startswith(first) for first, _ in _FIRST_PACKETS)
    if stream.first.startswith(_FLAC_IN_OGG):
        if packet[:1] and packet[0] & 0x7F == _COMMENTS:
            _vorbis(packet[4:], "Ogg", metadata)
            return False
        return stream.packets < _HEADER_PACKETS
    mark = next(mark for first, mark in _FIRST_PACKETS if stream.first.startswith(first))
    if not packet.startswith(mark):
        raise NotRead("it is not where it must be")
    _vorbis(packet[len(mark) :], "Ogg", metadata)
    return False


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
    if count > _MAX_COMMENTS:
        raise NotRead("it has more entries than are read", SearchGap.TOO_MUCH)


def _counted(block: bytes, offset: int) -> tuple[bytes, int]:
    size = int.from_bytes(block[offset : offset + 4], "little")
    end = offset + 4 + size
    if offset + 4 > len(block) or end > len(block):
        raise NotRead("an entry is longer than the whole")
    return block[offset + 4 : end], end
