"""WebP: whether it keeps pixels as they are."""

from detectors.media.pictures.survey import Survey, as_file

_RIFF_BYTES = 12
_FRAME_BYTES = 16  # of ANMF, before the chunks of its picture


def survey(data: bytes) -> Survey:
    """Facts of the file. Of an animation the first frame counts."""
    return Survey(file=as_file(data), lossless=_first_coding(data) == b"VP8L")


def _first_coding(data: bytes) -> bytes:
    """The type of the first chunk that holds pixels; nothing where there is none."""
    at = _RIFF_BYTES
    while at + 8 <= len(data):
        kind = data[at : at + 4]
        if kind in (b"VP8 ", b"VP8L"):
            return kind
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + (_FRAME_BYTES if kind == b"ANMF" else size + size % 2)
    return b""
