"""Our own decisions about one manifest, made from validation codes and never from a summary."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from provenance.bounded import clean
from provenance.codes import ASSET_MATCHES, Verdicts, mapping
from provenance.result import (
    Check,
    Integrity,
    Revocation,
    Signer,
    SignerTrust,
    Timestamp,
    TimestampStatus,
    TrustKind,
)
from provenance.statuses import FILE_NOT_TIED, SIGNATURE_UNCHECKED, Concern, StatusClass

Ask = Callable[[TrustKind], Mapping[str, Verdicts]]
"""Reads the store again under the lists of one kind alone; called only where that is needed."""

VouchLegacy = Callable[[str, str, datetime], tuple[str, ...]]
"""Names the time-stamping lists that vouch for a version 1 claim's stamp: label, serial, time."""

VouchPast = Callable[[str, datetime], tuple[str, ...]]
"""Names the lists that vouched for a signer at a moment that is past: label, time."""

NamesOf = Callable[[str, TrustKind], tuple[str, ...]]
"""Turns the name of an anchor group into the names of the lists of one kind that hold it."""

_SIGNED: Final = (
    "claimSignature.validated",
    "ingredient.manifest.validated",
    "ingredient.claimSignature.validated",
)
_CLAIM_LIST: Final = re.compile(r"found in \[([^\]]*)\] trust anchors$")
_TSA_LIST: Final = re.compile(r", trust list: (\S*)$")
_UNFIT: Final = "signingCredential.invalid"
_LEGACY: Final = "legacy timestamp"
_UNVOUCHED: Final = "no configured list vouches for the authority"


class Vouching(NamedTuple):
    """How one kind of trust shows in the codes."""

    kind: TrustKind
    good: str
    bad: tuple[str, ...]
    named: re.Pattern[str]


_CLAIM: Final = Vouching(
    TrustKind.MANIFEST,
    "signingCredential.trusted",
    ("signingCredential.untrusted", "signingCredential.invalid"),
    _CLAIM_LIST,
)
_TSA: Final = Vouching(TrustKind.TSA, "timeStamp.trusted", ("timeStamp.untrusted",), _TSA_LIST)


