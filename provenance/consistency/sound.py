"""What encoders note about the length of a recording, against what the file holds.

MP3 encoders put a frame named "Xing" or "Info" first, with the number of bytes of sound and, if
LAME wrote it, its version. AAC encoders note the padding at both ends under "iTunSMPB".
"""

import re
from collections.abc import Iterator
from typing import Final

from provenance.bounded import clean
from provenance.consistency.catalogue import trace
from provenance.consistency.facts import Facts
from provenance.consistency.film import header
from provenance.declared import Trace

_SIDES: Final = (36, 21, 13)  # where the note lies: stereo MPEG 1, both in between, mono MPEG 2
_FRAMES, _BYTES, _CONTENTS, _QUALITY = 1, 2, 4, 8
_SLACK: Final = 4096
"""Bytes that encoders leave uncounted: the note's own frame, or tags of a few hundred bytes."""

_SHARE: Final = 0.02
_SECOND: Final = 1.0
_PADDING: Final = re.compile(r"\s*[0-9A-F]{8} ([0-9A-F]{8}) ([0-9A-F]{8}) ([0-9A-F]{16})", re.I)


def find(facts: Facts) -> Iterator[Trace]:
    """Yield lengths that do not fit and files that a second program wrapped up again."""
    yield from _mp3(facts)
    yield from _aac(facts)


def _mp3(facts: Facts) -> Iterator[Trace]:
    first = next(iter(facts.parts("MP3")), None)
    if first is None or first.body[:1] != b"\xff":
        return
    at = next((at for at in _SIDES if first.body[at : at + 4] in (b"Xing", b"Info")), None)
    if at is None:
        return
    flags = int.from_bytes(first.body[at + 4 : at + 8], "big")
    place = at + 8 + 4 * bool(flags & _FRAMES)
    noted = int.from_bytes(first.body[place : place + 4], "big") if flags & _BYTES else 0
    place += 4 * bool(flags & _BYTES) + 100 * bool(flags & _CONTENTS) + 4 * bool(flags & _QUALITY)
    held = first.size - _tags_behind(facts)
    if noted and abs(held - noted) > _SLACK + _SHARE * noted:
        yield trace(
            "sound.length",
            f"The encoder noted {noted:,} bytes of sound in the MP3; the file holds {held:,}. So "
            f"something was {'cut off' if held < noted else 'added'} without encoding again.",
        )
    encoder = first.body[place : place + 9].decode("latin-1")
    wrapped = facts.text("tsse", "tss")
    if encoder.startswith("LAME") and wrapped.startswith("Lavf"):
        yield trace(
            "sound.encoders",
            f"{clean(encoder)} encoded the MP3 and another program, {clean(wrapped, 40)}, wrapped "
            "it up again.",
        )


def _tags_behind(facts: Facts) -> int:
    """Bytes of an ID3v1 tag and an APE tag at the end of the file."""
    end = next((part.body for part in facts.parts("MP3 end")), b"")
    size = 128 if end[-128:].startswith(b"TAG") else 0
    footer = end[: len(end) - size][-32:]
    if footer.startswith(b"APETAGEX"):
        size += int.from_bytes(footer[12:16], "little") + 32
    return size


def _aac(facts: Facts) -> Iterator[Trace]:
    noted = _PADDING.match(facts.text("itunsmpb"))
    track = next((header(part.body) for part in facts.parts("mdhd")), None)
    if noted is None or track is None or not track.seconds:
        return
    seconds = sum(int(part, 16) for part in noted.groups()) / track.scale
    if abs(seconds - track.seconds) > _SECOND + _SHARE * track.seconds:
        yield trace(
            "sound.length",
            f"The encoder noted {seconds:.1f} s of sound; the file holds {track.seconds:.1f} s. "
            "So it was cut or joined without encoding again.",
        )
