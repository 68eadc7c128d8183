"""Open recordings and films, each by its own demuxer. Runs in the sandboxed child only."""

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
    "flv": "flv",
    "mxf": "mxf",
    "mpegts": "mpegts",
    "mpegps": "mpeg",
    "mpegvideo": "mpegvideo",
}
# An edit list may repeat a film without end; what the file holds is read once, in order.
_OPTIONS: Final = {"mov": {"ignore_editlist": "1"}}
_HAS_LENGTH: Final = (b"Xing", b"Info", b"VBRI")
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
        detail = f"the {found.container.upper()} data is truncated or damaged"
        raise HandlerError("media_undecodable", detail) from error


def unsuited(found: MediaType, wanted: str) -> HandlerError:
    """What to say of a file of another type."""
    if found.container == "empty":
        return HandlerError("media_undecodable", "the file is empty")
    detail = f"the file is {found.media_type}, not {wanted} of a kind that is read"
    return HandlerError("media_undecodable", detail)


def sound_name(found: MediaType) -> str:
    """The container of a recording: one without moving pictures is no film."""
    if _DEMUXERS[found.container] == "mov":
        return "m4a"
    return "ogg" if found.container == "ogv" else found.container


def states_its_length(file: BinaryIO, found: MediaType) -> bool:
    """Whether the demuxer's length was read; in rows of bare frames it guesses from the first ones."""
    if found.container in ("aac", "amr", "mp2", "mpegvideo"):
        return False
    if found.container != "mp3":
        return True
    place = file.tell()
    file.seek(0)
    head = file.read(_MP3_HEAD)
    file.seek(place)  # a demuxer reads on from there
    return any(mark in head for mark in _HAS_LENGTH)
