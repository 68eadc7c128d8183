"""Open recordings and films, each by its own demuxer. Runs in the sandboxed child only."""

import io
import re
from typing import BinaryIO, Final

import av
from av.container import InputContainer

from detectors.media.sniff import MediaType
from detectors.media.wire import HandlerError

# One demuxer for each container, so that no playlist or script format can be smuggled in.
_DEMUXERS: Final = {
    "wav": "wav",
    "w64": "w64",
    "aiff": "aiff",
    "au": "au",
    "caf": "caf",
    "flac": "flac",
    "mp3": "mp3",
    "mp2": "mp3",
    "aac": "aac",
    "amr": "amr",
    "ogg": "ogg",
    "opus": "ogg",
    "ogv": "ogg",
    "m4a": "mov",
    "mp4": "mov",
    "mov": "mov",
    "webm": "matroska",
    "mkv": "matroska",
    "avi": "avi",
    "asf": "asf",
    "wavpack": "wv",
    "ape": "ape",
    "tta": "tta",
    "mpc": "mpc",
    "mpc8": "mpc8",
    "dsf": "dsf",
    "voc": "voc",
    "ac3": "ac3",
    "eac3": "eac3",
    "dts": "dts",
    "ivf": "ivf",
    "rm": "rm",
    "flv": "flv",
    "mxf": "mxf",
    "mpegts": "mpegts",
    "mpegps": "mpeg",
    "mpegvideo": "mpegvideo",
}
# An edit list may repeat a film without end; what the file holds is read once, in order.
_OPTIONS: Final = {"mov": {"ignore_editlist": "1"}}
_GUESSED: Final = frozenset({"mp3", "mp2", "aac", "amr", "ac3", "eac3", "dts", "mpegvideo"})
"""Rows of bare frames, whose length nothing states."""
_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)  # what a recorder writes that cannot seek back
_MP3_COUNTS: Final = re.compile(rb"\xff[\xe2-\xff].{7,38}?(?:Xing|Info)", re.DOTALL)
_HAS_FRAMES, _HAS_BYTES = 1, 2  # flags behind that
_MP3_HEAD: Final = 1 << 18  # an ID3 tag with a cover may stand in front


def opened(file: BinaryIO, found: MediaType) -> InputContainer:
    """`file` from its start. Raises `HandlerError` for what is no recording and no film."""
    demuxer = _DEMUXERS.get(found.container)
    if demuxer is None:
        raise unsuited(found, "a recording or a film")
    file.seek(0)
    try:
        return av.open(file, "r", format=demuxer, options=_OPTIONS.get(demuxer, {}))
    except (av.FFmpegError, ValueError) as error:
        name = found.container.upper()
        detail = f"the {name} data is truncated or damaged"
        raise HandlerError("media_undecodable", detail) from error


def unsuited(found: MediaType, suited: str) -> HandlerError:
    """What to say of a file of another type."""
    if found.container == "empty":
        return HandlerError("media_undecodable", "the file is empty")
    detail = f"the file is {found.media_type}, not {suited} of a kind that is read"
    return HandlerError("media_undecodable", detail)


def sound_name(found: MediaType) -> str:
    """The container of a recording: one without moving pictures is no film."""
    if _DEMUXERS[found.container] == "mov":
        return "m4a"
    return "ogg" if found.container == "ogv" else found.container


def states_its_length(found: MediaType) -> bool:
    """Whether the length is read from the file; of rows of bare frames it is guessed from a few."""
    return found.container not in _GUESSED


def ends_early(file: BinaryIO, found: MediaType) -> bool:
    """Whether a WAV or an MP3 promises more bytes than the file has."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if found.container == "wav":
        head = file.read(8)
        promised = int.from_bytes(head[4:], "little")
        return head[:4] == b"RIFF" and promised not in _UNKNOWN_SIZES and promised + 8 > size
    return found.container == "mp3" and _mp3_ends_early(file.read(_MP3_HEAD), size)


def _mp3_ends_early(head: bytes, size: int) -> bool:
    """By the count of bytes in the first frame, where an encoder left one (Xing, LAME)."""
    mark = _MP3_COUNTS.search(head)
    if mark is None:
        return False
    flags, at = int.from_bytes(head[mark.end() : mark.end() + 4], "big"), mark.end() + 4
    if not flags & _HAS_BYTES:
        return False
    at += 4 * (flags & _HAS_FRAMES)
    promised = int.from_bytes(head[at : at + 4], "big")
    return 0.95 * promised > size - mark.start()
