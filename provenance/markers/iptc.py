"""IPTC: the digital source type, and the fields about AI systems of the 2025.1 standard."""

import re
from collections.abc import Iterator, Mapping
from typing import Final

from provenance.declared import Marker, Says
from provenance.markers.finding import found
from provenance.markers.metadata import About, Metadata, Text
from provenance.origin import origin_of, source_type
from provenance.result import Origin

_URI: Final = re.compile(r"https?://cv\.iptc\.org/newscodes/digitalsourcetype/\w+/?", re.IGNORECASE)
_SYSTEM_FIELDS: Final = (
    "aisystemused",
    "aisystemversionused",
    "aipromptinformation",
    "aipromptwritername",
)
_EDITS: Final = ("humanedits", "minorhumanedits")
_SAYS: Final[Mapping[Origin, Says]] = {
    Origin.AI_GENERATED: Says.AI_GENERATED,
    Origin.AI_EDITED: Says.AI_EDITED,
    Origin.CAPTURED: Says.CAPTURED,
    Origin.COMPOSITE: Says.EDITED,
    Origin.OTHER: Says.OTHER,
}

_LABELS: Final = {
    "created using generative ai": "trainedAlgorithmicMedia",
    "edited using generative ai": "compositeWithTrainedAlgorithmicMedia",
    "trained algorithmic media": "trainedAlgorithmicMedia",
    "composite with trained algorithmic media": "compositeWithTrainedAlgorithmicMedia",
    "digital capture": "digitalCapture",
    "digital capture sampled from real life": "digitalCapture",
}
"""What the vocabulary calls its source types in English, which some write in place of the URI."""

_OF_INGREDIENT: Final = {
    Says.AI_GENERATED: Says.POSSIBLY_AI,
    Says.AI_EDITED: Says.POSSIBLY_AI,
}
"""What the source type of an ingredient says of the file: AI may be in it, a capture proves nothing."""


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield a marker for every source type, and one for the fields about AI systems."""
    system = [text for text in metadata.own if text.name in _SYSTEM_FIELDS]
    if system:
        yield found(system[0], "iptc.ai_system", Says.AI_GENERATED, tool=_tool(system))
    for text in metadata.texts:
        if text.name == "digitalsourcetype" or _URI.fullmatch(text.value):
            kind = _LABELS.get(text.value.lower(), source_type(text.value))
            says = Says.EDITED if kind.lower() in _EDITS else _SAYS.get(origin_of(kind))
            if says is None:
                continue
            if text.about is About.FILE:
                yield found(text, "iptc.digital_source_type", says)
            else:
                yield found(text, "iptc.ingredient", _OF_INGREDIENT.get(says, Says.OTHER))


def _tool(fields: list[Text]) -> str:
    return next((text.value for text in fields if text.name == "aisystemused"), "")