class Judge:
    """Decides about manifests of one store. `kinds` are the kinds of list that are configured."""

    def __init__(
        self,
        *,
        at: datetime,
        kinds: frozenset[TrustKind],
        names_of: NamesOf,
        ask: Ask,
        vouch_legacy: VouchLegacy,
        vouch_past: VouchPast | None = None,
    ) -> None:
        """`vouch_past` is there if `at` is past: the library judges by the clock of now alone."""
        self._at = at
        self._kinds = kinds
        self._names_of = names_of
        self._ask = ask
        self._vouch_legacy = vouch_legacy
        self._vouch_past = vouch_past

    def timestamp(
        self, label: str, verdicts: Verdicts, signature: Mapping[str, Any], claim_version: int
    ) -> Timestamp:
        """Judge the countersignature: it counts if a list for time stamping vouches for it."""
        info = mapping(signature.get("timeStampInfo"))
        at = _time(info.get("timestamp"))
        certificate = mapping(info.get("certificateInfo"))
        authority = clean(mapping(certificate.get("subject")).get("CN"))
        bad = [check for check in _notices(verdicts, "timeStamp.") if _is_broken(check)]
        if bad:
            return Timestamp(
                status=TimestampStatus.INVALID,
                at=at,
                authority=authority,
                explanation=bad[0].explanation,
            )
        if at is None:
            return Timestamp()
        legacy = verdicts.fresh.success.get(_TSA.good, "").startswith(_LEGACY)
        if claim_version == 1 or legacy:
            vouching = self._legacy(label, clean(certificate.get("serialNumber")), at)
        else:
            vouching = self._vouching(label, verdicts, _TSA)
        return Timestamp(
            status=TimestampStatus.UNTRUSTED if vouching is None else TimestampStatus.TRUSTED,
            at=at,
            authority=authority,
            trust_list=clean(vouching or ""),
            explanation=_UNVOUCHED if vouching is None else "",
        )

    def _legacy(self, label: str, serial: str, at: datetime) -> str | None:
        """Ask our own lists, since the library accepts any authority under a version 1 claim."""
        if TrustKind.TSA not in self._kinds:
            return None
        return ", ".join(self._vouch_legacy(label, serial, at)) or None

    def signer(
        self,
        label: str,
        verdicts: Verdicts,
        signature: Mapping[str, Any],
        timestamp: Timestamp,
    ) -> Signer:
        """Name the signer and decide trust, at the trusted time of signing if there is one."""
        certificate = mapping(signature.get("certificateInfo"))
        subject, issuer = mapping(certificate.get("subject")), mapping(certificate.get("issuer"))
        validity = mapping(certificate.get("validity"))
        valid_from, valid_until = _time(validity.get("notBefore")), _time(validity.get("notAfter"))
        stamped = timestamp.status is TimestampStatus.TRUSTED and timestamp.at is not None
        moment = timestamp.at if stamped and timestamp.at else self._at
        outside = _outside(moment, valid_from, valid_until, stamped=stamped)
        trust, names, why = self._trust(label, verdicts, moment, expired=outside)
        return Signer(
            organisation=clean(subject.get("O")),
            common_name=clean(subject.get("CN")),
            issuer=clean(issuer.get("O")) or clean(issuer.get("CN")),
            algorithm=clean(signature.get("algorithm")).lower(),
            serial=clean(certificate.get("serialNumber")),
            valid_from=valid_from,
            valid_until=valid_until,
            trust=trust,
            trust_list=clean(names),
            explanation=why,
        )

    def _trust(
        self, label: str, verdicts: Verdicts, moment: datetime, *, expired: str
    ) -> tuple[SignerTrust, str, str]:
        if verdicts.failures(Concern.REVOCATION):
            return SignerTrust.REVOKED, "", "the issuer has revoked the certificate"
        if TrustKind.MANIFEST not in self._kinds:
            return SignerTrust.UNKNOWN, "", "no trust list for signers is configured"
        if expired:
            return SignerTrust.EXPIRED, "", expired
        names = self._vouching(label, verdicts, _CLAIM)
        if names is None and self._vouch_past and _UNFIT not in verdicts.fresh.failure:
            names = ", ".join(self._vouch_past(label, moment)) or None
        if names is None:
            return SignerTrust.UNTRUSTED, "", "no configured list vouches for the signer"
        return SignerTrust.TRUSTED, names, ""

    def _vouching(self, label: str, verdicts: Verdicts, kind: Vouching) -> str | None:
        """Return the lists of the right kind that vouch ("" if unnamed), or None.

        The library does not tell kinds apart, so a name counts only if a list of this kind bears
        it. Where it gives another name, or only stays silent over a record that says "trusted",
        the same store is read again with the lists of this kind alone.
        """
        if kind.kind not in self._kinds or _denied(verdicts, kind):
            return None
        if names := self._named(verdicts, kind):
            return names
        on_record = kind.good in verdicts.recorded.success
        if kind.good not in verdicts.fresh.success and not on_record:
            return None
        alone = self._ask(kind.kind).get(label)
        if alone is None or _denied(alone, kind):
            return None
        return self._named(alone, kind) or ("" if on_record else None)

    def _named(self, verdicts: Verdicts, kind: Vouching) -> str:
        match = kind.named.search(verdicts.fresh.success.get(kind.good, ""))
        return ", ".join(self._names_of(match[1], kind.kind)) if match else ""


_CHANGED: Final = (
    (Integrity.SIGNATURE_BAD, Concern.SIGNATURE),
    (Integrity.MANIFEST_ALTERED, Concern.MANIFEST),
    (Integrity.ASSET_MISMATCH, Concern.ASSET),
)
_UNRELIABLE: Final = (
    (Integrity.NOT_CHECKED, StatusClass.UNREADABLE),
    (Integrity.MALFORMED, StatusClass.MALFORMED),
    (Integrity.NOT_COVERED, StatusClass.NOT_COVERED),
)


