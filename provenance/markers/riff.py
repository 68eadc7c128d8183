"""Walk RIFF files: WebP pictures, WAV sound and AVI video."""

from typing import Final

from provenance.markers.exif import read_exif_block
from provenance.markers.id3 import read_id3
from provenance.markers.metadata import (
    MAX_VALUE,
    Carrier,
    Metadata,
    MetadataDamaged,
    Source,
    decode,
)
from provenance.markers.xmp import read_xmp

_MAX_DEPTH: Final = 4
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


def read_riff(source: Source, metadata: Metadata) -> None:
    """Collect INFO tags, EXIF, XMP and ID3 from any RIFF file."""
    form = decode(source.read(8, 4)).strip()
    container = {"WEBP": "WebP", "WAVE": "WAV", "AVI": "AVI"}.get(form, "RIFF")
    _chunks(source, 12, source.size, container, metadata, depth=0)


def _chunks(
    source: Source, offset: int, end: int, container: str, metadata: Metadata, *, depth: int
) -> None:
    while offset + 8 <= end:
        source.step()
        head = source.read(offset, 8)
        name, size = head[:4], int.from_bytes(head[4:], "little")
        start = offset + 8
        if name == b"LIST" and size >= 4:
            if depth >= _MAX_DEPTH:
                raise MetadataDamaged("lists are nested too deeply")
            if source.peek(start, 4) != b"movi":  # the samples; their chunks are many and mute
                inner = min(end, start + size)
                _chunks(source, start + 4, inner, container, metadata, depth=depth + 1)
        elif name in _READERS or name in _INFO:
            _chunk(name, source.read(start, min(size, MAX_VALUE)), container, metadata)
        offset = start + size + size % 2


def _chunk(name: bytes, body: bytes, container: str, metadata: Metadata) -> None:
    if name in _INFO:
        metadata.add(Carrier.TEXT, f"{container} INFO", _INFO[name], decode(body))
    else:
        _READERS[name](body, container, metadata)


_READERS: Final = {
    b"EXIF": read_exif_block,
    b"XMP ": read_xmp,
    b"_PMX": read_xmp,
    b"id3 ": read_id3,
    b"ID3 ": read_id3,
}
