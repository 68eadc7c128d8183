"""JPEG: how a file is coded, whether it is whole, and what lies behind the picture."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import av
import numpy as np
import numpy.typing as npt
import simplejpeg
from PIL import Image as Pillow

from detectors.media.notes import Note
from detectors.media.pictures.survey import Survey, as_file
from detectors.media.wire import HandlerError

RGB = npt.NDArray[np.uint8]

_FOLLOWED: Final = np.array([code not in (0x00, *range(0xD0, 0xD8), 0xFF) for code in range(256)])
"""Which bytes make a marker of the 0xFF before them that stands in no coded data."""
_END: Final = b"\xff\xd9"
_START: Final = b"\xff\xd8\xff"
_MPF: Final = b"MPF\x00"
"""In front of the index of the multi-picture format, by which `several` knows what else there is."""
_START_OF_SCAN: Final = 0xDA
_FRAMES: Final = frozenset({*range(0xC0, 0xD0), 0xF7} - {0xC4, 0xC8, 0xCC})
_BY_LIBJPEG: Final = frozenset({0xC0, 0xC1, 0xC2, 0xC9, 0xCA})
_PROGRESSIVE: Final = frozenset({0xC2, 0xCA})
_LOSSLESS: Final = 0xC3
_COEFFICIENTS: Final = 64
_PICTURES_TAG: Final = 0xB002  # of the multi-picture format: one entry a picture
_GAIN_MAPS: Final = (b"hdrgm:", b"urn:iso:std:iso:ts:21496:-1", b"HDRGainMap", b"aux:hdrgainmap")
_SECOND_PICTURES: Final = ("Multi-Frame Image", "Undefined")
_FILM: Final = re.compile(rb"\x00\x00[\x00-\x0f][\x08-\xff]ftyp[ -~]{4}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How the first picture in a file is coded; `end` is the position behind its end marker."""

    process: int  # the code of its start-of-frame marker, ITU-T T.81 table B.1
    at: int
    precision: int
    complete: bool  # every coefficient of every component comes to its last bit
    end: int | None

    @property
    def lossless(self) -> bool:
        return self.process == _LOSSLESS


def survey(data: bytes) -> Survey:
    """Facts of the file, mended so far that Pillow can read its header.

    Raises `HandlerError` for JPEG of a kind that no decoder here reads.
    """
    frame = frame_of(data)
    if frame is None:
        return Survey(file=as_file(data))
    if not _is_read(frame):
        raise HandlerError("media_undecodable", _unread(frame))
    notes = tuple(_beyond(data, frame))
    if frame.precision != 8:  # Pillow would refuse the header, which differs in nothing else
        at = frame.at + 4
        data = data[:at] + b"\x08" + data[at + 1 :]
        notes += (Note.REDUCED_TO_8_BITS,)
    return Survey(
        file=as_file(data), notes=notes, depth=frame.precision, lossless=frame.lossless or None
    )


def pixels(data: bytes, picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]] | None:
    """RGB by libjpeg-turbo, which tells damage from health, or by FFmpeg what that does not read.

    None where Pillow is to decode: printing colours. Raises `ValueError` where the end is missing.
    """
    frame = frame_of(data)
    grey = (Note.GREYSCALE,) if picture.mode == "L" else ()
    if frame is not None and (frame.precision != 8 or frame.lossless):
        return _by_ffmpeg(data, picture), grey
    if picture.mode not in ("RGB", "L"):
        return None
    ended = frame is None or frame.end is not None
    if frame is not None and not ended:
        if not frame.complete:
            raise ValueError("the file ends before its last scan")
        data += _END
    try:
        decoded = simplejpeg.decode_jpeg(data, "RGB", strict=True)
    except ValueError as error:
        if not ended or "Premature end of JPEG file" in str(error):
            raise
        return np.asarray(picture.convert("RGB")), (*grey, Note.DAMAGED)
    return decoded, grey if ended else (*grey, Note.NO_END_MARKER)


def frame_of(data: bytes) -> Frame | None:
    """Walk the segments; None where there is no frame header."""
    process = at = precision = 0
    end: int | None = None
    pending: dict[tuple[int, int], int] = {}
    for marker, position, segment in _segments(data):
        if marker in _FRAMES and not process and len(segment) >= 6:
            process, at, precision = marker, position, segment[0]
            bands = range(_COEFFICIENTS if marker in _PROGRESSIVE else 1)
            pending = {(c, k): 1 for c in segment[6::3][: segment[5]] for k in bands}
        elif marker == _START_OF_SCAN:
            _sent(pending, segment, progressive=process in _PROGRESSIVE)
        elif marker == _END[1]:
            end = position + 2
            break
    if not process:
        return None
    complete = not any(pending.values())
    return Frame(process=process, at=at, precision=precision, complete=complete, end=end)


