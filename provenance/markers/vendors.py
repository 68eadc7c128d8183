"""Marks that single vendors leave: Google's credit line, Samsung's trailer, xAI's signature."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from provenance.declared import Marker, Says
from provenance.markers.finding import as_json, found
from provenance.markers.metadata import Carrier, Metadata

_GOOGLE: Final[Mapping[str, Says]] = {
    "made with google ai": Says.AI_GENERATED,
    "edited with google ai": Says.AI_EDITED,
}
_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_DEPTH: Final = 8
_NO_TOOL: Final = ("", "0", "-1", "false", "none", "null")
_XAI_SIGNATURE: Final = re.compile(r"Signature: [A-Za-z0-9+/]{80,}={0,2}")


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield the marks of Google, Samsung and xAI."""
    for text in metadata.own:
        google = _GOOGLE.get(text.value.lower())
        if google is not None and text.name == "credit":
            yield found(text, "vendor.google_credit", google, tool="Google AI")
        if text.carrier is Carrier.TRAILER and _used_ai(as_json(text.value), _DEPTH):
            yield found(
                text,
                "vendor.samsung_gen_ai",
                Says.AI_EDITED,
                tool="Samsung Galaxy AI",
            )
    yield from _xai(metadata)


def _used_ai(value: object, depth: int) -> bool:
    """Whether edit data names a kind of generative tool, however deep; 0 says that none was used."""
    if depth == 0:
        return False
    if isinstance(value, list):
        return any(_used_ai(item, depth - 1) for item in value)
    if isinstance(value, str):  # values that hold JSON of their own
        return value.startswith("{") and _used_ai(as_json(value), depth - 1)
    if not isinstance(value, dict):
        return False
    kind = value.get("genAIType", 0)
    used = isinstance(kind, int | str) and str(kind).strip().lower() not in _NO_TOOL
    return used or any(_used_ai(item, depth - 1) for item in value.values())


def _xai(metadata: Metadata) -> Iterator[Marker]:
    """Report xAI's pair: a signature as the description and a UUID as the artist."""
    artists = [t for t in metadata.own if t.key == "Artist" and _UUID.fullmatch(t.value)]
    for text in metadata.own:
        if artists and text.key == "ImageDescription" and _XAI_SIGNATURE.fullmatch(text.value):
            yield found(
                text,
                "vendor.xai_signature",
                Says.AI_GENERATED,
                tool="Grok",
            )
