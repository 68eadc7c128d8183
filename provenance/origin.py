"""What a digital source type says about how media came to be, and whose word of many counts."""

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from provenance.bounded import clean
from provenance.result import Ingredient, Integrity, Manifest, Origin, SignerTrust

_ORIGINS: Final[Mapping[str, Origin]] = {
    "trainedalgorithmicmedia": Origin.AI_GENERATED,
    "compositewithtrainedalgorithmicmedia": Origin.AI_EDITED,
    "compositesynthetic": Origin.AI_EDITED,
    "digitalcapture": Origin.CAPTURED,
    "computationalcapture": Origin.CAPTURED,
    "negativefilm": Origin.CAPTURED,
    "positivefilm": Origin.CAPTURED,
    "print": Origin.CAPTURED,
    "compositecapture": Origin.COMPOSITE,
    "multiframecapture": Origin.CAPTURED,
    "composite": Origin.COMPOSITE,
    "humanedits": Origin.OTHER,
    "minorhumanedits": Origin.OTHER,
    "algorithmicallyenhanced": Origin.OTHER,  # sharpened or denoised, which is not generation
    "algorithmicmedia": Origin.OTHER,  # drawn by an algorithm that was not trained
    "dataderivedmedia": Origin.OTHER,
    "digitalart": Origin.OTHER,
    "digitalcreation": Origin.OTHER,
    "softwareimage": Origin.OTHER,
    "virtualrecording": Origin.OTHER,
    "screencapture": Origin.OTHER,
    "trainedalgorithmicdata": Origin.OTHER,  # data made by a model: no picture of anything
    "empty": Origin.OTHER,
}
"""Last part of a source type's URI, in lower case, to what it says. IPTC and C2PA vocabularies.

`compositeSynthetic` is a composite with at least one synthetic part, so it counts as edited.
"""

_RANK: Final = (
    Origin.AI_GENERATED,
    Origin.AI_EDITED,
    Origin.COMPOSITE,
    Origin.CAPTURED,
    Origin.OTHER,
)
_IS_AI: Final = (Origin.AI_GENERATED, Origin.AI_EDITED)
_AI_FIRST: Final = {origin: place for place, origin in enumerate(_IS_AI)}
_MOST_TYPES: Final = 20


def is_ai(origin: Origin) -> bool:
    return origin in _IS_AI


def source_type(untrusted_uri: object) -> str:
    """Return the last part of a source type's URI: `trainedAlgorithmicMedia`.

    Writers vary http and https, a trailing slash, spaces around it and the bare word. The words
    of schema.org, `TrainedAlgorithmicMediaDigitalSource`, lose their ending.
    """
    last = clean(untrusted_uri).rstrip("/").rpartition("/")[2].rpartition(":")[2].strip()
    return last.removesuffix("DigitalSource") or last


def strongest_type(untrusted: object) -> str:
    """Return the source type that counts of one value or of several, as text or as a reference.

    Among several AI counts, else the first. JSON-LD refers by `@id` or `@value`.
    """
    if isinstance(untrusted, dict):
        untrusted = untrusted.get("@id") or untrusted.get("@value") or untrusted.get("rdf:resource")
    if not isinstance(untrusted, list):
        return source_type(untrusted)
    kinds = [kind for item in untrusted[:_MOST_TYPES] if (kind := source_type(item))]
    return min(kinds, key=lambda kind: _AI_FIRST.get(origin_of(kind), len(_AI_FIRST)), default="")


def origin_of(type_name: str) -> Origin:
    """Map the last part of a source type's URI; a type that is not known is `OTHER`."""
    if not type_name:
        return Origin.UNDECLARED
    return _ORIGINS.get(type_name.lower(), Origin.OTHER)


_CREATED: Final = "c2pa.created"
_MAKING: Final = (_CREATED, "c2pa.opened", "c2pa.published")
"""Actions whose source type speaks of the whole asset; any other action's speaks of a change."""

_AS_CHANGE: Final[Mapping[Origin, Origin]] = {
    Origin.AI_GENERATED: Origin.AI_EDITED,
    Origin.CAPTURED: Origin.OTHER,
}
_AS_PART: Final[Mapping[Origin, Origin]] = {
    Origin.AI_GENERATED: Origin.AI_EDITED,
    Origin.CAPTURED: Origin.COMPOSITE,
}


_FAITHFUL: Final = frozenset(
    {
        *_MAKING,
        "c2pa.color_adjustments",
        "c2pa.converted",
        "c2pa.cropped",
        "c2pa.edited.metadata",
        "c2pa.orientation",
        "c2pa.redacted",
        "c2pa.repackaged",
        "c2pa.resized",
        "c2pa.resized.proportional",
        "c2pa.transcoded",
        "c2pa.trimmed",
        "c2pa.watermarked",
        "c2pa.watermarked.bound",
        "c2pa.watermarked.unbound",
    }
)
"""Actions after which all that is seen or heard is still as it was captured, if not all of it."""

_PLACED: Final = "c2pa.placed"
_INPUT: Final = "inputTo"

_BING: Final = "ai generated image"
"""All that Bing's image creator says, in an action's description without any source type."""


_MODEL_DATA: Final = "trainedalgorithmicdata"


