"""How a family of markers reports: one constructor, and what is said about forging."""

import json
from collections.abc import Callable, Iterator
from typing import Final

from provenance.markers.metadata import Metadata, Text
from provenance.result import Marker, MarkerFamily, Says, clean

Finder = Callable[[Metadata], Iterator[Marker]]

EXCERPT: Final = 240
FREE_TEXT: Final = "anyone can write or remove it with an ordinary metadata editor"
STRUCTURED: Final = (
    "written by the program itself and rarely faked, but a metadata editor can copy or remove it"
)
_MAX_JSON: Final = 4 << 20


def found(
    text: Text,
    name: str,
    family: MarkerFamily,
    says: Says,
    *,
    tool: str = "",
    note: str = FREE_TEXT,
    excerpt: str | None = None,
) -> Marker:
    """Make a marker out of the text it was read from."""
    shown = text.value if excerpt is None else excerpt
    return Marker(
        name=name,
        family=family,
        says=says,
        where=clean(text.where),
        tool=clean(tool, 120),
        excerpt=clean(shown, EXCERPT),
        note=note,
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