def _segments(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Marker code, position of the marker, and content; coded data is skipped."""
    at = 2
    markers = _markers(data)
    while (next_one := int(np.searchsorted(markers, at))) < markers.size:
        position = int(markers[next_one])
        behind, code = position + 2, data[position + 1]
        if code in (_END[1], 0xD8, 0x01):
            yield code, position, b""
            at = behind
            continue
        size = int.from_bytes(data[behind : behind + 2], "big")
        yield code, position, data[behind + 2 : behind + size]
        at = behind + size


def _markers(data: bytes) -> npt.NDArray[np.intp]:
    """Where a marker may stand, with those inside of segments."""
    values = np.frombuffer(data, np.uint8)
    first = np.flatnonzero(values[:-1] == 0xFF)
    return np.asarray(first[_FOLLOWED[values[first + 1]]], np.intp)


def _sent(pending: dict[tuple[int, int], int], scan: bytes, *, progressive: bool) -> None:
    """Note down to which bit a scan brings which coefficients of which components."""
    count = scan[0] if scan else 0
    components, tail = scan[1 : 1 + 2 * count : 2], scan[1 + 2 * count :]
    if len(tail) < 3:
        return
    first, last, bit = (tail[0], tail[1], tail[2] & 0x0F) if progressive else (0, 0, 0)
    for component in components:
        for coefficient in range(first, min(last, _COEFFICIENTS - 1) + 1):
            pending[component, coefficient] = bit


def _is_read(frame: Frame) -> bool:
    if frame.lossless:
        return True
    return frame.process in _BY_LIBJPEG and frame.precision in (8, 12)


def _unread(frame: Frame) -> str:
    if frame.process == 0xF7:
        return "JPEG-LS is not read here"
    if frame.process not in (*_BY_LIBJPEG, 0xCB):
        return f"hierarchical JPEG of {frame.precision} bits a sample is not read here"
    if frame.process >= 0xC9:
        return f"JPEG with arithmetic coding of {frame.precision} bits a sample is not read here"
    return f"JPEG of {frame.precision} bits a sample is not read here"


def _beyond(data: bytes, frame: Frame) -> Iterator[Note]:
    """What the file holds besides its picture."""
    has_gain_map = any(mark in data for mark in _GAIN_MAPS)
    if has_gain_map:
        yield Note.GAIN_MAP_IGNORED
    if frame.end is None:
        return
    if _FILM.search(data, frame.end):
        yield Note.FILM_NOT_READ
    elif not has_gain_map and _MPF not in data and _is_followed(data, frame.end):
        yield Note.FIRST_FRAME_ONLY


def _is_followed(data: bytes, end: int) -> bool:
    """Whether a whole picture stands behind the first one, where no index names it."""
    start = data.find(_START, end)
    if start < 0:
        return False
    other = frame_of(data[start:])
    return other is not None and other.end is not None


def several(picture: Pillow.Image, notes: tuple[Note, ...]) -> bool:
    """Whether another photograph stands behind the first; a preview or a gain map is none."""
    entries: Any = getattr(picture, "mpinfo", {}).get(_PICTURES_TAG) or ()
    kinds = [str(entry["Attribute"]["MPType"]) for entry in entries[1:]]
    if Note.GAIN_MAP_IGNORED in notes:
        kinds = [kind for kind in kinds if kind != "Undefined"]
    return any(kind.startswith(_SECOND_PICTURES) or "Primary" in kind for kind in kinds)


def _by_ffmpeg(data: bytes, picture: Pillow.Image) -> RGB:
    """12-bit and lossless JPEG, reduced to 8 bits."""
    with av.open(as_file(data), "r", format="jpeg_pipe") as container:
        container.streams.video[0].codec_context.options = {"err_detect": "explode"}
        frame = next(container.decode(video=0))
    decoded = frame.to_ndarray(format="rgb24")
    if decoded.shape[:2] != (picture.height, picture.width):
        raise ValueError("the decoder made another size than the header says")
    return np.ascontiguousarray(decoded, np.uint8)
