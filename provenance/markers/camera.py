"""EXIF facts of a capture: context for a reader, worthless as proof of a real photo."""

from collections.abc import Iterator
from typing import Final

from provenance.declared import Marker, Says
from provenance.markers.finding import found
from provenance.markers.metadata import Carrier, Metadata
from provenance.markers.tools import ai_tool

_LONGEST: Final = 64


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield one marker when EXIF names a camera by make and model."""
    exif = {text.key: text for text in reversed(metadata.texts) if text.carrier is Carrier.EXIF}
    make, model = exif.get("Make"), exif.get("Model")
    if make is None or model is None or max(len(make.value), len(model.value)) > _LONGEST:
        return
    if ai_tool(make.value) or ai_tool(model.value):
        return
    taken = exif["DateTimeOriginal"].value if "DateTimeOriginal" in exif else "at no stated time"
    yield found(
        model,
        "camera.exif",
        Says.CAPTURED,
        tool=f"{make.value} {model.value}",
        excerpt=f"{make.value} {model.value}, {taken}",
    )
