"""The way from a certificate to one that an operator listed, each step valid at one moment.

The C2PA library walks it by its own clock alone, and for time stamps of version 1 claims not at all.
"""

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

from provenance.jumbf import Malformed, cose_headers
from provenance.result import TrustKind
from provenance.trust import CLAIM_SIGNING_EKUS, TrustList

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_PATH: Final = 6
_MAX_CHAIN: Final = 12
_NOT_CLAIMS: Final = {"1.3.6.1.5.5.7.3.8", "1.3.6.1.5.5.7.3.9"}  # time stamps, OCSP answers
_X5CHAIN: Final = (33, "x5chain")


def lists_vouching_for_signer(
    store: bytes, label: str, at: datetime, lists: Iterable[TrustList]
) -> tuple[str, ...]:
    """Return the names of the lists of signers that vouched for a manifest's signer at a moment.

    `store` is the raw manifest store, whose signature the library has found to be good.
    """
    from cryptography import x509

    try:
        chain = [x509.load_der_x509_certificate(raw) for raw in _chain(store, label)]
    except (Malformed, ValueError):
        return ()
    if not chain or not _may_sign(chain[0]):
        return ()
    kept = [entry for entry in lists if entry.kind is TrustKind.MANIFEST]
    return walk(chain[0], set(chain), at, kept)


def _chain(store: bytes, label: str) -> list[bytes]:
    for header in cose_headers(store, label):
        for key in _X5CHAIN:
            value = header.get(key)
            found = [value] if isinstance(value, bytes) else value
            if isinstance(found, list):
                return [raw for raw in found[:_MAX_CHAIN] if isinstance(raw, bytes)]
    return []


def _may_sign(leaf: "Certificate") -> bool:
    """Tell whether a certificate may sign claims, as the C2PA profile of certificates has it."""
    from cryptography import x509

    try:
        extensions = leaf.extensions
        usages = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        key_usage = extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    named = {usage.dotted_string for usage in usages}
    allowed = named.intersection(CLAIM_SIGNING_EKUS) - _NOT_CLAIMS
    return bool(allowed) and key_usage.digital_signature and not key_usage.key_cert_sign


class _Known(NamedTuple):
    """A certificate with its subject's encoding, which is what an issuer is looked up by."""

    subject: bytes
    certificate: "Certificate"


def walk(
    leaf: "Certificate",
    certificates: "set[Certificate]",
    at: datetime,
    lists: list[TrustList],
) -> tuple[str, ...]:
    """Climb from issuer to issuer until one is listed; every step valid at the stated time."""
    from cryptography.hazmat.primitives.hashes import SHA256

    holders: dict[str, list[str]] = {}
    known = [_Known(c.subject.public_bytes(), c) for c in certificates]
    for entry in lists:
        for certificate in entry.certificates:
            holders.setdefault(certificate.sha256, []).append(entry.name)
            known.append(_listed(certificate.pem))
    current = leaf
    for _ in range(_MAX_PATH):
        if not current.not_valid_before_utc <= at <= current.not_valid_after_utc:
            return ()
        if names := holders.get(current.fingerprint(SHA256()).hex()):
            return tuple(names)
        wanted = current.issuer.public_bytes()
        candidates = (c for subject, c in known if subject == wanted and c != current)
        issuer = next((c for c in candidates if _issued(c, current)), None)
        if issuer is None:
            return ()
        current = issuer
    return ()


@lru_cache(maxsize=4096)
def _listed(pem: str) -> _Known:
    """Parse a listed certificate once in the life of a process: a list has dozens of them."""
    from cryptography import x509

    certificate = x509.load_pem_x509_certificate(pem.encode())
    return _Known(certificate.subject.public_bytes(), certificate)


@lru_cache(maxsize=1024)
def _issued(issuer: "Certificate", subject: "Certificate") -> bool:
    from cryptography import x509
    from cryptography.exceptions import InvalidSignature

    try:
        subject.verify_directly_issued_by(issuer)
        constraints = issuer.extensions.get_extension_for_class(x509.BasicConstraints).value
    except (InvalidSignature, ValueError, TypeError, x509.ExtensionNotFound):
        return False
    return constraints.ca
