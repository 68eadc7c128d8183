"""Validation codes of the C2PA specification: gathered by manifest, and what each one means."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from provenance.result import Check, clean


class Concern(StrEnum):
    """Which question a failure code answers."""

    ASSET = "asset"  # the file is not the one that was signed
    MANIFEST = "manifest"  # the manifest contradicts itself or breaks the specification
    SIGNATURE = "signature"
    EXPIRY = "expiry"
    REVOCATION = "revocation"
    TRUST = "trust"
    TIMESTAMP = "timestamp"
    IDENTITY = "identity"  # CAWG, kept apart from the integrity of the file
    INGREDIENT = "ingredient"


_EXACT: Final[Mapping[str, Concern]] = {
    "claimSignature.outsideValidity": Concern.EXPIRY,
    "signingCredential.expired": Concern.EXPIRY,
    "signingCredential.revoked": Concern.REVOCATION,
    "signingCredential.ocsp.revoked": Concern.REVOCATION,
    "assertion.dataHash.mismatch": Concern.ASSET,
    "assertion.bmffHash.mismatch": Concern.ASSET,
    "assertion.boxesHash.mismatch": Concern.ASSET,
    "assertion.boxesHash.unknownBox": Concern.ASSET,
    "assertion.collectionHash.mismatch": Concern.ASSET,
    "assertion.collectionHash.incorrectFileCount": Concern.ASSET,
    "assertion.multiAssetHash.mismatch": Concern.ASSET,
}
_PREFIXES: Final = (
    ("cawg.", Concern.IDENTITY),
    ("signingCredential.", Concern.TRUST),
    ("timeStamp.", Concern.TIMESTAMP),
    ("claimSignature.", Concern.SIGNATURE),
    ("ingredient.", Concern.INGREDIENT),
)

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


def concern(code: str) -> Concern:
    """Sort a failure code. One that is not known counts against the manifest, never for it."""
    if code in _EXACT:
        return _EXACT[code]
    for prefix, found in _PREFIXES:
        if code.startswith(prefix):
            return found
    return Concern.MANIFEST


@dataclass(slots=True)
class Outcomes:
    """Codes about one manifest from one source: code to explanation, the first one kept."""

    success: dict[str, str] = field(default_factory=dict)
    informational: dict[str, str] = field(default_factory=dict)
    failure: dict[str, str] = field(default_factory=dict)

    def failures(self, *concerns: Concern) -> dict[str, str]:
        return {code: text for code, text in self.failure.items() if concern(code) in concerns}


@dataclass(slots=True)
class Verdicts:
    """What was found about one manifest now, and what its users recorded when they used it.

    The library reports about an ingredient only what *differs* from the record, so silence means
    "as recorded". A record is the word of whoever signed it and is never enough for trust.
    """

    fresh: Outcomes = field(default_factory=Outcomes)
    recorded: Outcomes = field(default_factory=Outcomes)

    def failures(self, *concerns: Concern) -> tuple[Check, ...]:
        """Return failures found now and failures on record; what was found now wins."""
        found = self.recorded.failures(*concerns) | self.fresh.failures(*concerns)
        return tuple(Check(code=code, explanation=text) for code, text in found.items())

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