def origin_of_action(name: str, type_name: str, description: str, tool: str = "") -> Origin:
    """Map an action's source type: generated content that was *added* makes an edited asset.

    Where none is given, the name of a generator says as much of what that `tool` made or changed.
    """
    if not type_name and (description.lower() == _BING or (tool and name == _CREATED)):
        return Origin.AI_GENERATED
    if name in _MAKING:
        return origin_of(type_name)
    if name not in _FAITHFUL and (
        type_name.lower() == _MODEL_DATA or (tool and not type_name and name)
    ):
        return Origin.AI_EDITED
    return _AS_CHANGE.get(origin_of(type_name), origin_of(type_name))


def origin_of_ingredient(type_name: str) -> Origin:
    """Map the source type that a signer gives an ingredient which brings no credentials.

    That somebody's camera took it is hearsay; that it comes from AI is taken at its word.
    """
    origin = origin_of(type_name)
    return Origin.OTHER if origin is Origin.CAPTURED else origin


class Declaration(NamedTuple):
    """One declaration of how the media came to be, and whose word it is."""

    origin: Origin = Origin.UNDECLARED
    trust: SignerTrust = SignerTrust.UNKNOWN
    depth: int = 0
    source_type: str = ""


def declared_origin(manifests: Sequence[Manifest]) -> Declaration:
    """Pick, among all declarations of a store, the one that counts; the active manifest is first.

    The whole store is walked, because generators often sign twice and say "AI" only in the inner
    manifest. AI outranks everything else, so an edit cannot bury it; among declarations of AI a
    trusted one outranks a stranger's, and a nearer one a deeper one.

    A declaration is trusted only if every signer from the active manifest down to the declaring
    one is trusted and unbroken: a stranger may hang any genuine manifest below a file of his own.
    """
    found = [
        Declaration(_narrow(origin, is_part), trust, manifest.depth, kind)
        for manifest, is_part, trust in _walk(manifests)
        for origin, kind in _declared_in(manifest)
        if origin is not Origin.UNDECLARED
    ]
    return min(found, key=_order, default=Declaration())


def contradiction(manifest: Manifest) -> str:
    """Say where one manifest declares both a capture and media that AI made; empty if nowhere."""
    captured = [a for a in manifest.actions if a.name in _MAKING and a.origin is Origin.CAPTURED]
    stated = [s for s in manifest.statements if s.origin is Origin.AI_GENERATED]
    if not captured or not stated:
        return ""
    return "signed statements contradict each other: one says that a device captured this, another that AI made it"


def _declared_in(manifest: Manifest) -> Iterator[tuple[Origin, str]]:
    """Yield everything one manifest declares about the whole that it belongs to."""
    for action in manifest.actions:
        yield action.origin, action.source_type
    for statement in manifest.statements:
        yield statement.origin, statement.source_type
    for ingredient in manifest.ingredients:
        if ingredient.relationship != _INPUT:
            yield _narrow(ingredient.origin, _is_part(ingredient)), ingredient.source_type


def edits(manifests: Sequence[Manifest]) -> tuple[str, ...]:
    """Name the actions on a file and its earlier versions that may have changed what it shows.

    Something placed into a capture, or painted over it, seldom declares where it comes from, so
    the source types alone would still call the result captured.
    """
    found = [
        name
        for manifest, is_part, _ in _walk(manifests)
        if not is_part
        for name in (
            *(action.name for action in manifest.actions),
            *(_PLACED for part in manifest.ingredients if part.relationship == "componentOf"),
        )
        if name not in _FAITHFUL
    ]
    return tuple(dict.fromkeys(found))


def _narrow(origin: Origin, is_part: bool) -> Origin:  # noqa: FBT001 (one fact, named at the call)
    return _AS_PART.get(origin, origin) if is_part else origin


def _order(declared: Declaration) -> tuple[bool, bool, int, int]:
    return (
        declared.origin not in _IS_AI,
        declared.trust is not SignerTrust.TRUSTED,
        _RANK.index(declared.origin),
        declared.depth,
    )


def _walk(manifests: Sequence[Manifest]) -> Iterator[tuple[Manifest, bool, SignerTrust]]:
    """Yield each manifest reachable as parent or component: (manifest, is a part, trust)."""
    by_label = {manifest.label: manifest for manifest in manifests}
    queue = deque((m, False, _own_trust(m)) for m in manifests[:1])
    seen: set[str] = set()
    while queue:
        manifest, is_part, trust = queue.popleft()
        if manifest.label in seen:
            continue
        seen.add(manifest.label)
        yield manifest, is_part, trust
        for ingredient in manifest.ingredients:
            below = by_label.get(ingredient.manifest or "")
            if below is None or ingredient.relationship == _INPUT:
                continue
            lent = _own_trust(below) if trust is SignerTrust.TRUSTED else trust
            queue.append((below, is_part or _is_part(ingredient), lent))


def _is_part(ingredient: Ingredient) -> bool:
    return ingredient.relationship != "parentOf"


def _own_trust(manifest: Manifest) -> SignerTrust:
    if manifest.signer is None:
        return SignerTrust.UNKNOWN
    broken = manifest.integrity in (
        Integrity.SIGNATURE_BAD,
        Integrity.MANIFEST_ALTERED,
        Integrity.MALFORMED,
    )
    return SignerTrust.UNTRUSTED if broken else manifest.signer.trust