def integrity(
    verdicts: Verdicts, *, asset: tuple[Check, ...] | None = None, asset_matches: bool = True
) -> tuple[Integrity, Check]:
    """Decide whether a manifest, and the file where that can be checked, is as it was signed.

    Returns the state with the code that decides it: one that shows a change before any other, for
    it alone accuses. `asset` overrides what the codes say about the file: an update manifest's
    file is checked under its parent's label. Nothing is intact by silence: a good signature must
    be on record, and for the active manifest a matching hash, or the answer is that it was not
    checked.
    """
    about = {concern: verdicts.failures(concern) for _, concern in _CHANGED}
    if asset is not None:
        about[Concern.ASSET] = asset
    for state, concern in _CHANGED:
        for check in about[concern]:
            if check.status is StatusClass.CHANGED:
                return state, check
    shown = {check.status: check for checks in about.values() for check in reversed(checks)}
    unchecked = _unchecked(verdicts, asset_matches=asset_matches)
    if unchecked:
        why = shown.get(StatusClass.UNREADABLE) or shown.get(StatusClass.MALFORMED)
        return Integrity.NOT_CHECKED, why or unchecked
    for state, status in _UNRELIABLE:
        if status in shown:
            return state, shown[status]
    return Integrity.INTACT, Check(code="claimSignature.validated", explanation="")


def _unchecked(verdicts: Verdicts, *, asset_matches: bool) -> Check | None:
    """Name what was never compared, if there is such a thing."""
    if not verdicts.succeeded(*_SIGNED) and not verdicts.noticed(_SIGNED[2]):
        return Check(code=SIGNATURE_UNCHECKED, explanation="no signature was checked")
    if asset_matches:
        return None
    return Check(
        code=FILE_NOT_TIED,
        explanation="the manifest is well signed, but nothing ties this file to it",
    )


def asset_failures(all_verdicts: Mapping[str, Verdicts]) -> tuple[Check, ...]:
    """Return hash failures of the file at hand; only they are found now rather than recorded."""
    found: dict[str, Check] = {}
    for verdicts in all_verdicts.values():
        found |= verdicts.fresh.failures(Concern.ASSET)
    return tuple(found.values())


def asset_matches(all_verdicts: Mapping[str, Verdicts]) -> bool:
    """Tell whether some hash of the file at hand was compared and agreed."""
    fresh = (verdicts.fresh.success for verdicts in all_verdicts.values())
    return any(code in codes for codes in fresh for code in ASSET_MATCHES)


def revocation(verdicts: Verdicts) -> Revocation:
    """Read the stapled answer of the issuer; the network is never asked."""
    if verdicts.failures(Concern.REVOCATION):
        return Revocation.REVOKED
    if "signingCredential.ocsp.notRevoked" in verdicts.fresh.success:
        return Revocation.GOOD
    unknown = ("signingCredential.ocsp.unknown", "signingCredential.ocsp.inaccessible")
    if any(verdicts.noticed(code) or code in verdicts.fresh.failure for code in unknown):
        return Revocation.UNKNOWN
    return Revocation.NOT_CHECKED


def _denied(verdicts: Verdicts, kind: Vouching) -> bool:
    fresh = verdicts.fresh
    return any(code in fresh.failure or code in fresh.informational for code in kind.bad)


def _notices(verdicts: Verdicts, prefix: str) -> list[Check]:
    found = verdicts.fresh.informational | verdicts.fresh.failure
    return [Check(code=c, explanation=t) for c, t in found.items() if c.startswith(prefix)]


def _is_broken(check: Check) -> bool:
    return check.code not in (_TSA.good, *_TSA.bad)


def _outside(
    moment: datetime, start: datetime | None, end: datetime | None, *, stamped: bool
) -> str:
    """Say why a certificate does not count at the moment it is judged at, or nothing if it does."""
    if (start is None or start <= moment) and (end is None or moment <= end):
        return ""
    if stamped:
        return "its certificate was not valid on the day of the trusted time stamp"
    if end is not None and moment > end:
        return (
            f"its certificate has since expired ({end:%Y-%m-%d}), and no trusted time stamp shows "
            "that it was used before then"
        )
    return f"its certificate is not valid before {start:%Y-%m-%d}"


def _time(untrusted: object) -> datetime | None:
    text = clean(untrusted, 40)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None
