"""Validation codes of a manifest store, gathered by the manifest that each is about."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from provenance.bounded import clean
from provenance.result import Check
from provenance.statuses import Concern, StatusClass, status_of

_MATCH, _MISMATCH = ".match", ".mismatch"
_BAD_SIGNATURE: Final = "claimSignature.mismatch"
_UNKNOWN_ALGORITHM: Final = "algorithm.unsupported"
_AS_ADDED: Final = "ingredient.manifest.validated"

ASSET_MATCHES: Final = (
    "assertion.dataHash.match",
    "assertion.bmffHash.match",
    "assertion.boxesHash.match",
    "assertion.collectionHash.match",
    "assertion.multiAssetHash.match",
)
"""Success codes, one of which must be present before a file counts as the one signed."""

NOTICES: Final = (
    "assertion.bmffHash.additionalExclusionsPresent",
    "assertion.dataHash.additionalExclusionsPresent",
    "assertion.boxesHash.additionalExclusionsPresent",
    "algorithm.deprecated",
    "ingredient.unknownProvenance",
)
"""Informational codes worth showing; the others only repeat what other fields say."""


@dataclass(slots=True)
class Outcomes:
    """Codes about one manifest from one source: code to explanation, the first one kept."""

    success: dict[str, str] = field(default_factory=dict)
    informational: dict[str, str] = field(default_factory=dict)
    failure: dict[str, str] = field(default_factory=dict)
    uncompared: bool = False  # the hash of the file could not be compared, whatever the codes say

    def failures(self, *concerns: Concern) -> dict[str, Check]:
        """Failures about these concerns by code, each with what it shows."""
        return {
            code: Check(code=code, explanation=text, status=self._shows(code))
            for code, text in self.failure.items()
            if status_of(code)[1] in concerns
        }

    def _shows(self, code: str) -> StatusClass:
        """What a failure shows beside the other codes.

        A hash that is said to match and to mismatch does match: what fails is the rule that only
        the store may be left out of it. A signature by an algorithm that is not known here was
        never computed, though the library goes on to say that it does not fit.
        """
        if self.uncompared and status_of(code)[1] is Concern.ASSET:
            return StatusClass.UNREADABLE
        if code.endswith(_MISMATCH) and code.removesuffix(_MISMATCH) + _MATCH in self.success:
            return StatusClass.NOT_COVERED
        if code == _BAD_SIGNATURE and _UNKNOWN_ALGORITHM in self.failure:
            return StatusClass.UNREADABLE
        return status_of(code)[0]


@dataclass(slots=True)
class Verdicts:
    """What was found about one manifest now, and what its users recorded when they used it.

    The library reports about an ingredient only what *differs* from the record, so silence means
    "as recorded". A record is the word of whoever signed it and is never enough for trust.
    """

    fresh: Outcomes = field(default_factory=Outcomes)
    recorded: Outcomes = field(default_factory=Outcomes)

    def failures(self, *concerns: Concern) -> tuple[Check, ...]:
        """Return failures found now and failures on record; what was found now wins.

        What is on record was so when the manifest was used, and so was what is found in one whose
        bytes are those that its user signed.
        """
        recorded, fresh = self.recorded.failures(*concerns), self.fresh.failures(*concerns)
        same = _AS_ADDED in self.fresh.success
        return tuple(
            check.model_copy(update={"before": True}) if same or code in recorded else check
            for code, check in (recorded | fresh).items()
        )

    def succeeded(self, *codes: str) -> bool:
        return any(c in self.fresh.success or c in self.recorded.success for c in codes)

    def noticed(self, code: str) -> bool:
        return code in self.fresh.informational or code in self.recorded.informational


_ROUTINE: Final = "assertion.hashedURI.match"
"""Said of every assertion; only its opposite is news."""


def mapping(untrusted: object) -> dict[str, Any]:
    return untrusted if isinstance(untrusted, dict) else {}


def sequence(untrusted: object) -> list[Any]:
    return untrusted if isinstance(untrusted, list) else []


def label_of(untrusted_url: object) -> str:
    """Return the manifest label in a JUMBF address, `self#jumbf=/c2pa/LABEL/...`."""
    text = untrusted_url if isinstance(untrusted_url, str) else ""
    _, found, rest = text.partition("/c2pa/")
    return clean(rest.partition("/")[0]) if found else ""


def ingredient_label(assertion: Mapping[str, Any]) -> str:
    """Return the label of the manifest an ingredient assertion points at, or nothing."""
    for key in ("activeManifest", "c2pa_manifest"):
        if label := label_of(mapping(assertion.get(key)).get("url")):
            return label
    return ""


def gather(document: Mapping[str, Any]) -> dict[str, Verdicts]:
    """Sort every code in a store by the manifest that its address names."""
    verdicts: dict[str, Verdicts] = {}
    for owner, is_fresh, outcome, entry in _entries(document):
        code = clean(entry.get("code"))
        if code == _ROUTINE:
            continue
        verdict = verdicts.setdefault(label_of(entry.get("url")) or owner, Verdicts())
        found = getattr(verdict.fresh if is_fresh else verdict.recorded, outcome)
        found.setdefault(code, clean(entry.get("explanation")))
    return verdicts


_OUTCOMES: Final = ("success", "informational", "failure")


def _entries(document: Mapping[str, Any]) -> Iterator[tuple[str, bool, str, dict[str, Any]]]:
    """Yield (manifest meant if no address says so, found now, outcome, entry)."""
    for manifest in map(mapping, sequence(document.get("manifests"))):
        fresh = mapping(manifest.get("validationResults"))
        for outcome, entry in _flatten(fresh):
            yield clean(manifest.get("label")), True, outcome, entry
        for assertion in map(mapping, mapping(manifest.get("assertions")).values()):
            for outcome, entry in _recorded(assertion):
                yield ingredient_label(assertion), False, outcome, entry


def _flatten(results: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for outcome in _OUTCOMES:
        for entry in map(mapping, sequence(results.get(outcome))):
            yield outcome, entry


def _recorded(ingredient: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what an ingredient assertion recorded, in the current form and the older one."""
    results = mapping(ingredient.get("validationResults"))
    yield from _flatten(mapping(results.get("activeManifest")))
    for delta in map(mapping, sequence(results.get("ingredientDeltas"))):
        yield from _flatten(mapping(delta.get("validationDeltas")))
    for entry in map(mapping, sequence(ingredient.get("validationStatus"))):
        yield ("success" if _is_success(entry) else "failure"), entry


def _is_success(entry: Mapping[str, Any]) -> bool:
    """The older form lists successes and failures together, its `success` flag being optional."""
    if isinstance(entry.get("success"), bool):
        return bool(entry["success"])
    return str(entry.get("code", "")).endswith(_GOOD_ENDINGS)


_GOOD_ENDINGS: Final = (".match", ".validated", ".trusted", ".insideValidity", ".notRevoked")
