"""The AIGC label that Chinese law asks for (GB 45438-2025), in all the places it may be put."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from provenance.bounded import clean
from provenance.declared import Marker, Says
from provenance.markers.finding import as_json, found
from provenance.markers.metadata import Metadata, Text

_LABELS: Final[Mapping[str, Says]] = {
    "1": Says.AI_GENERATED,
    "2": Says.POSSIBLY_AI,  # "may be": somebody declared it, the platform could not confirm it
    "3": Says.POSSIBLY_AI,  # "suspected": the platform detected it
}
_PRODUCERS: Final[Mapping[str, str]] = {
    "91110102MACQD9K640": "Doubao",  # unified social credit code inside the producer's code
}


def find(metadata: Metadata) -> Iterator[Marker]:
    """Yield a marker for each label: XMP, PNG text, EXIF comment, RIFF INFO, ID3 and MP4 tags."""
    for text in metadata.own:
        label = _label(text)
        says = _LABELS.get(clean(str(label.get("Label", "")), 10))
        if says is not None:
            producer = clean(label.get("ContentProducer"))
            yield found(
                text,
                "tc260.aigc",
                says,
                tool=next((name for code, name in _PRODUCERS.items() if code in producer), ""),
                excerpt=f"Label {label['Label']}, producer {producer or 'not named'}",
            )


def _label(text: Text) -> Mapping[str, Any]:
    """Return the label's fields: the value itself under the key AIGC, or its member AIGC."""
    if text.name != "aigc" and '"AIGC"' not in text.value:
        return {}
    parsed = as_json(text.value)
    if not isinstance(parsed, dict):
        return {}
    inner = parsed.get("AIGC", parsed if text.name == "aigc" else {})
    if isinstance(inner, str):
        inner = as_json(inner)
    return inner if isinstance(inner, dict) else {}
