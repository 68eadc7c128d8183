"""Say in plain words why a signer is or is not trusted, for `assay trust test`."""

from collections.abc import Iterable
from typing import Final

from provenance.published import INTERIM_ABSENT, lacks_interim
from provenance.result import (
    Integrity,
    Manifest,
    Presence,
    Provenance,
    Signer,
    SignerTrust,
    TimestampStatus,
    TrustKind,
)
from provenance.statuses import StatusClass, sentence_of
from provenance.trust import TrustList

_NOTHING: Final = {
    Presence.NONE: "The file carries no Content Credentials, so nobody signed it.",
    Presence.REMOTE_UNFETCHED: "The file only points at credentials kept elsewhere; they were not fetched.",
    Presence.UNSUPPORTED: "This kind of file cannot be searched for Content Credentials.",
    Presence.UNREADABLE: "There are credentials, or remains of them, but they are too damaged to read.",
}
_VOUCHES: Final = {TrustKind.TSA: "time stamps", TrustKind.CAWG: "identities"}
_INTEGRITY: Final = {
    Integrity.INTACT: "The signature is good and the file is the one that was signed.",
    Integrity.ASSET_MISMATCH: "The signature is good, but the file is not the one that was signed.",
    Integrity.MANIFEST_ALTERED: "The manifest is not as it was signed, so nothing in it is attributed to the signer.",
    Integrity.NOT_COVERED: "The signature is good, but it leaves out more of the file than it may.",
    Integrity.MALFORMED: "The signature is good, but the manifest breaks a rule of the specification, so nothing in it is attributed to the signer.",
    Integrity.SIGNATURE_BAD: "The signature does not fit, so nothing here comes from the signer named.",
    Integrity.NOT_CHECKED: "The signature could not be checked.",
}


def explain_trust(found: Provenance, lists: Iterable[TrustList] = ()) -> tuple[str, ...]:
    """Return sentences from the first fact to the last, in the order in which they decide.

    With the `lists` in force they also say which of them comes close to an unlisted signer.
    """
    signer = found.signer
    if signer is None:
        return (_NOTHING.get(found.presence, "No signer was found."),)
    said = [_who(signer)]
    if found.integrity is not None:
        said.append(_INTEGRITY[found.integrity])
    said += [_lists(found), _timestamp(found), _conclusion(signer)]
    if signer.trust is SignerTrust.UNTRUSTED:
        said += [_closest(signer, entry) for entry in lists]
    if signer.trust in (SignerTrust.UNTRUSTED, SignerTrust.EXPIRED) and lacks_interim(
        entry.name for entry in found.trust_lists
    ):
        said.append(INTERIM_ABSENT)
    said += map(_ancestor, found.manifests[1:])
    if not found.chain_ok:
        said.append(_chain(found))
    return tuple(sentence for sentence in said if sentence)


def _chain(found: Provenance) -> str:
    recorded = found.fault is StatusClass.BROKEN_BEFORE
    when = "had failed its check before it was added" if recorded else "fails its check"
    named = next(
        (
            f": “{part.title}”. {sentence_of(check.code, check.status)}"
            for manifest in found.manifests
            for part in manifest.ingredients
            for check in part.failures
        ),
        ".",
    )
    return f"An earlier version or a part {when}{named}"


def _who(signer: Signer) -> str:
    names = ", ".join(name for name in (signer.common_name, signer.organisation) if name)
    issuer = f", issued by {signer.issuer}" if signer.issuer else ""
    until = f", valid until {signer.valid_until:%Y-%m-%d}" if signer.valid_until else ""
    return f"The certificate names {names or 'nobody'}{issuer}{until}."


def _ancestor(manifest: Manifest) -> str:
    """Say who signed an earlier version; what it declares counts only if that one is trusted too."""
    signer, title = manifest.signer, manifest.title or manifest.label
    if signer is None:
        return f"The earlier version “{title}” names no signer."
    name = signer.organisation or signer.common_name or "nobody"
    why = f": {signer.explanation}" if signer.explanation else f" by {signer.trust_list}"
    if signer.trust is not SignerTrust.TRUSTED:
        return f"The earlier version “{title}”, signed by {name}, is not trusted{why}."
    return f"The earlier version “{title}”, signed by {name}, is trusted{why}."


def _closest(signer: Signer, entry: TrustList) -> str:
    """Say what a list holds under the name of the signer's issuer, though it does not vouch."""
    from cryptography import x509

    names = {
        str(attribute.value)
        for certificate in entry.certificates
        for attribute in x509.load_pem_x509_certificate(certificate.pem.encode()).subject
    }
    if not signer.issuer or signer.issuer not in names:
        return ""
    if entry.kind is not TrustKind.MANIFEST:
        return f"The list {entry.name} names {signer.issuer}, but it vouches for {_VOUCHES[entry.kind]} alone."
    return (
        f"The list {entry.name} names {signer.issuer} in a certificate, but not in one that issued "
        f"this signer's, or the signer's certificate may not be used for signing claims."
    )


def _lists(found: Provenance) -> str:
    kinds = [entry for entry in found.trust_lists if entry.kind is TrustKind.MANIFEST]
    if not kinds:
        return "No list of trusted signers is configured; add one with `assay trust add`."
    named = ", ".join(
        f"{entry.name} ({entry.anchors}"
        f"{f', of {entry.added_at:%Y-%m-%d}' if entry.added_at else ''})"
        for entry in kinds
    )
    return f"Lists of trusted signers, with number of certificates and date: {named}."


def _timestamp(found: Provenance) -> str:
    stamp = found.timestamp
    if stamp.status is TimestampStatus.NONE:
        return "No authority confirms when it was signed, so the certificate is judged by today's date."
    when = f"{stamp.at:%Y-%m-%d %H:%M} UTC" if stamp.at else "an unknown time"
    who = stamp.authority or "an authority without a name"
    if stamp.status is TimestampStatus.TRUSTED:
        return f"{who}, listed in {stamp.trust_list or 'a time-stamping list'}, confirms {when}."
    if stamp.status is TimestampStatus.INVALID:
        return "The time stamp does not pass its check, so the time does not count."
    return f"{who} confirms {when}, but no list vouches for it, so the time does not count."


def _conclusion(signer: Signer) -> str:
    match signer.trust:
        case SignerTrust.TRUSTED:
            return (
                f"The signer is trusted: {signer.trust_list or 'a configured list'} vouches for it."
            )
        case SignerTrust.UNTRUSTED:
            return "The signer is not trusted: its certificate does not lead to one on a list."
        case SignerTrust.EXPIRED:
            return f"The signer is not trusted: {signer.explanation}."
        case SignerTrust.REVOKED:
            return "The signer is not trusted: its issuer has revoked the certificate."
        case SignerTrust.UNKNOWN:
            return "Nothing can be said about the signer's trust."
