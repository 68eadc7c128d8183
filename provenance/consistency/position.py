"""Positions in EXIF that are on no map."""

import math
from collections.abc import Iterator
from typing import Final

from provenance.consistency.catalogue import trace
from provenance.consistency.facts import Facts
from provenance.declared import Trace

_LIMITS: Final = {"GPSLatitude": ("latitude", 90), "GPSLongitude": ("longitude", 180)}
_LOWEST: Final = -500.0  # metres; the shore of the Dead Sea lies at -430
_HIGHEST: Final = 40_000.0  # metres; balloons reach it


def find(facts: Facts) -> Iterator[Trace]:
    """Yield what is no place. A camera that found no position writes zeros over zeros: silence."""
    places = [facts.numbers(name) for name in _LIMITS]
    if not all(len(place) == 3 and not any(map(math.isnan, place)) for place in places):
        return
    for (meaning, limit), (degrees, minutes, seconds) in zip(_LIMITS.values(), places, strict=True):
        whole = degrees + minutes / 60 + seconds / 3600
        if not 0 <= whole <= limit or not 0 <= minutes < 60.01 or not 0 <= seconds < 60.01:
            yield trace(
                "position.impossible",
                f"EXIF states a {meaning} of {degrees:g}° {minutes:g} min {seconds:g} s, which no "
                "place on Earth has.",
            )
            return
    if not any(any(place) for place in places):
        yield trace("position.zero", "EXIF states 0° north and 0° east, which is in the open sea.")
    height = facts.number("GPSAltitude")
    if height is not None and facts.number("GPSAltitudeRef") == 1:
        height = -height
    if height is not None and not math.isnan(height) and not _LOWEST <= height <= _HIGHEST:
        yield trace("position.impossible", f"EXIF states an altitude of {height:,.0f} m.")
