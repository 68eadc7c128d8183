"""What Content Credentials come to as evidence, each class of failure with words of its own.

Only a shown change is called one. What a manifest says that does not pass its check is never
attributed to its signer: a declaration of AI in it counts as unsigned metadata would.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from provenance.origin import edits
from provenance.result import (
    Integrity,
    Manifest,
    Origin,
    Presence,
    Provenance,
    Revocation,
    SignerTrust,
    Span,
    TimestampStatus,
)
from provenance.statuses import StatusClass
from service.reporting.report import Evidence, NotChecked, Rank, Signal
from service.reporting.trust_gaps import trust_gaps

_SIGNED: Final = {
    Origin.AI_GENERATED: Signal.SIGNED_AI,
    Origin.AI_EDITED: Signal.SIGNED_AI,
    Origin.CAPTURED: Signal.SIGNED_CAPTURE,
}
_CLAIMED: Final = {
    Origin.AI_GENERATED: Signal.CLAIMED_AI,
    Origin.AI_EDITED: Signal.CLAIMED_AI,
    Origin.CAPTURED: Signal.CLAIMED_CAPTURE,
}
_DECLARES: Final = {
    Origin.AI_GENERATED: "that AI generated it",
    Origin.AI_EDITED: "that AI edited it",
    Origin.CAPTURED: "that a device captured it",
    Origin.COMPOSITE: "that it is a composite",
    Origin.OTHER: "how it was made, without AI or a camera",
    Origin.UNDECLARED: "nothing about how it was made",
}
_AI: Final = frozenset({Origin.AI_GENERATED, Origin.AI_EDITED})
_NAMED_EDITS: Final = 5
_MAX_TOOL: Final = 60  # characters of a tool's name in a sentence


@dataclass(frozen=True, slots=True)
class Fault:
    """What is said of credentials that cannot be relied on, and what that does to the verdict."""

    headline: str
    sentence: str
    signal: Signal


CHANGES: Final[Mapping[Integrity, Fault]] = {
    Integrity.ASSET_MISMATCH: Fault(
        "The file was changed after it was signed: its bytes no longer match its Content "
        "Credentials.",
        "The bytes of the file are not the ones that were signed. Metadata or data that was added "
        "has the same effect as an edit of what is seen or heard",
        Signal.BROKEN,
    ),
    Integrity.MANIFEST_ALTERED: Fault(
        "The Content Credentials in this file were changed after they were signed.",
        "A statement in the Content Credentials is not the one that was signed",
        Signal.BROKEN,
    ),
    Integrity.SIGNATURE_BAD: Fault(
        "The signature of its Content Credentials does not fit what they state: one of the two "
        "was changed.",
        "The signature does not fit the statements that it should cover",
        Signal.BROKEN,
    ),
    Integrity.INTACT: Fault(
        "The history in its Content Credentials was changed after this file was signed.",
        "The credentials of an earlier version or a part are not the ones that this file's signer "
        "signed",
        Signal.BROKEN,
    ),
}
"""By the state of the file's own manifest, where something is shown to have changed."""

FAULTS: Final[Mapping[StatusClass, Fault]] = {
    StatusClass.CHANGED: CHANGES[Integrity.ASSET_MISMATCH],
    StatusClass.NOT_COVERED: Fault(
        "All that was signed is as it was signed, but this file holds bytes that nobody signed.",
        "What the signature covers is as it was signed, but it leaves out more than it may, and "
        "what lies there is nobody's word",
        Signal.UNRELIABLE,
    ),
    StatusClass.MALFORMED: Fault(
        "The Content Credentials in this file break a rule of their own format, so they cannot be "
        "relied on. They were signed that way.",
        "The signature and the hashes are good, but whoever wrote the credentials broke a rule of "
        "their format",
        Signal.UNRELIABLE,
    ),
    StatusClass.BROKEN_BEFORE: Fault(
        "This file is as it was signed, but something that went into it had failed its check "
        "before.",
        "The file is as it was signed, but an earlier version or a part of it failed its check "
        "already when it was added",
        Signal.UNRELIABLE,
    ),
    StatusClass.REVOCATION: Fault(
        "This file is as it was signed, but a certificate in its history was revoked.",
        "The file is as it was signed, but the certificate behind an earlier version or a part of "
        "it was revoked",
        Signal.UNRELIABLE,
    ),
    StatusClass.UNREADABLE: Fault(
        "The Content Credentials of this file could not be checked to the end.",
        "The file is as it was signed, but not all of its history could be checked",
        Signal.UNRELIABLE,
    ),
}
"""By the class of the deciding status code; the other classes leave credentials what they are."""


def fault_in(found: Provenance) -> StatusClass | None:
    """Class of what is wrong; records of before there were classes never show a change above."""
    own = found.integrity.fault if found.integrity is not None else None
    if own is not None or found.chain_ok:
        return own
    return found.fault if found.fault in FAULTS else StatusClass.UNREADABLE


