"""Walk RIFF and its relatives: WebP, WAV (RF64, BW64), AVI, AIFF and CAF."""

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

from provenance.declared import SearchGap
from provenance.markers.exif import read_exif_block
from provenance.markers.id3 import read_id3
from provenance.markers.metadata import Carrier, Metadata, NotRead, Source, decode
from provenance.markers.xmp import read_xmp

_MAX_DEPTH: Final = 4
_UNKNOWN: Final = 0xFFFFFFFF
_STREAMED: Final = 0x7FFF0000
"""Sizes from here on are those of writers that could not know them."""

_MAX_LONG_SIZES: Final = 100
_MAX_COMMENTS: Final = 200
_INFO: Final = {
    b"IART": "Artist",
    b"ICMT": "Comment",
    b"ICOP": "Copyright",
    b"ICRD": "Date",
    b"IENG": "Engineer",
    b"IGNR": "Genre",
    b"IKEY": "Keywords",
    b"INAM": "Title",
    b"IPRD": "Product",
    b"ISBJ": "Subject",
    b"ISFT": "Software",
    b"ISRC": "Source",
    b"ITCH": "Technician",
}
_IFF_TEXTS: Final = {b"NAME": "Title", b"AUTH": "Artist", b"ANNO": "Comment", b"(c) ": "Copyright"}
_BROADCAST: Final = (
    ("Description", 0, 256),
    ("Originator", 256, 32),
    ("Coding history", 602, 1 << 16),
)
"""Texts in the chunk of broadcast WAV: name, offset, greatest length."""


class Chunk(NamedTuple):
    name: bytes
    start: int
    size: int


def read_riff(source: Source, metadata: Metadata) -> None:
    """Collect INFO tags, EXIF, XMP, ID3 and broadcast texts from any RIFF file."""
    form = decode(source.peek(8, 4)).strip()
    container = {"WEBP": "WebP", "WAVE": "WAV", "AVI": "AVI"}.get(form, "RIFF")
    with metadata.reading(container):
        _walk(source, 12, source.size, container, metadata, depth=0)
        promised = 8 + int.from_bytes(source.peek(4, 4), "little")
        if source.size < promised < _STREAMED:  # tags stand behind the sound, so they are lost
            raise NotRead("the file ends early")


def _walk(
    source: Source, start: int, end: int, container: str, metadata: Metadata, *, depth: int
) -> None:
    if depth > _MAX_DEPTH:
        raise NotRead("its lists are nested too deeply")
    for chunk in _chunks(source, start, end):
        if chunk.name == b"LIST" and chunk.size >= 4:
            kind, inner = source.peek(chunk.start, 4), min(end, chunk.start + chunk.size)
            if kind == b"INFO":
                _information(source, chunk.start + 4, inner, container, metadata)
            elif kind != b"movi":  # the samples; their chunks are many and mute
                _walk(source, chunk.start + 4, inner, container, metadata, depth=depth + 1)
        elif chunk.name in _READERS:
            with metadata.reading(f"{container} {decode(chunk.name).strip()}"):
                _READERS[chunk.name](source.read(chunk.start, chunk.size), container, metadata)


def _information(source: Source, start: int, end: int, container: str, metadata: Metadata) -> None:
    """Read a list in which every chunk is a text, under its own name where it has no other."""
    for chunk in _chunks(source, start, end):
        name = _INFO.get(chunk.name, decode(chunk.name))
        with metadata.reading(f"{container} {name}"):
            text = decode(source.read(chunk.start, chunk.size))
            metadata.add(Carrier.TEXT, f"{container} INFO", name, text)


