"""Turn what the engines found into ranked evidence, and what they did not into stated gaps."""

import math
from collections.abc import Iterator
from typing import Final

from detectors.result import (
    NARROW_BAND_SECONDS,
    Alarm,
    Claim,
    Finding,
    LikelihoodRatio,
    Outcome,
    Reason,
)
from provenance.origin import edits
from provenance.result import (
    Integrity,
    Marker,
    Origin,
    Presence,
    Provenance,
    Revocation,
    Says,
    SignerTrust,
    Trace,
    Watermark,
    Weight,
)
from provenance.similarity.result import Match
from service.reporting.recovered_credentials import recovered
from service.reporting.report import Evidence, NotChecked, Rank, Signal
from service.reporting.wording import CLAIMS, because, in_words

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
_MARKED: Final = {
    Says.AI_GENERATED: Signal.MARKED_AI,
    Says.AI_EDITED: Signal.MARKED_AI,
    Says.POSSIBLY_AI: Signal.SUSPECT,
    Says.CAPTURED: Signal.MARKED_CAPTURE,
}
_DECLARES: Final = {
    Origin.AI_GENERATED: "that AI generated it",
    Origin.AI_EDITED: "that AI edited it",
    Origin.CAPTURED: "that a device captured it",
    Origin.COMPOSITE: "that it is a composite",
    Origin.OTHER: "how it was made, without AI or a camera",
    Origin.UNDECLARED: "nothing about how it was made",
}
_NAMED_EDITS: Final = 5
_MANIPULATES: Final = frozenset({Claim.FACE_SWAP, Claim.LOCAL_EDIT})
_BROKEN: Final = {
    Integrity.ASSET_MISMATCH: "The file no longer matches what was signed",
    Integrity.MANIFEST_ALTERED: "The manifest was altered after signing",
    Integrity.SIGNATURE_BAD: "The signature of the manifest does not verify",
}


WATERMARK_CHANCE: Final = 1e-6
WATERMARK_AGREEMENT: Final = 0.85
"""What the probability under chance and the share of matching bits must reach to be evidence.

1,322 unmarked photographs, each read in 32 crops, turns and mirrorings (42,304 readings), gave 20
at 1e-3, 1 at 1e-4 and none at 1e-5: fewer than the law of coins. None at 1e-6 bounds the rate by
7.1e-5 a reading with 95 % confidence, were the readings of one photograph independent; the 1,322
photographs alone bound it by 2.3e-3. The share keeps out what no such law covers: a picture that
repeats within 16 blocks can reach 0.79 of a message.
"""


def weigh(
    provenance: Provenance | None,
    findings: tuple[Finding, ...],
    watermarks: tuple[Watermark, ...] = (),
    matches: tuple[Match, ...] = (),
) -> tuple[Evidence, ...]:
    """Everything that says something, strongest rank first."""
    evidence: list[Evidence] = []
    if provenance is not None:
        evidence.extend(_credentials(provenance))
        evidence.extend(_marker(index, item) for index, item in _speaking(provenance))
        evidence.extend(_trace(item) for item in provenance.traces if item.weight is Weight.LOW)
        evidence.extend(_second_opinion(provenance))
    evidence.extend(_watermark(item) for item in watermarks if _is_beyond_chance(item))
    evidence.extend(recovered(matches, provenance, _credentials))
    evidence.extend(
        _classifier(item) for item in findings if item.votes and item.outcome is Outcome.SCORED
    )
    return tuple(sorted(evidence, key=lambda item: item.rank))


def gaps(provenance: Provenance | None, findings: tuple[Finding, ...]) -> Iterator[NotChecked]:
    """Every check that gave no answer, and why.

    An expert that does not vote may abstain in silence, but its failure is always told: what an
    ensemble would have said with it is not known.
    """
    if provenance is not None:
        yield from _credential_gaps(provenance)
    for item in findings:
        if item.reason is not None and (item.votes or item.outcome is Outcome.FAILED):
            yield NotChecked(what=item.detector, reason=item.reason, statement=item.explanation)
        narrow = item.facts.get(NARROW_BAND_SECONDS)
        if narrow and item.votes:
            text = (
                f"{narrow:.1f} s of the speech hold next to nothing above 4 kHz, as after a telephone "
                "line; they were not judged."
            )
            yield NotChecked(what=item.detector, reason=Reason.NARROW_BAND, statement=text)


