"""Which bytes of a file its credentials do not cover, measured here from the signed hash itself.

The C2PA library says only that a hash matches or does not. What it hashed, and what lies behind
the end of the picture or film, tells a file that something was appended to from an edited one.
"""

import base64
import binascii
import hashlib
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO, Final

from provenance.bounded import clean
from provenance.codes import mapping, sequence
from provenance.result import Span

MAX_PARTS: Final = 100_000
"""Most segments, chunks or boxes that are stepped over in search of an end."""

_CHUNK: Final = 1 << 20
_HASHES: Final = frozenset({"sha256", "sha384", "sha512"})
_JPEG_MARKER: Final = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_NO_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
_SOS, _EOI, _APP11 = 0xDA, 0xD9, 0xEB
_FILLING: Final = (b"free", b"skip")  # boxes that the hash of a film leaves out


def awaits_segments(file: BinaryIO, media_type: str, active: Mapping[str, Any]) -> bool:
    """Tell whether a signed film is its first segment alone, whose hash needs the others.

    Such a manifest signs a hash of the first segment apart, and the file has no fragment in it.
    """
    if not media_type.startswith(("video/", "audio/")):
        return False
    maps = sequence(_assertion(active, "c2pa.hash.bmff").get("merkle"))
    if not any("initHash" in mapping(entry) for entry in maps):
        return False
    return all(kind != b"moof" for kind, _, _ in _boxes(file))


def uncovered(
    file: BinaryIO, media_type: str, active: Mapping[str, Any], *, matches: bool
) -> tuple[Span, ...]:
    """Stretches of a file that the hash in its manifest does not cover; empty if none is known.

    With `matches` false the hash is computed again without what lies behind the end of the
    picture: should it fit then, that is all that was added.
    """
    data_hash = _assertion(active, "c2pa.hash.data")
    if data_hash and matches:
        return tuple(_beside_store(file, media_type, data_hash))
    if data_hash:
        return tuple(_appended(file, media_type, data_hash))
    if not matches:
        return ()
    if _assertion(active, "c2pa.hash.bmff"):
        return tuple(_filled(file))
    if _assertion(active, "c2pa.hash.boxes"):
        return tuple(_behind(file, end_of(file, media_type)))
    return ()


def end_of(file: BinaryIO, media_type: str) -> int | None:
    """Offset behind the last byte of the picture or sound, by the rules of its container.

    None for containers that are not known here, and for files that end early.
    """
    ends = {
        "image/jpeg": _jpeg_end,
        "image/png": _png_end,
        "image/gif": _gif_end,
        "image/webp": _riff_end,
        "audio/wav": _riff_end,
        "audio/x-wav": _riff_end,
    }
    find = ends.get(media_type)
    return None if find is None else find(file)


def _assertion(manifest: Mapping[str, Any], prefix: str) -> Mapping[str, Any]:
    for name, data in mapping(manifest.get("assertions")).items():
        if str(name).startswith(prefix):
            return mapping(data)
    return {}


def _size(file: BinaryIO) -> int:
    return file.seek(0, io.SEEK_END)


def _peek(file: BinaryIO, offset: int, count: int) -> bytes:
    file.seek(offset)
    return file.read(count)


def _behind(file: BinaryIO, end: int | None) -> Iterator[Span]:
    if end is not None and end < (size := _size(file)):
        yield Span(start=end, length=size - end)