def words_for(found: Provenance) -> Fault | None:
    """What is said of credentials in which something is wrong."""
    fault = fault_in(found)
    if fault is None or found.integrity is None:
        return None
    return CHANGES[found.integrity] if fault is StatusClass.CHANGED else FAULTS[fault]


def only_appended(found: Provenance) -> int:
    """How many bytes were added behind the end, where that is the only change; else 0."""
    if found.integrity is not Integrity.ASSET_MISMATCH:
        return 0
    return sum(span.length for span in found.unsigned)


def evidence_of(found: Provenance) -> Iterator[Evidence]:
    """What credentials that could be read say; those that could not are a gap, never broken."""
    if not found.presence.is_read or found.integrity is None:
        return
    words = words_for(found)
    if words is None:
        yield _intact(found)
    elif words.signal is Signal.BROKEN:
        yield _about(Rank.BROKEN_CREDENTIALS, Signal.BROKEN, _wrong(found, words))
    elif found.origin in _AI:
        yield _about(Rank.UNTRUSTED_CREDENTIALS, Signal.CLAIMED_AI, _wrong(found, words))
    elif found.integrity is not Integrity.NOT_CHECKED:
        yield _about(Rank.UNTRUSTED_CREDENTIALS, words.signal, _wrong(found, words))


def gaps_in(found: Provenance) -> Iterator[NotChecked]:
    """What could not be read or asked about credentials, and why."""
    what = "Content Credentials"
    if found.presence is Presence.UNSUPPORTED:
        text = "This container cannot be checked for Content Credentials."
        yield NotChecked(what=what, reason="unsupported_container", statement=text)
    if found.presence is Presence.UNREADABLE:
        text = f"Content Credentials, or remains of them, are there, but {_unread(found)}."
        yield NotChecked(what=what, reason="credentials_unreadable", statement=text)
    if found.presence.is_read and found.integrity in (None, Integrity.NOT_CHECKED):
        text = (
            "Content Credentials are there, but the file could not be checked against them: "
            f"{_unchecked(found)}."
        )
        yield NotChecked(what=what, reason="credentials_not_checked", statement=text)
    if found.presence is Presence.REMOTE_UNFETCHED:
        text = "The file points to credentials elsewhere; they were not fetched."
        yield NotChecked(what=what, reason="remote_manifest", statement=text)
    if found.signer is not None and found.signer.trust is SignerTrust.UNKNOWN:
        text = "No trust list is configured, so nobody can vouch for the signer."
        yield NotChecked(what="signer trust", reason="no_trust_list", statement=text)
    yield from trust_gaps(found)
    if found.signer is not None and found.revocation is Revocation.NOT_CHECKED:
        text = "Whether the signer's certificate was revoked was not asked: nothing is fetched."
        yield NotChecked(what="revocation", reason="offline", statement=text)


def _unread(found: Provenance) -> str:
    if found.integrity_code == "asset_damaged":
        return "the file around them is damaged or not what its type says"
    return (
        "they could not be read: they are damaged, break a rule of their format, or are of a form "
        "that is not known here"
    )


def _unchecked(found: Provenance) -> str:
    """Say why in our own words; what the library says stays in the report of the library."""
    code = found.integrity_code
    if not code:
        return found.integrity_explanation or "no reason is known"
    if code.startswith("assertion.bmffHash"):
        return "it is the first segment of a film in segments, and the others were not given"
    if code == "claim.hardBindings.missing":
        return "they hold no hash of the file they belong to"
    return f"a check could not be made ({code})"


def _wrong(found: Provenance, words: Fault) -> str:
    """What is wrong, the bytes or the part concerned, the failed check, and what is declared."""
    text, failed = words.sentence, found.integrity_code
    if found.integrity is Integrity.NOT_CHECKED:
        why = _unchecked(found)
        text, failed = f"The Content Credentials could not be checked against the file: {why}", ""
    elif count := only_appended(found):
        text = (
            f"{count:,} bytes were added behind the end of the file after it was signed; all "
            "before them is as it was signed"
        )
    elif found.unsigned and found.integrity is not Integrity.INTACT:
        text += f": {stretches(found.unsigned)}"
    elif found.integrity is Integrity.INTACT:
        title, failed = _failing(found)
        text += f": “{title}”" if title else ""
    check = f" Failed check: {failed}." if failed else ""
    return f"{text}.{check}{_left_over(found)}"


def _left_over(found: Provenance) -> str:
    """What the credentials declare in spite of all, attributed to a signer only if it is intact."""
    if found.origin not in _AI:
        return ""
    said = _DECLARES[found.origin]
    if found.integrity is Integrity.INTACT and not found.origin_depth:
        return f" The signer (it calls itself “{signer_of(found) or 'unnamed'}”) states {said}."
    return f" The credentials state {said}, which can be attributed to nobody."


def stretches(spans: tuple[Span, ...]) -> str:
    """ "13,617 bytes from byte 0 on"."""
    named = [f"{span.length:,} bytes from byte {span.start:,} on" for span in spans[:3]]
    more = f" and {len(spans) - 3} more stretches" if len(spans) > 3 else ""
    return ", ".join(named) + more