def fuse(findings: tuple[Finding, ...]) -> LikelihoodRatio | None:
    """One ratio for "something in this file is synthetic"; None when every classifier abstained.

    Voting findings judge different parts (picture, voice, face). With equal prior weight on which
    part is synthetic, the ratio of the whole is the mean of the parts' ratios, not of their logs.
    """
    ratios = [item.lr for item in findings if item.votes and item.lr is not None]
    if not ratios:
        return None
    return LikelihoodRatio(
        log10=_mean([item.log10 for item in ratios]),
        low=_mean([item.low for item in ratios]),
        high=_mean([item.high for item in ratios]),
    )


def _mean(logs: list[float]) -> float:
    return math.log10(sum(10.0**value for value in logs) / len(logs))


def _credentials(found: Provenance) -> Iterator[Evidence]:
    """What credentials that could be read say; those that could not are a gap, never broken."""
    if not found.presence.is_read:
        return
    if found.integrity in _BROKEN:
        text = f"{_BROKEN[found.integrity]}: {found.integrity_explanation or found.integrity_code}."
        yield _about_credentials(Rank.BROKEN_CREDENTIALS, Signal.BROKEN, text)
    elif found.integrity is Integrity.INTACT and not found.chain_ok:
        text = f"An earlier version in its history fails its check: {found.chain_failures[0]}."
        yield _about_credentials(Rank.BROKEN_CREDENTIALS, Signal.BROKEN, text)
    elif found.integrity is Integrity.INTACT:
        yield _intact(found)


def _intact(found: Provenance) -> Evidence:
    """Intact credentials verify an origin only if the active and the declaring signer are trusted.

    A trusted manifest can be attached to foreign pixels as an ingredient by anybody; only the
    active signer ties it to these ones.
    """
    signer = found.signer
    active = signer is not None and signer.trust is SignerTrust.TRUSTED
    name = (signer.organisation or signer.common_name) if signer is not None else ""
    origin, declares = _declared(found)
    undeclared = found.origin is Origin.UNDECLARED
    if active and (undeclared or found.origin_signer_trust is SignerTrust.TRUSTED):
        signal = _SIGNED.get(origin, Signal.SIGNED_OTHER)
        text = (
            f"Intact Content Credentials signed by {name or 'a trusted signer'} state {declares}."
        )
        return _about_credentials(Rank.TRUSTED_CREDENTIALS, signal, text)
    signal = _CLAIMED.get(origin, Signal.CLAIMED_OTHER)
    text = f"Intact Content Credentials state {declares}, but {_vouching(found, name)}."
    return _about_credentials(Rank.UNTRUSTED_CREDENTIALS, signal, text)


def _declared(found: Provenance) -> tuple[Origin, str]:
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


def _vouching(found: Provenance, name: str) -> str:
    trust = found.signer.trust if found.signer is not None else SignerTrust.UNKNOWN
    if trust is SignerTrust.TRUSTED:
        return "that comes from an earlier manifest, whose signer nobody configured vouches for"
    why = {
        SignerTrust.UNTRUSTED: "is on no configured trust list",
        SignerTrust.UNKNOWN: "could not be checked, since no trust list is configured",
        SignerTrust.EXPIRED: "used an expired certificate",
        SignerTrust.REVOKED: "used a revoked certificate",
    }[trust]
    return f"their signer (it calls itself “{name or 'unnamed'}”) {why}"


def _about_credentials(rank: Rank, signal: Signal, statement: str) -> Evidence:
    return Evidence(id="credentials", rank=rank, signal=signal, statement=statement)


def _is_beyond_chance(found: Watermark) -> bool:
    """Never true of a mark in sound: too few unmarked recordings bound its rate."""
    return found.p_chance <= WATERMARK_CHANCE and found.matched >= WATERMARK_AGREEMENT * found.total


def _watermark(found: Watermark) -> Evidence:
    odds = math.floor(-math.log10(found.p_chance))
    return Evidence(
        id=f"watermark.{found.name}.{found.scheme}",
        rank=Rank.WATERMARK,
        signal=Signal.WATERMARKED_AI,
        statement=f"{found.matched} of the {found.total} bits of an invisible watermark of "
        f"{found.generator} are in the pixels; by chance that happens to fewer than one in "
        f"10^{odds} pictures. Whoever has the software can add it.",
    )


