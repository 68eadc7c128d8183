"""Content Credentials as evidence, each class of failure with words of its own.

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
    Provenance,
    SignerTrust,
    Span,
    TimestampStatus,
)
from provenance.statuses import StatusClass
from service.language.reading import told
from service.language.spoken import N_, Words, _, n_
from service.reporting.credential_gaps import unchecked
from service.reporting.credential_words import Standing
from service.reporting.names import action_called
from service.reporting.report import Evidence, Rank, Signal

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
_DECLARES: Final = Words(
    {
        Origin.AI_GENERATED: "that AI generated it",
        Origin.AI_EDITED: "that AI edited it",
        Origin.CAPTURED: "that a device captured it",
        Origin.COMPOSITE: "that it is a composite",
        Origin.OTHER: "how it was made, and name neither AI nor a camera",
        Origin.UNDECLARED: "nothing about how it was made",
    }
)
_AI: Final = frozenset({Origin.AI_GENERATED, Origin.AI_EDITED})
CREDENTIALS: Final = "credentials"
"""Id of the evidence that the file's own credentials are."""

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
        N_(
            "The file was changed after it was signed: its bytes no longer match its Content "
            "Credentials."
        ),
        N_(
            "The bytes of the file are not the ones that were signed. That does not prove that what is "
            "seen or heard was edited: adding metadata has the same effect"
        ),
        Signal.BROKEN,
    ),
    Integrity.MANIFEST_ALTERED: Fault(
        N_("The Content Credentials in this file were changed after they were signed."),
        N_("A statement in the Content Credentials is not the one that was signed"),
        Signal.BROKEN,
    ),
    Integrity.SIGNATURE_BAD: Fault(
        N_(
            "The signature of its Content Credentials does not fit what they state: one of the two "
            "was changed."
        ),
        N_("The signature does not fit the statements that it should cover"),
        Signal.BROKEN,
    ),
    Integrity.INTACT: Fault(
        N_("The history in its Content Credentials was changed after this file was signed."),
        N_("The credentials of an ingredient are not the ones that this file's signer signed"),
        Signal.BROKEN,
    ),
}
"""By the state of the file's own manifest, where something is shown to have changed."""

