"""The C2PA programme's signals rubric: which signals one manifest of a crJSON document raises.

The rules are those of "C2PA Asset Rubrics" 1.0 of 2026-08-06, whose copyright lies with the C2PA
(see NOTICE); the evaluation is our own. Each manifest is looked at by itself. A rule compares
addresses of source types letter by letter and sees the first `c2pa.actions.v2` and the first
`c2pa.ingredient.v3` only: what another writer means by a slightly different word is for
`provenance.origin`.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from provenance.codes import mapping, sequence
from provenance.signals import Inception, Signals, Transformation

_IPTC: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_C2PA: Final = "http://c2pa.org/digitalsourcetype/"

_INCEPTIONS: Final[Mapping[Inception, tuple[str, ...]]] = {
    Inception.BLANK_CANVAS: (_C2PA + "empty",),
    Inception.CAPTURED: (_IPTC + "digitalCapture", _IPTC + "computationalCapture"),
    Inception.CAPTURED_STITCHED: (_IPTC + "compositeCapture",),
    Inception.MAY_CONTAIN_AI: (_IPTC + "composite",),
    Inception.FULLY_AI: (_IPTC + "trainedAlgorithmicMedia",),
    Inception.CREATED_WITHOUT_AI: (_IPTC + "digitalCreation",),
    Inception.PARTLY_AI: (_IPTC + "compositeWithTrainedAlgorithmicMedia",),
    Inception.SCREEN_CAPTURE: (_IPTC + "screenCapture",),
}
_BEGINNING: Final = frozenset({"c2pa.created", "c2pa.opened"})
_NON_EDITORIAL: Final = frozenset(
    {
        "c2pa.converted",
        "c2pa.edited.metadata",
        "c2pa.enhanced",
        "c2pa.published",
        "c2pa.redacted",
        "c2pa.repackaged",
        "c2pa.resized.proportional",
        "c2pa.transcoded",
        "c2pa.watermarked",
        "c2pa.watermarked.bound",
        "c2pa.watermarked.unbound",
    }
)
_AI: Final = frozenset(
    {
        _IPTC + "trainedAlgorithmicMedia",
        _IPTC + "compositeWithTrainedAlgorithmicMedia",
        _IPTC + "compositeSynthetic",
        _C2PA + "trainedAlgorithmicData",
    }
)
_POSSIBLY_AI: Final = frozenset({_IPTC + "digitalArt", _IPTC + "composite"})


def signals_of(manifest: Mapping[str, Any]) -> Signals:
    """Return the signals of one manifest of a crJSON document."""
    assertions = mapping(manifest.get("assertions"))
    stated = mapping(assertions.get("c2pa.actions.v2"))
    actions = [mapping(entry) for entry in sequence(stated.get("actions"))]
    return Signals(
        inceptions=_inceptions(assertions, actions),
        transformations=_transformations(mapping(manifest.get("claim.v2")), stated, actions),
    )


def together(signals: Iterable[Signals]) -> Signals:
    """Return every signal that some manifest of a store raises, each once, in the rubric's order."""
    kept = tuple(signals)
    inceptions = {item for each in kept for item in each.inceptions}
    transformations = {item for each in kept for item in each.transformations}
    return Signals(
        inceptions=tuple(item for item in Inception if item in inceptions),
        transformations=tuple(item for item in Transformation if item in transformations),
    )


def _inceptions(
    assertions: Mapping[str, Any], actions: list[dict[str, Any]]
) -> tuple[Inception, ...]:
    began = {_text(a, "digitalSourceType") for a in actions if _text(a, "action") in _BEGINNING}
    found = {kind for kind, types in _INCEPTIONS.items() if began.intersection(types)}
    ingredient = assertions.get("c2pa.ingredient.v3")
    if ingredient is not None and mapping(ingredient).get("activeManifest") is None:
        found.add(Inception.UNKNOWN_PROVENANCE)
    return tuple(kind for kind in Inception if kind in found)


def _transformations(
    claim: Mapping[str, Any], stated: Mapping[str, Any], actions: list[dict[str, Any]]
) -> tuple[Transformation, ...]:
    names = {_text(action, "action") for action in actions} - {""}
    types = {
        _text(action, "digitalSourceType")
        for action in actions
        if _text(action, "action") not in _BEGINNING | _NON_EDITORIAL | {""}
    } - {""}
    raised = {
        Transformation.AMBIGUOUS: _is_ambiguous(claim, stated, names),
        Transformation.NON_EDITORIAL: bool(names & _NON_EDITORIAL),
        Transformation.PERCEPTIBLE_AI: bool(types & _AI),
        Transformation.PERCEPTIBLE_WITHOUT_AI: bool(types - _AI),
        Transformation.PERCEPTIBLE_POSSIBLY_AI: bool(types & _POSSIBLY_AI),
    }
    return tuple(kind for kind in Transformation if raised[kind])


def _is_ambiguous(claim: Mapping[str, Any], stated: Mapping[str, Any], names: set[str]) -> bool:
    gathered = (mapping(item) for item in sequence(claim.get("gathered_assertions")))
    return (
        not sequence(stated.get("actions"))
        or stated.get("allActionsIncluded") is not True
        or any(not name.startswith("c2pa.") for name in names)
        or "c2pa.unknown" in names
        or any("c2pa.actions" in _text(item, "url") for item in gathered)
    )


def _text(untrusted: Mapping[str, Any], key: str) -> str:
    value = untrusted.get(key)
    return value if isinstance(value, str) else ""
