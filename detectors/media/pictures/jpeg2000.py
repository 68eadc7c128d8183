"""JPEG 2000: how deep its samples are."""

from detectors.media.notes import Note
from detectors.media.pictures.survey import Survey, as_file

_CODESTREAM = b"\xff\x4f\xff\x51"
_FIRST_DEPTH = 42  # bytes from there to Ssiz of the first component (ITU-T T.800, A.5.1)


def survey(data: bytes) -> Survey:
    """Facts of the file."""
    at = data.find(_CODESTREAM)
    depth = 8
    if 0 <= at < len(data) - _FIRST_DEPTH:
        depth = (data[at + _FIRST_DEPTH] & 0x7F) + 1
    notes = (Note.REDUCED_TO_8_BITS,) if depth > 8 else ()
    return Survey(file=as_file(data), notes=notes, depth=depth)