def _speaking(found: Provenance) -> Iterator[tuple[int, Marker]]:
    return ((index, item) for index, item in enumerate(found.markers) if item.says in _MARKED)


def _marker(index: int, marker: Marker) -> Evidence:
    said = {
        Says.AI_GENERATED: "declares that AI generated this",
        Says.AI_EDITED: "declares that AI edited this",
        Says.POSSIBLY_AI: "declares that this may come from AI",
        Says.CAPTURED: "names a camera or a capture",
    }[marker.says]
    tool = f" ({marker.tool})" if marker.tool else ""
    return Evidence(
        id=f"marker.{index}",
        rank=Rank.DECLARED_MARKER,
        signal=_MARKED[marker.says],
        statement=f"Unsigned metadata in {marker.where}{tool} {said}; anyone can write it.",
    )


def _second_opinion(found: Provenance) -> Iterator[Evidence]:
    """Only disagreement is evidence: that two verifiers agree is what anybody expects."""
    opinion = found.second_opinion
    if opinion is None or not found.is_disputed:
        return
    name = f"{opinion.engine.name} {opinion.engine.version}"
    if opinion.integrity is Integrity.INTACT:
        text = f"A second verifier, {name}, finds the credentials intact; the first does not."
    else:
        why = ", ".join(opinion.codes[:3])
        text = f"A second verifier, {name}, does not find the credentials intact: {why}."
    yield Evidence(
        id="second_opinion", rank=Rank.SECOND_OPINION, signal=Signal.DISPUTED, statement=text
    )


def _trace(found: Trace) -> Evidence:
    return Evidence(
        id=f"trace.{found.code}",
        rank=Rank.CONSISTENCY,
        signal=Signal.INCONSISTENT,
        statement=f"{found.statement} The weight is low: the common cause is {found.innocent}.",
    )


def _classifier(finding: Finding) -> Evidence:
    lr, means = finding.lr, CLAIMS[finding.claim]
    if lr is None:
        raise ValueError(f"{finding.detector}: evidence needs a score")
    signal = {
        Alarm.FPR_1: Signal.MANIPULATED if finding.claim in _MANIPULATES else Signal.SYNTHETIC,
        Alarm.FPR_5: Signal.SUSPECT,
        Alarm.NONE: Signal.UNREMARKABLE,
    }[finding.alarm]
    rate = {
        Alarm.FPR_1: " and passes the threshold that 1 % of real media pass by chance",
        Alarm.FPR_5: " and passes the threshold that 5 % of real media pass by chance",
        Alarm.NONE: "",
    }[finding.alarm]
    return Evidence(
        id=f"detector.{finding.detector}",
        rank=Rank.CLASSIFIER,
        signal=signal,
        statement=f"The score gives {in_words(lr.log10, means)}{rate}.{because(finding)}",
    )


def _credential_gaps(found: Provenance) -> Iterator[NotChecked]:
    what = "Content Credentials"
    if found.presence is Presence.UNSUPPORTED:
        text = "This container cannot be checked for Content Credentials."
        yield NotChecked(what=what, reason="unsupported_container", statement=text)
    if found.presence is Presence.UNREADABLE:
        text = f"Content Credentials seem to be there but cannot be read: {found.integrity_explanation}"
        yield NotChecked(what=what, reason="credentials_unreadable", statement=text)
    if found.presence.is_read and found.integrity in (None, Integrity.NOT_CHECKED):
        why = found.integrity_explanation or "no reason is known"
        text = (
            f"Content Credentials are there, but the file could not be checked against them: {why}."
        )
        yield NotChecked(what=what, reason="credentials_not_checked", statement=text)
    if found.presence is Presence.REMOTE_UNFETCHED:
        text = "The file points to credentials elsewhere; they were not fetched."
        yield NotChecked(what=what, reason="remote_manifest", statement=text)
    if found.signer is not None and found.signer.trust is SignerTrust.UNKNOWN:
        text = "No trust list is configured, so nobody can vouch for the signer."
        yield NotChecked(what="signer trust", reason="no_trust_list", statement=text)
    if found.signer is not None and found.revocation is Revocation.NOT_CHECKED:
        text = "Whether the signer's certificate was revoked was not asked: nothing is fetched."
        yield NotChecked(what="revocation", reason="offline", statement=text)
