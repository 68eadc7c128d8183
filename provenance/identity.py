"""CAWG identities: people and organisations that vouch for content, apart from its integrity."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from provenance.bounded import clean
from provenance.codes import mapping, sequence
from provenance.result import Check, Identity, IdentityStatus

MAX_IDENTITIES: Final = 20
MAX_ACCOUNTS: Final = 50

_UNRESOLVED: Final = ("cawg.ica.did_unavailable", "cawg.ica.did_unsupported_method")
_UNTRUSTED: Final = ("cawg.x509.credential.untrusted", "cawg.ica.untrusted_issuer")


def identities(manifest: Mapping[str, Any]) -> tuple[Identity, ...]:
    """Read the identity assertions of one manifest, each with its own status.

    An identity that fails is a fact about the identity. The library lets it turn the whole file
    invalid, for instance whenever an issuer's key would have to be fetched from the network.
    """
    names = [name for name in mapping(manifest.get("assertions")) if _is_identity(name)]
    return tuple(_identity(manifest, name) for name in names[:MAX_IDENTITIES])


def _is_identity(name: object) -> bool:
    return str(name).startswith("cawg.identity")


def _identity(manifest: Mapping[str, Any], name: str) -> Identity:
    data = mapping(mapping(manifest.get("assertions")).get(name))
    signature = mapping(data.get("signature"))
    certificate = mapping(signature.get("certificateInfo"))
    subject, issuer = mapping(certificate.get("subject")), mapping(certificate.get("issuer"))
    outcomes = list(_codes(manifest, name))
    verified = [mapping(entry) for entry in sequence(signature.get("verifiedIdentities"))]
    return Identity(
        kind=clean(mapping(data.get("signer_payload")).get("sig_type")),
        status=_status(outcomes),
        name=clean(subject.get("O")) or clean(subject.get("CN")),
        issuer=clean(signature.get("issuer")) or clean(issuer.get("O")),
        accounts=tuple(_account(entry) for entry in verified[:MAX_ACCOUNTS]),
        checks=tuple(check for _, check in outcomes[:MAX_ACCOUNTS]),
    )


def _codes(manifest: Mapping[str, Any], name: str) -> Iterator[tuple[str, Check]]:
    results = mapping(manifest.get("validationResults"))
    for outcome in ("failure", "informational", "success"):
        for entry in map(mapping, sequence(results.get(outcome))):
            code = clean(entry.get("code"))
            if code.startswith("cawg.") and str(entry.get("url", "")).endswith("/" + name):
                yield outcome, Check(code=code, explanation=clean(entry.get("explanation")))


def _status(outcomes: list[tuple[str, Check]]) -> IdentityStatus:
    failures = {check.code for outcome, check in outcomes if outcome == "failure"}
    if failures - {*_UNRESOLVED, *_UNTRUSTED}:
        return IdentityStatus.INVALID
    if failures.intersection(_UNRESOLVED):
        return IdentityStatus.UNRESOLVED
    successes = {check.code for outcome, check in outcomes if outcome == "success"}
    if not successes:
        return IdentityStatus.UNRESOLVED
    untrusted = failures or any(check.code in _UNTRUSTED for _, check in outcomes)
    return IdentityStatus.UNTRUSTED if untrusted else IdentityStatus.TRUSTED


def _account(entry: Mapping[str, Any]) -> str:
    provider = clean(mapping(entry.get("provider")).get("name"))
    return clean(f"{provider}: {clean(entry.get('username')) or clean(entry.get('name'))}")
