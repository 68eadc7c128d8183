"""Whether a listed authority vouches for a time stamp that the C2PA library takes on faith.

Under a version 1 claim the library accepts the stamp of any authority. It has checked the stamp's
signature and that it covers the claim; what it leaves out, the way from the authority's
certificate to a listed one, is walked by `provenance.chains`.
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from provenance.chains import walk
from provenance.jumbf import Malformed, cose_headers
from provenance.result import TrustKind
from provenance.trust import TrustList

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

_MAX_TOKENS: Final = 4
_MAX_PARTS: Final = 200
_SEQUENCE, _CERTIFICATES = 0x30, 0xA0


def lists_vouching(
    store: bytes, label: str, serial: str, at: datetime, lists: Iterable[TrustList]
) -> tuple[str, ...]:
    """Return the names of the time-stamping lists that vouch for a manifest's time stamp.

    `store` is the raw manifest store, `serial` the hexadecimal serial number of the certificate
    that the library found to have made the stamp, `at` the time that it states.
    """
    try:
        tokens = _tokens(store, label)
    except Malformed:
        return ()
    kept = [entry for entry in lists if entry.kind is TrustKind.TSA]
    certificates = {c for token in tokens[:_MAX_TOKENS] for c in _certificates(token)}
    leaves = [c for c in certificates if f"{c.serial_number:x}" == serial.lstrip("0")]
    # Two of one serial number: a forger may have put a genuine certificate beside his own.
    if len(leaves) != 1 or not _may_stamp(leaves[0]):
        return ()
    return walk(leaves[0], certificates, at, kept)


def _tokens(store: bytes, label: str) -> list[bytes]:
    _, header = cose_headers(store, label)
    found = []
    for key in ("sigTst", "sigTst2"):
        container = header.get(key)
        entries = container.get("tstTokens") if isinstance(container, dict) else None
        for entry in entries if isinstance(entries, list) else []:
            value = entry.get("val") if isinstance(entry, dict) else None
            if isinstance(value, bytes):
                found.append(value)
    return found


def _certificates(token: bytes) -> "list[Certificate]":
    """Return the certificates of a time-stamp token (CMS SignedData), or of the response around.

    Walked by hand: many authorities sort their sets in ways that a strict DER parser refuses.
    """
    from cryptography import x509

    try:
        return [x509.load_der_x509_certificate(raw) for raw in _certificate_bytes(token)]
    except (ValueError, IndexError):
        return []


def _certificate_bytes(token: bytes) -> Iterator[bytes]:
    info = _parts(_parts(token)[0].content)
    if info[0].tag == _SEQUENCE:  # a response: the status comes first, the token second
        info = _parts(info[1].content)
    signed_data = _parts(_parts(info[1].content)[0].content)
    for part in signed_data:
        if part.tag == _CERTIFICATES:
            yield from (inner.whole for inner in _parts(part.content) if inner.tag == _SEQUENCE)


class _Part(NamedTuple):
    """One value of a DER sequence or set."""

    tag: int
    content: bytes
    whole: bytes


def _parts(der: bytes) -> list[_Part]:
    """Split DER into its values. Raises ValueError or IndexError if it is none."""
    found: list[_Part] = []
    offset = 0
    while offset < len(der):
        length, start = der[offset + 1], offset + 2
        if length & 0x80:
            width = length & 0x7F
            length, start = int.from_bytes(der[start : start + width], "big"), start + width
        end = start + length
        if end > len(der) or len(found) > _MAX_PARTS:
            raise ValueError("no DER")
        found.append(_Part(der[offset], der[start:end], der[offset:end]))
        offset = end
    return found


def _may_stamp(leaf: "Certificate") -> bool:
    from cryptography import x509
    from cryptography.x509.oid import ExtendedKeyUsageOID

    try:
        usages = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):
        return False
    return ExtendedKeyUsageOID.TIME_STAMPING in usages
