"""What signed assertions say beyond actions and ingredients: authors, camera data, statements.

Every assertion that has no field of its own in the result is flattened to names and values, so that
a reader sees all that was signed, whatever the writer calls it.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from provenance.bounded import clean
from provenance.codes import mapping
from provenance.result import SignedFact

MAX_FACTS: Final = 60
_MAX_DEPTH: Final = 6
_ELSEWHERE: Final = (
    "c2pa.actions",
    "c2pa.certificate-status",
    "c2pa.hash.",
    "c2pa.icon",
    "c2pa.ingredient",
    "c2pa.soft-binding",
    "c2pa.thumbnail.",
    "c2pa.time-stamp",
    "c2pa.training-mining",
    "cawg.identity",
    "cawg.training-mining",
)
"""Assertions that other fields of the result tell about."""

_PLUMBING: Final = frozenset({"@context", "@type", "hash", "identifier", "pad", "url", "alg"})


def signed_facts(manifest: Mapping[str, Any]) -> tuple[SignedFact, ...]:
    """Return names and values of a manifest's other assertions, in the order they stand."""
    found: list[SignedFact] = []
    for label, data in mapping(manifest.get("assertions")).items():
        if str(label).startswith(_ELSEWHERE):
            continue
        for name, value in _leaves(data, "", 0):
            if len(found) == MAX_FACTS:
                return tuple(found)
            found.append(SignedFact(assertion=clean(label), name=name, value=value))
    return tuple(found)


def scalars(untrusted: object) -> Iterator[tuple[str, str]]:
    """Yield (name, value) of the plain values of an untrusted structure; for parameters too."""
    yield from _leaves(untrusted, "", 0)


def _leaves(untrusted: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(untrusted, dict):
        for key, value in untrusted.items():
            if key not in _PLUMBING:
                yield from _leaves(value, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(untrusted, list):
        if all(isinstance(item, int) for item in untrusted) and len(untrusted) > 16:
            return  # bytes
        for item in untrusted:
            yield from _leaves(item, name, depth + 1)
    elif isinstance(untrusted, str | int | float) and not isinstance(untrusted, bool):
        text = str(untrusted)
        if text and not text.startswith("b64'"):
            yield clean(name, 120), clean(text)
    elif isinstance(untrusted, bool):
        yield clean(name, 120), "yes" if untrusted else "no"
