"""A camera that is named, against what every camera writes about an exposure."""

import re
from collections.abc import Iterator
from typing import Final

from provenance.consistency.catalogue import trace
from provenance.consistency.facts import Facts
from provenance.declared import Trace
from provenance.markers.tools import ai_tool

_EXPOSURE: Final = ("ExposureTime", "FNumber", "ISOSpeedRatings", "FocalLength")
_SCANNERS: Final = re.compile(
    r"scan|epson|perfection|mfp|jet|brother|xerox|ricoh|lexmark|kyocera|plustek|screenshot", re.I
)


def find(facts: Facts) -> Iterator[Trace]:
    """Yield when EXIF names a camera and a moment, and nothing about the exposure."""
    named = facts.camera
    if not named or _SCANNERS.search(named) or ai_tool(named) or facts.program:
        return
    if facts.detail("DateTimeOriginal") and not any(map(facts.numbers, _EXPOSURE)):
        yield trace(
            "camera.no_exposure",
            f"EXIF names {named}, but neither exposure time, aperture, sensitivity nor focal "
            "length, which every camera writes.",
        )
