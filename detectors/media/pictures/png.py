"""PNG: chunks that Pillow drops, refuses or does not hand on."""

import contextlib
import zlib
from collections.abc import Iterator
from typing import Final

from detectors.media.notes import Note
from detectors.media.pictures.hdr import colour_in_profile
from detectors.media.pictures.survey import Colour, Survey, as_file

_SIGNATURE_BYTES: Final = 8
_HEADER_BYTES: Final = 13
_PALETTE: Final = 3
_PROFILE_BYTES: Final = 4 * 1024**2

# Text never changes what is seen, and Pillow refuses the whole file for a long one. The profile is
# noted and not applied, so that its size does not matter either.
_LEFT_OUT: Final = frozenset({b"tEXt", b"zTXt", b"iTXt", b"iCCP"})


def survey(data: bytes) -> Survey:
    """Facts of the file, and a copy of it without text and profile. Damage is left to the decoder."""
    kept = [data[:_SIGNATURE_BYTES]]
    depth = 8
    colour: Colour | None = None
    profile = b""
    for kind, at, end in _chunks(data):
        body = data[at + 8 : at + 8 + _HEADER_BYTES] if end - at < 64 else b""
        if kind == b"IHDR" and len(body) == _HEADER_BYTES:
            depth = 8 if body[9] == _PALETTE else body[8]
        elif kind == b"cICP" and len(body) >= 4:
            colour = Colour(primaries=body[0], transfer=body[1])
        elif kind == b"iCCP":
            profile = data[at + 8 : end - 4]
        if kind not in _LEFT_OUT:
            kept.append(data[at:end])
    notes: tuple[Note, ...] = (Note.COLOUR_PROFILE_IGNORED,) if profile else ()
    if depth > 8:
        notes += (Note.REDUCED_TO_8_BITS,)
    return Survey(
        file=as_file(b"".join(kept)),
        notes=notes,
        depth=depth,
        colour=colour or colour_in_profile(_inflated(profile)),
        lossless=True,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """Type, start and end of every chunk; the last one may be cut off."""
    at = _SIGNATURE_BYTES
    while at + 8 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 8], at, min(end, len(data))
        at = end


def _inflated(chunk: bytes) -> bytes:
    """The profile in an iCCP chunk; nothing where it is damaged."""
    _, _, packed = chunk.partition(b"\x00")
    with contextlib.suppress(zlib.error):
        return zlib.decompressobj().decompress(packed[1:], _PROFILE_BYTES)
    return b""