def _exclusions(data_hash: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Stretches that the signer left out, as (start, end), by start."""
    found = []
    for entry in map(mapping, sequence(data_hash.get("exclusions"))):
        start, length = entry.get("start"), entry.get("length")
        if isinstance(start, int) and isinstance(length, int) and start >= 0 and length > 0:
            found.append((start, start + length))
    return sorted(found)


def _appended(file: BinaryIO, media_type: str, data_hash: Mapping[str, Any]) -> Iterator[Span]:
    end, signed = end_of(file, media_type), _bytes(data_hash.get("hash"))
    name = clean(data_hash.get("alg")) or "sha256"
    if end is None or not signed or name not in _HASHES or end >= _size(file):
        return
    digest = hashlib.new(name)
    at = 0
    for start, stop in [*_exclusions(data_hash), (end, end)]:
        for chunk in _chunks(file, at, min(start, end)):
            digest.update(chunk)
        at = max(at, stop)
    if digest.digest() == signed:
        yield from _behind(file, end)


def _chunks(file: BinaryIO, start: int, end: int) -> Iterator[bytes]:
    while start < end:
        chunk = _peek(file, start, min(_CHUNK, end - start))
        if not chunk:
            return
        yield chunk
        start += len(chunk)


def _bytes(untrusted: object) -> bytes:
    """Read a hash from the library's JSON: "b64'...'", or a list of numbers."""
    if isinstance(untrusted, str) and untrusted.startswith("b64'"):
        try:
            return base64.b64decode(untrusted[4:].rstrip("'"), validate=True)
        except binascii.Error:
            return b""
    numbers = sequence(untrusted)
    if all(isinstance(number, int) and 0 <= number < 256 for number in numbers):
        return bytes(numbers)
    return b""


def _beside_store(file: BinaryIO, media_type: str, data_hash: Mapping[str, Any]) -> Iterator[Span]:
    """What the signer left out of the hash besides the store, where the store is easily found."""
    store = {"image/jpeg": _jpeg_store, "image/png": _png_store}.get(media_type)
    left_out = [(start, min(end, _size(file))) for start, end in _exclusions(data_hash)]
    if store is None or not left_out:
        return
    inside = sorted(store(file))
    for start, end in left_out:
        at = start
        for first, last in (*inside, (end, end)):
            if at < first <= end:
                yield Span(start=at, length=first - at)
            if first <= end:
                at = max(at, last)


def _filled(file: BinaryIO) -> Iterator[Span]:
    """Boxes for filling at the end of a film that hold something; zeros are what they are for."""
    tail: list[Span] = []
    for kind, start, end in _boxes(file):
        if kind not in _FILLING:
            tail = []
        elif any(chunk.strip(b"\x00") for chunk in _chunks(file, start + 8, end)):
            tail.append(Span(start=start, length=end - start))
    yield from tail


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Yield (type, start, end) of the boxes on the top level of a BMFF file."""
    start, size = 0, _size(file)
    for _ in range(MAX_PARTS):
        head = _peek(file, start, 16)
        if len(head) < 8:
            return
        length = int.from_bytes(head[:4], "big")
        if length == 1:
            length = int.from_bytes(head[8:16], "big")
        end = size if length == 0 else start + length
        if not start + 8 <= end <= size:
            return
        yield head[4:8], start, end
        start = end


def _jpeg_segments(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield (marker, start, end) of each segment up to the end of the picture, scans included."""
    offset = 2
    for _ in range(MAX_PARTS):
        head = _peek(file, offset, 4)
        if len(head) < 2 or head[0] != 0xFF:
            return
        marker = head[1]
        if marker == 0xFF:
            offset += 1
            continue
        if marker == _EOI or marker in _NO_LENGTH:
            end = offset + 2
        else:
            end = offset + 2 + int.from_bytes(head[2:4], "big")
        if marker == _SOS:
            end = _scan_end(file, end)
        yield marker, offset, end
        if marker == _EOI:
            return
        offset = end


def _scan_end(file: BinaryIO, offset: int) -> int:
    """Offset of the next marker that is not part of the coded picture, or the end of the file."""
    size = _size(file)
    while offset < size:
        chunk = _peek(file, offset, _CHUNK)
        if match := _JPEG_MARKER.search(chunk):
            return offset + match.start()
        if len(chunk) < 2:
            return size
        offset += len(chunk) - 1
    return size


def _jpeg_end(file: BinaryIO) -> int | None:
    return next((end for marker, _, end in _jpeg_segments(file) if marker == _EOI), None)


def _jpeg_store(file: BinaryIO) -> Iterator[tuple[int, int]]:
    """Segments that carry JUMBF: APP11 with the common identifier JP."""
    for marker, start, end in _jpeg_segments(file):
        if marker == _APP11 and _peek(file, start + 4, 2) == b"JP":
            yield start, end


def _png_chunks(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    offset = 8
    for _ in range(MAX_PARTS):
        head = _peek(file, offset, 8)
        if len(head) < 8:
            return
        end = offset + 12 + int.from_bytes(head[:4], "big")
        yield head[4:], offset, end
        offset = end


def _png_end(file: BinaryIO) -> int | None:
    return next((end for kind, _, end in _png_chunks(file) if kind == b"IEND"), None)


def _png_store(file: BinaryIO) -> Iterator[tuple[int, int]]:
    return ((start, end) for kind, start, end in _png_chunks(file) if kind == b"caBX")


def _gif_end(file: BinaryIO) -> int | None:
    flags = _peek(file, 10, 1)
    if not flags:
        return None
    offset = 13 + _colours(flags[0])
    steps = iter(range(MAX_PARTS))  # for blocks and what they hold together
    for _ in steps:
        kind = _peek(file, offset, 1)
        if kind == b";":
            return offset + 1
        if kind == b"!":
            offset += 2
        elif kind == b"," and len(head := _peek(file, offset, 10)) == 10:
            offset += 11 + _colours(head[9])
        else:
            return None
        for _ in steps:
            length = _peek(file, offset, 1)
            offset += 1 + (length[0] if length else 0)
            if length in (b"", b"\x00"):
                break
    return None


def _colours(flags: int) -> int:
    """Bytes of the colour table that flags of a GIF announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _riff_end(file: BinaryIO) -> int | None:
    head = _peek(file, 0, 8)
    return 8 + int.from_bytes(head[4:8], "little") if len(head) == 8 else None