def _chunks(source: Source, start: int, end: int) -> Iterator[Chunk]:
    """Yield each chunk. Where a length is not known, the chunk reaches to the end."""
    long = dict[bytes, int]()
    while start + 8 <= end:
        source.step()
        head = source.read(start, 8)
        if not _is_name(head[:4]) and _is_name(source.peek(start - 1, 4)):
            start -= 1  # a writer forgot to pad an odd length
            head = source.read(start, 8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        if not _is_name(name):
            if not source.peek(start, 64).strip(b"\x00"):
                return
            raise NotRead("no chunk stands where one must be")
        if name == b"ds64":
            long = _long_sizes(source, start + 8, size)
        if size == _UNKNOWN:
            size = long.get(name, end - start - 8)
        if name == b"data" and size == 0 and not _is_name(source.peek(start + 8, 4)):
            return  # a stream whose writer never came back to fill in the length
        yield Chunk(name, start + 8, size)
        start += 8 + size + size % 2


def _is_name(name: bytes) -> bool:
    return len(name) == 4 and all(0x20 <= byte < 0x7F for byte in name)


def _long_sizes(source: Source, start: int, size: int) -> dict[bytes, int]:
    """The sizes that do not fit a chunk's own field: that of the sound, and a table of others."""
    body = source.read(start, size)
    if size < 28:
        raise NotRead("its table of sizes ends early")
    count = int.from_bytes(body[24:28], "little")
    if count > _MAX_LONG_SIZES:
        raise NotRead("its table of sizes is longer than is read", SearchGap.TOO_MUCH)
    table = {
        body[at : at + 4]: int.from_bytes(body[at + 4 : at + 12], "little")
        for at in range(28, 28 + 12 * count, 12)
    }
    return {**table, b"data": int.from_bytes(body[8:16], "little")}


def _broadcast(body: bytes, container: str, metadata: Metadata) -> None:
    for key, start, length in _BROADCAST:
        text = decode(body[start : start + length].partition(b"\x00")[0])
        metadata.add(Carrier.TEXT, f"{container} bext", key, text)


_READERS: Final[dict[bytes, Callable[[bytes, str, Metadata], None]]] = {
    b"EXIF": read_exif_block,
    b"XMP ": read_xmp,
    b"_PMX": read_xmp,
    b"id3 ": read_id3,
    b"ID3 ": read_id3,
    b"bext": _broadcast,
}


def read_aiff(source: Source, metadata: Metadata) -> None:
    """Collect texts and ID3 from AIFF, whose chunks are those of RIFF with the bytes turned."""
    start = 12
    with metadata.reading("AIFF"):
        while start + 8 <= source.size:
            source.step()
            head = source.read(start, 8)
            name, size = head[:4], int.from_bytes(head[4:], "big")
            with metadata.reading(f"AIFF {decode(name).strip()}"):
                if name in _IFF_TEXTS:
                    text = decode(source.read(start + 8, size))
                    metadata.add(Carrier.TEXT, "AIFF", _IFF_TEXTS[name], text)
                elif name == b"COMT":
                    for text in _comments(source.read(start + 8, size)):
                        metadata.add(Carrier.TEXT, "AIFF", "Comment", text)
                elif name in (b"ID3 ", b"id3 "):
                    read_id3(source.read_long(start + 8, size), "AIFF", metadata)
            start += 8 + size + size % 2


def _comments(body: bytes) -> Iterator[str]:
    """The comments of an AIFF: how many, then of each a date, a marker, a length and the text."""
    at = 2
    for _ in range(min(int.from_bytes(body[:2], "big"), _MAX_COMMENTS)):
        size = int.from_bytes(body[at + 6 : at + 8], "big")
        yield decode(body[at + 8 : at + 8 + size])
        at += 8 + size + size % 2


def read_caf(source: Source, metadata: Metadata) -> None:
    """Collect the information chunk of Apple's Core Audio Format: pairs of strings."""
    start = 8
    with metadata.reading("CAF"):
        while start + 12 <= source.size:
            source.step()
            head = source.read(start, 12)
            size = int.from_bytes(head[4:], "big")
            if head[:4] == b"info":
                texts = source.read(start + 12, size)[4:].split(b"\x00")
                for key, value in zip(texts[::2], texts[1::2], strict=False):
                    metadata.add(Carrier.TEXT, "CAF", decode(key), decode(value))
            if size > source.size:  # -1: the sound reaches to the end
                return
            start += 12 + size
