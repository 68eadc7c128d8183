"""What the families of markers share: how a finding is made, and how JSON is read."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from provenance.bounded import clean
from provenance.declared import Marker, Says
from provenance.markers.catalogue import CATALOGUE
from provenance.markers.metadata import Metadata, Text

Finder = Callable[[Metadata], Iterator[Marker]]

EXCERPT: Final = 240
_MAX_JSON: Final = 4 << 20


def found(
    text: Text, name: str, says: Says, *, tool: str = "", excerpt: str | None = None
) -> Marker:
    """Make a marker of the catalogue out of the text it was read from."""
    entry = CATALOGUE[name]
    shown = text.value if excerpt is None else excerpt
    return Marker(
        name=name,
        family=entry.family,
        says=says,
        where=clean(text.where),
        tool=clean(tool, 120),
        excerpt=clean(shown, EXCERPT),
        note=entry.note,
        truncated=len(shown) > EXCERPT,
    )


def as_json(value: str) -> object:
    """Parse text that looks like a JSON object, or return None. Never raises."""
    if not value.startswith("{") or len(value) > _MAX_JSON:
        return None
    try:
        parsed: object = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return parsed