FAULTS: Final[Mapping[StatusClass, Fault]] = {
    StatusClass.CHANGED: CHANGES[Integrity.ASSET_MISMATCH],
    StatusClass.NOT_COVERED: Fault(
        N_("This file holds bytes that nobody signed. The rest is as it was signed."),
        N_(
            "What was signed is as it was, but the signature leaves out more of the file than it may. "
            "Nobody answers for that part"
        ),
        Signal.UNRELIABLE,
    ),
    StatusClass.MALFORMED: Fault(
        N_(
            "The Content Credentials in this file break a rule of their own format, so they cannot be "
            "relied on. They were signed that way."
        ),
        N_(
            "The signature and the hashes are good. The software that wrote the credentials broke a "
            "rule of their format"
        ),
        Signal.UNRELIABLE,
    ),
    StatusClass.BROKEN_BEFORE: Fault(
        N_(
            "This file is as it was signed, but something that went into it had already failed its "
            "check."
        ),
        N_("An ingredient had already failed its check when it was added to this file"),
        Signal.UNRELIABLE,
    ),
    StatusClass.REVOCATION: Fault(
        N_("This file is as it was signed, but a certificate in its history was revoked."),
        N_("The certificate of an ingredient's signer was revoked"),
        Signal.UNRELIABLE,
    ),
    StatusClass.UNREADABLE: Fault(
        N_("The Content Credentials of this file could not be checked to the end."),
        N_("The file is as it was signed. Part of its history could not be checked"),
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


def standing(found: Provenance) -> Standing | None:
    """What is wrong with credentials beside their signer, who may well be trusted."""
    if words_for(found) is not None:
        return Standing.FLAWED
    trusted = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    return Standing.ORIGIN_UNVOUCHED if trusted else None


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


def _wrong(found: Provenance, words: Fault) -> str:
    """What is wrong, the bytes or the ingredient concerned, and what is declared."""
    text = _(words.sentence)
    if found.integrity is Integrity.NOT_CHECKED:
        text = _(
            "The Content Credentials could not be checked against the file: {reason}",
            reason=unchecked(found),
        )
    elif count := only_appended(found):
        text = appended_in_words(count)
    elif found.unsigned and found.integrity is not Integrity.INTACT:
        text = _("{what}: {stretches}", what=text, stretches=stretches(found.unsigned))
    elif found.integrity is Integrity.INTACT and (title := _failing(found)):
        text = _("{what}: “{title}”", what=text, title=title)
    return f"{text}.{_left_over(found)}"


def appended_in_words(count: int) -> str:
    """So many bytes behind the end of a signed file, and nothing else; without a full stop."""
    return n_(
        "{count} byte was added after the end of the file once it had been signed. Everything "
        "before that is as it was signed",
        "{count} bytes were added after the end of the file once it had been signed. Everything "
        "before that is as it was signed",
        count,
    )


def _left_over(found: Provenance) -> str:
    """What the credentials declare in spite of all, attributed to a signer only if it is intact."""
    if found.origin not in _AI:
        return ""
    said = _DECLARES[found.origin]
    if found.integrity is Integrity.INTACT and not found.origin_depth:
        text = _(
            "The signer, who uses the name “{signer}”, states {said}.",
            signer=signer_of(found) or "unnamed",
            said=said,
        )
    else:
        text = _("The credentials state {said}, but nobody can be held to that.", said=said)
    return f" {text}"


def stretches(spans: tuple[Span, ...]) -> str:
    """ "13,617 bytes from byte 0 on"."""
    named = [
        n_(
            "{count} byte from byte {start} on",
            "{count} bytes from byte {start} on",
            span.length,
            start=f"{span.start:,}",
        )
        for span in spans[:3]
    ]
    if len(spans) <= 3:
        return ", ".join(named)
    return n_(
        "{stretches} and {count} more stretch",
        "{stretches} and {count} more stretches",
        len(spans) - 3,
        stretches=", ".join(named),
    )


def _failing(found: Provenance) -> str:
    """Title of the ingredient whose failed check decides what is said."""
    every = [
        (part.title or part.manifest or "untitled", check)
        for manifest in found.manifests
        for part in manifest.ingredients
        for check in part.failures
    ]
    fault = fault_in(found)
    deciding = (title for title, check in every if check.status is fault)
    return next(deciding, every[0][0] if every else "")


def _intact(found: Provenance) -> Evidence:
    """Intact credentials verify an origin only if the active and the declaring signer are trusted.

    A trusted manifest can be attached to foreign pixels as an ingredient by anybody; only the
    active signer ties it to these ones.
    """
    origin, declares = declared(found)
    if _is_trusted(found):
        signal = _SIGNED.get(origin, Signal.SIGNED_OTHER)
        text = _(
            "The Content Credentials are intact. They are signed by {signer} and state {declares}.",
            signer=signer_of(found) or _("a trusted signer"),
            declares=declares,
        )
        return _about(Rank.TRUSTED_CREDENTIALS, signal, text + _tail(found))
    signal = _CLAIMED.get(origin, Signal.CLAIMED_OTHER)
    text = _("The Content Credentials are intact and state {declares}.", declares=declares)
    return _about(Rank.UNTRUSTED_CREDENTIALS, signal, f"{text} {vouching(found)}{_tail(found)}")


def _is_trusted(found: Provenance) -> bool:
    active = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    undeclared = found.origin is Origin.UNDECLARED
    return active and (undeclared or found.origin_signer_trust is SignerTrust.TRUSTED)


def _tail(found: Provenance) -> str:
    if not found.unsigned:
        return ""
    text = _(
        "The file also holds {stretches} that nobody signed.", stretches=stretches(found.unsigned)
    )
    return f" {text}"


def declared(found: Provenance) -> tuple[Origin, str]:
    """The origin that the whole file may be given, and what is declared in words.

    What was captured and then edited is no capture any more: a placed part need not declare itself.
    """
    text = _DECLARES[found.origin]
    if found.origin_depth:
        text = _("{declares} (so says an earlier manifest in their history)", declares=text)
    changes = edits(found.manifests) if found.origin is Origin.CAPTURED else ()
    if not changes:
        return found.origin, text
    names = ", ".join(map(action_called, changes[:_NAMED_EDITS]))
    return Origin.OTHER, _(
        "{declares} and that it was edited ({actions})", declares=text, actions=names
    )


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
    """One sentence on why nobody vouches for intact credentials."""
    signer = found.signer
    trust = signer.trust if signer is not None else SignerTrust.UNKNOWN
    if signer is not None and trust is SignerTrust.TRUSTED:
        return _("No trust list vouches for the signer of that manifest.")
    name = signer_of(found) or "unnamed"
    if trust is SignerTrust.EXPIRED:
        return _(
            "Their signer, who uses the name “{signer}”, cannot be confirmed: {reason}.",
            signer=name,
            reason=_expired(found),
        )
    return _(_UNVOUCHED[trust], signer=name)


_UNVOUCHED: Final = {
    SignerTrust.UNTRUSTED: N_("Their signer, who uses the name “{signer}”, is on no trust list."),
    SignerTrust.REVOKED: N_(
        "Their signer, who uses the name “{signer}”, used a certificate that its issuer has revoked."
    ),
    SignerTrust.UNKNOWN: N_(
        "Their signer, who uses the name “{signer}”, could not be checked, because no trust list is "
        "in use."
    ),
}


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
        return _("its certificate was not valid at the time that could be established")
    start, end = signer.valid_from, signer.valid_until
    if at is None or start is None or end is None or not start <= at <= end:
        return told(signer.explanation)
    return _(
        "{reason}; it was valid on {day}, the day given by a time-stamping authority that is on no "
        "trust list",
        reason=told(signer.explanation),
        day=f"{at:%Y-%m-%d}",
    )


def _about(rank: Rank, signal: Signal, statement: str) -> Evidence:
    return Evidence(id=CREDENTIALS, rank=rank, signal=signal, statement=statement)
