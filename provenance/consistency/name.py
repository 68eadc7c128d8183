"""A file's name against what is in it."""

from collections.abc import Iterator
from typing import Final

from provenance.consistency.catalogue import trace
from provenance.declared import Trace

_ENDINGS: Final = {
    "jpg": "image/jpeg", "jpeg": "image/jpeg", "jpe": "image/jpeg", "jfif": "image/jpeg",
    "png": "image/png", "webp": "image/webp", "gif": "image/gif", "bmp": "image/bmp",
    "tif": "image/tiff", "tiff": "image/tiff", "heic": "image/heic", "heif": "image/heic",
    "avif": "image/avif", "mp4": "video/mp4", "m4v": "video/mp4", "mov": "video/quicktime",
    "webm": "video/webm", "mkv": "video/x-matroska", "avi": "video/x-msvideo",
    "mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg",
    "oga": "audio/ogg", "opus": "audio/ogg", "m4a": "audio/mp4",
}  # fmt: skip
_PROGRAMS: Final = frozenset(
    {"apk", "bat", "cmd", "cpl", "exe", "hta", "jar", "jse", "lnk", "msi", "pif", "ps1", "scr",
     "vbs", "wsf"}
)  # fmt: skip
"""Endings that a system runs, without those that also end addresses and names of projects."""

_SIBLINGS: Final = (
    frozenset({"video/mp4", "video/quicktime", "audio/mp4"}),
    frozenset({"video/webm", "video/x-matroska", "audio/webm"}),
    frozenset({"audio/ogg", "video/ogg", "audio/opus"}),
    frozenset({"image/heic", "image/heif", "image/avif"}),
)
"""Containers that share their structure: an ending of one for another says nothing."""


def compare(name: str, media_type: str) -> tuple[Trace, ...]:
    """Traces in `name` as it was received; `media_type` is the type found by content."""
    return tuple(_find(name, media_type))


def _find(name: str, media_type: str) -> Iterator[Trace]:
    *inner, last = name.lower().split(".")
    if not inner:
        return
    if last in _PROGRAMS:
        yield trace("name.program", f"The name ends in .{last} like a program; it is {media_type}.")
    stated = _ENDINGS.get(last)
    known = media_type != "application/octet-stream"
    if stated is not None and known and not _fits(stated, media_type):
        yield trace("name.type", f"The name ends in .{last}; by its content it is {media_type}.")
    before = inner[-1] if len(inner) > 1 else ""
    if before in _PROGRAMS:
        yield trace(
            "name.program", f"The name has an ending of a program inside, .{before}.{last}."
        )
    elif before in _ENDINGS and stated is not None and not _fits(_ENDINGS[before], stated):
        yield trace("name.double", f"The name has two endings, .{before}.{last}.")


def _fits(stated: str, media_type: str) -> bool:
    return stated == media_type or any({stated, media_type} <= kin for kin in _SIBLINGS)
