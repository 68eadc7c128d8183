"""HEIC and AVIF: depth and colour as libheif reads them, films and HDR maps beside the picture."""

import contextlib
import re
from collections.abc import Iterator
from typing import Any, Final

import pillow_heif

from detectors.media.notes import Note
from detectors.media.pictures.boxes import boxes
from detectors.media.pictures.hdr import colour_in_profile
from detectors.media.pictures.survey import Colour, Survey, as_file

_GAIN_MAP: Final = re.compile(rb"aux:hdrgainmap\x00|infe\x02.{7}tmap", re.DOTALL)
_DAMAGE: Final = (OSError, SyntaxError, ValueError, LookupError, RuntimeError, EOFError)
_META_BYTES: Final = 1024**2


def survey(data: bytes) -> Survey:
    """Facts of the file. What libheif refuses is left for the decoder to refuse."""
    depth, colour = _as_libheif_says(data)
    notes = (Note.REDUCED_TO_8_BITS,) if depth > 8 else ()
    beside = tuple(dict.fromkeys(_beside(data)))
    return Survey(file=as_file(data), notes=notes + beside, depth=depth, colour=colour)


def _as_libheif_says(data: bytes) -> tuple[int, Colour | None]:
    with contextlib.suppress(*_DAMAGE):
        info: dict[str, Any] = pillow_heif.open_heif(as_file(data)).info
        profile = info.get("nclx_profile")
        if not profile:
            return int(info["bit_depth"]), colour_in_profile(info.get("icc_profile") or b"")
        primaries, transfer = profile["color_primaries"], profile["transfer_characteristics"]
        return int(info["bit_depth"]), Colour(primaries=int(primaries), transfer=int(transfer))
    return 8, None


def _beside(data: bytes) -> Iterator[Note]:
    """A film behind the picture, as phones keep it, a sequence, and a map for HDR screens."""
    for number, (kind, start, end) in enumerate(boxes(data)):
        if kind == b"mpvd" or (kind == b"ftyp" and number):
            yield Note.FILM_NOT_READ
        elif kind == b"moov":  # a sequence, of which libheif hands out the cover
            yield Note.ONE_FRAME_ONLY
        elif kind == b"meta" and _GAIN_MAP.search(data, start, min(end, start + _META_BYTES)):
            yield Note.GAIN_MAP_IGNORED
