"""MP4 and QuickTime: times, what an edit list leaves out, and who encoded it after a camera.

Boxes and their fields are those of ISO/IEC 14496-12; times count seconds since 1904.
"""

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from provenance.bounded import clean
from provenance.consistency.catalogue import trace
from provenance.consistency.facts import ZONES, Facts, shown
from provenance.declared import Trace
from provenance.markers.metadata import Part

_EPOCH: Final = datetime(1904, 1, 1, tzinfo=UTC)
_FIRST: Final = datetime(1995, 1, 1, tzinfo=UTC)
"""Earlier times come from devices that count from another year: they say nothing."""

_HIDDEN: Final = 1.0
"""Seconds that tracks of different lengths and an encoder's lead-in explain."""

_ENCODERS: Final = re.compile(rb"x264 - core|x265 \(build|Lavc\d")
_MUXER: Final = re.compile(r"Lavf\d|HandBrake|Lavc\d", re.IGNORECASE)


class Header(NamedTuple):
    """The fields that `mvhd` and `mdhd` share."""

    created: datetime | None
    modified: datetime | None
    seconds: float  # 0 when it is not stated
    scale: int  # units a second


def find(facts: Facts) -> Iterator[Trace]:
    """Yield impossible times, hidden passages, and encoders that no camera has."""
    boxes = facts.parts("mvhd", "tkhd", "elst", "mdhd", "hdlr", "mdat")
    movie = next((header(box.body) for box in boxes if box.name == "mvhd"), None)
    if movie is None:
        return
    yield from _times(facts, movie)
    yield from _encoder(facts, boxes)
    yield from _edits(boxes, movie)


def header(body: bytes) -> Header | None:
    """Read an `mvhd` or `mdhd` box; None when it is too short."""
    try:
        created, modified, scale, length = struct.unpack_from(
            ">QQIQ" if body[:1] == b"\x01" else ">IIII", body, 4
        )
    except struct.error:
        return None
    unknown = length in (0, 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF) or not scale
    return Header(_moment(created), _moment(modified), 0.0 if unknown else length / scale, scale)


def _moment(seconds: int) -> datetime | None:
    if not seconds or seconds > 2**33:
        return None
    moment = _EPOCH + timedelta(seconds=seconds)
    return moment if moment >= _FIRST else None


def _times(facts: Facts, movie: Header) -> Iterator[Trace]:
    named = _stated(facts.text("com.apple.quicktime.creationdate"))
    saved = movie.modified or movie.created
    for meaning, moment in (
        ("that it was created", movie.created),
        ("that it was last saved", movie.modified),
    ):
        if moment and moment - facts.moment > ZONES:
            yield trace(
                "time.film", f"The video says {meaning} on {shown(moment)}, which is in the future."
            )
            return
    if movie.created and movie.modified and movie.created - movie.modified > ZONES:
        yield trace(
            "time.film",
            f"The video says that it was last saved on {shown(movie.modified)}, before it was created, on "
            f"{shown(movie.created)}.",
        )
    elif named and saved and named - saved > ZONES:
        yield trace(
            "time.film",
            f"The video says that it was recorded on {shown(named)}, after it was last saved, on "
            f"{shown(saved)}.",
        )


def _stated(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _encoder(facts: Facts, boxes: list[Part]) -> Iterator[Trace]:
    make = facts.text("com.apple.quicktime.make", "com.android.manufacturer", "make")
    model = facts.text("com.apple.quicktime.model", "com.android.model", "model")
    if not make and not model:
        return
    tag = facts.text("encoder")
    start = next((box.body for box in boxes if box.name == "mdat"), b"")
    coded = _ENCODERS.search(start)
    if coded or _MUXER.match(tag):
        by = coded[0].split(b" ")[0].decode() if coded else tag
        yield trace(
            "film.encoder",
            f"The video names {clean(f'{make} {model}', 80)}, but {clean(by, 40)}, a program for "
            "computers, wrote it. So it is not the file that the camera wrote.",
        )


def _edits(boxes: list[Part], movie: Header) -> Iterator[Trace]:
    """What the edit list of the moving picture plays, against what its track holds."""
    edits: list[float] = []
    held: Header | None = None
    for box in boxes:
        if box.name == "tkhd":
            edits, held = [], None
        elif box.name == "elst":
            edits = list(_played(box.body, movie.scale))
        elif box.name == "mdhd":
            held = header(box.body)
        elif box.name == "hdlr" and box.body[8:12] == b"vide" and held and edits:
            hidden = held.seconds - sum(edits)
            if sum(edits) > 0 and hidden > _HIDDEN:
                yield trace(
                    "film.hidden",
                    f"The video plays {sum(edits):.1f} s of the {held.seconds:.1f} s of moving "
                    "picture in the file. An edit list leaves out the rest.",
                )
                return


def _played(body: bytes, scale: int) -> Iterator[float]:
    """Seconds of each passage of an `elst` box that shows something."""
    row = struct.Struct(">QqI" if body[:1] == b"\x01" else ">IiI")
    count = int.from_bytes(body[4:8], "big")
    for number in range(min(count, (len(body) - 8) // row.size)):
        length, start, _ = row.unpack_from(body, 8 + number * row.size)
        if start >= 0 and scale:
            yield length / scale
