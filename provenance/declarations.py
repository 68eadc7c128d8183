"""What signed assertions other than actions declare about how the media came to be.

Only AI counts here. A metadata assertion is often gathered from elsewhere, so that its signer does
not vouch for what speaks in the media's favour; nobody declares AI by mistake.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, Final

from provenance.bounded import clean
from provenance.codes import mapping, sequence
from provenance.markers.tools import ai_tool
from provenance.origin import is_ai, origin_of, strongest_type
from provenance.result import Origin, SignedStatement

MAX_STATEMENTS: Final = 20

_ELSEWHERE: Final = ("c2pa.actions", "c2pa.ingredient", "c2pa.hash.", "c2pa.thumbnail.")
_PRESENCE: Final = ("c2pa.ai-disclosure", "com.adobe.generative-ai")
"""Assertions that are there only if a model took part; they do not tell in how much of the media."""

_SOURCE_TYPE: Final = "digitalsourcetype"
_SYSTEM: Final = frozenset({"aisystemused", "aisystemversionused", "aipromptinformation"})
"""Fields of IPTC's 2025.1 standard about the system that generated a picture."""

_PROGRAMS: Final = frozenset({"creatortool", "software"})
_CREDIT: Final = "credit"
_CREDITS: Final = {
    "made with google ai": Origin.AI_GENERATED,
    "edited with google ai": Origin.AI_EDITED,
}
_LABEL: Final = "aigc"
_LABELLED: Final = "1"
"""What the label of GB 45438-2025 says of media that are generated, beyond any doubt of its own."""


def statements(manifest: Mapping[str, Any]) -> tuple[SignedStatement, ...]:
    """Return what a manifest's assertions declare about AI, apart from actions and ingredients."""
    found: dict[SignedStatement, None] = {}
    for label, data in mapping(manifest.get("assertions")).items():
        if str(label).startswith(_ELSEWHERE):
            continue
        if str(label).startswith(_PRESENCE):
            found[SignedStatement(assertion=clean(label), origin=Origin.AI_EDITED)] = None
        for kind, origin in _declared(data):
            found[SignedStatement(assertion=clean(label), source_type=kind, origin=origin)] = None
        if len(found) >= MAX_STATEMENTS:
            break
    return tuple(found)[:MAX_STATEMENTS]


def _declared(data: object) -> Iterator[tuple[str, Origin]]:
    """Yield (source type, origin) of every field that declares AI, whatever prefix its name has."""
    for name, value in _fields(data):
        if name == _SOURCE_TYPE and is_ai(origin_of(kind := strongest_type(value))):
            yield kind, origin_of(kind)
        elif name in _PROGRAMS and ai_tool(clean(value)):
            yield "", Origin.AI_GENERATED
        elif name == _CREDIT and (origin := _CREDITS.get(clean(value).lower())) is not None:
            yield "", origin
        elif (name in _SYSTEM and _says_something(value)) or (
            name == _LABEL and str(mapping(value).get("Label", "")).strip() == _LABELLED
        ):
            yield "", Origin.AI_GENERATED


def _fields(data: object) -> Iterator[tuple[str, object]]:
    """Yield every (name without its prefix, in lower case; value), however deep, without recursion."""
    left = [data]
    while left:
        item = left.pop()
        if isinstance(item, list):
            # Bytes, which come as a number each, can be as long as the padding of a store.
            left.extend([part for part in item if isinstance(part, (list, dict))])
        elif isinstance(item, dict):
            for key, value in item.items():
                if not str(key).startswith("@"):
                    yield _local(str(key)), value
                    left.append(value)


@lru_cache(maxsize=4096)
def _local(name: str) -> str:
    """Drop prefix, namespace address or path: `Iptc4xmpExt:DigitalSourceType` and its kin."""
    for separator in ("/", "#", ":", "."):
        name = name.rpartition(separator)[2]
    return name.lower()


def _says_something(value: object) -> bool:
    if isinstance(value, dict):
        return any(map(_says_something, value.values()))
    return bool(clean(value)) or any(map(_says_something, sequence(value)[:MAX_STATEMENTS]))