def _failing(found: Provenance) -> tuple[str, str]:
    """Title of the part that fails, and the code of the check that decides how that is called."""
    every = [
        (part.title or part.manifest or "untitled", check)
        for manifest in found.manifests
        for part in manifest.ingredients
        for check in part.failures
    ]
    if not every:
        return "", ""
    fault = fault_in(found)
    title, check = next((pair for pair in every if pair[1].status is fault), every[0])
    return title, check.code


def _intact(found: Provenance) -> Evidence:
    """Intact credentials verify an origin only if the active and the declaring signer are trusted.

    A trusted manifest can be attached to foreign pixels as an ingredient by anybody; only the
    active signer ties it to these ones.
    """
    origin, declares = declared(found)
    if _is_trusted(found):
        signal = _SIGNED.get(origin, Signal.SIGNED_OTHER)
        name = signer_of(found) or "a trusted signer"
        text = f"Intact Content Credentials signed by {name} state {declares}."
        return _about(Rank.TRUSTED_CREDENTIALS, signal, text + _tail(found))
    signal = _CLAIMED.get(origin, Signal.CLAIMED_OTHER)
    text = f"Intact Content Credentials state {declares}, but {vouching(found)}."
    return _about(Rank.UNTRUSTED_CREDENTIALS, signal, text + _tail(found))


def _is_trusted(found: Provenance) -> bool:
    active = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    undeclared = found.origin is Origin.UNDECLARED
    return active and (undeclared or found.origin_signer_trust is SignerTrust.TRUSTED)


def _tail(found: Provenance) -> str:
    if not found.unsigned:
        return ""
    return f" The file also holds {stretches(found.unsigned)} that nobody signed."


def declared(found: Provenance) -> tuple[Origin, str]:
    """The origin that the whole file may be given, and what is declared in words.

    What was captured and then edited is no capture any more: a placed part need not declare itself.
    """
    text = _DECLARES[found.origin]
    if found.origin_depth:
        text += ", which an earlier manifest in their history declares"
    changes = edits(found.manifests) if found.origin is Origin.CAPTURED else ()
    if not changes:
        return found.origin, text
    names = ", ".join(name.removeprefix("c2pa.") for name in changes[:_NAMED_EDITS])
    return Origin.OTHER, f"{text}, and that its content was edited ({names})"


def signer_of(found: Provenance) -> str:
    """Name of the signer of the file, as the certificate has it."""
    signer = found.signer
    return (signer.organisation or signer.common_name) if signer is not None else ""


def tool_of(found: Provenance) -> str:
    """The program that the declaring manifest names for the deciding declaration, if it does."""
    declaring = (m for m in found.manifests if m.depth == found.origin_depth)
    return next((tool for manifest in declaring if (tool := _tool(manifest, found.origin))), "")


def _tool(manifest: Manifest, origin: Origin) -> str:
    agents = [action.agent for action in manifest.actions if action.origin is origin]
    if not agents:
        return ""
    name = agents[0] or manifest.claim_generator.partition(";")[0]
    return name if len(name) <= _MAX_TOOL else ""


def vouching(found: Provenance) -> str:
    """Say why nobody vouches for intact credentials."""
    signer = found.signer
    trust = signer.trust if signer is not None else SignerTrust.UNKNOWN
    if signer is not None and trust is SignerTrust.TRUSTED:
        return "no configured list vouches for the signer of that manifest"
    why = {
        SignerTrust.UNTRUSTED: "is on no configured trust list",
        SignerTrust.UNKNOWN: "could not be checked, since no trust list is configured",
        SignerTrust.EXPIRED: f"cannot be relied on: {_expired(found)}",
        SignerTrust.REVOKED: "used a certificate that its issuer has revoked",
    }[trust]
    return f"their signer (it calls itself “{signer_of(found) or 'unnamed'}”) {why}"


def is_past(found: Provenance) -> bool:
    """Whether the signer's certificate has only run out since, as far as is known."""
    signer = found.signer
    stamped = found.timestamp.status is TimestampStatus.TRUSTED
    until = signer.valid_until if signer is not None else None
    return until is not None and found.validated_at > until and not stamped


def _expired(found: Provenance) -> str:
    """What is known of a certificate that does not count, the claimed day included."""
    signer, at = found.signer, found.timestamp.at
    if signer is None or not signer.explanation:
        return "the certificate does not count at the time that could be established"
    start, end = signer.valid_from, signer.valid_until
    if at is None or start is None or end is None or not start <= at <= end:
        return signer.explanation
    return (
        f"{signer.explanation}; it was valid on {at:%Y-%m-%d}, the day that a time-stamping "
        "authority on no configured list gives"
    )


def _about(rank: Rank, signal: Signal, statement: str) -> Evidence:
    return Evidence(id="credentials", rank=rank, signal=signal, statement=statement)
