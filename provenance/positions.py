"""Read positions on Earth in the forms in which EXIF, XMP and films state them; None where none is."""

import math
import re
from collections.abc import Sequence
from typing import Final

from provenance.declared import Position

_ISO6709: Final = re.compile(r"([+-]\d{1,2}(?:\.\d{1,12})?)([+-]\d{1,3}(?:\.\d{1,12})?)(?=[-+/]|$)")
_XMP: Final = re.compile(
    r"(\d{1,3}),(\d{1,2}(?:\.\d{1,12})?)(?:,(\d{1,2}(?:\.\d{1,12})?))?([NSEW])", re.IGNORECASE
)
_DECIMAL: Final = re.compile(r"[+-]?\d{1,3}(?:\.\d{1,12})?")
_SIDES: Final = ("NS", "EW")


def of_angles(angles: Sequence[object], sides: Sequence[object]) -> Position | None:
    """From degrees, minutes and seconds of latitude and longitude, as EXIF has them."""
    found = [
        _whole(angle, side, known) for angle, side, known in zip(angles, sides, _SIDES, strict=True)
    ]
    return _position(found)


def of_texts(texts: Sequence[str], sides: Sequence[str]) -> Position | None:
    """From texts of latitude and longitude as XMP has them, or decimal with a side of their own."""
    found = [
        _read(text.strip(), side.strip(), known)
        for text, side, known in zip(texts, sides, _SIDES, strict=True)
    ]
    return _position(found)


def of_iso6709(text: str) -> Position | None:
    """From "+48.8577+002.2950+035.0/"; only decimal degrees are read."""
    found = _ISO6709.match(text.strip())
    return None if found is None else _position([float(found[1]), float(found[2])])


def apart(first: Position, second: Position) -> float:
    """Kilometres between two points along a great circle, by the haversine formula."""
    ours, theirs = (math.radians(it.latitude) for it in (first, second))
    turn = math.radians(second.longitude - first.longitude)
    chord = math.sin((theirs - ours) / 2) ** 2
    chord += math.cos(ours) * math.cos(theirs) * math.sin(turn / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(min(1.0, chord)))


def _whole(angle: object, side: object, known: str) -> float | None:
    if not isinstance(angle, tuple) or len(angle) != 3 or not all(map(math.isfinite, angle)):
        return None
    return _signed(angle[0] + angle[1] / 60 + angle[2] / 3600, side, known)


def _read(text: str, side: str, known: str) -> float | None:
    if found := _XMP.fullmatch(text):
        degrees = float(found[1]) + float(found[2]) / 60 + float(found[3] or 0) / 3600
        return _signed(degrees, found[4], known)
    if not _DECIMAL.fullmatch(text):
        return None
    return _signed(float(text), side, known) if side else float(text)


def _signed(degrees: float, side: object, known: str) -> float | None:
    letter = side.strip().upper()[:1] if isinstance(side, str) else ""
    if degrees < 0 or not letter or letter not in known:
        return None
    return degrees if letter == known[0] else -degrees


def _position(found: Sequence[float | None]) -> Position | None:
    latitude, longitude = found
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Position(latitude=round(latitude, 6), longitude=round(longitude, 6))
