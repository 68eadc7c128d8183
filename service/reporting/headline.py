"""The first sentence of a report: who says what, or what was found, and never more than that.

A pure function of the evidence that decided. It names signer, tool and the kind of AI where they
are known, and says what was not looked at where that is why there is no more to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from detectors.result import Finding
from provenance.declared import Says, Watermark
from provenance.result import Origin, Presence, Provenance, SignerTrust
from service.reporting.credentials import (
    is_past,
    only_appended,
    signer_of,
    stretches,
    tool_of,
    words_for,
)
from service.reporting.report import Evidence, NotChecked, Signal, Verdict
from service.reporting.timeline import marked_of
from service.reporting.verdict import BESIDE, Decision, broke
from service.reporting.wording import CLAIMS, count_of, likelier, passes, were

_KINDS: Final = {Origin.AI_GENERATED: "AI generated this", Origin.AI_EDITED: "AI edited this"}
_MARKED: Final = {
    Says.AI_GENERATED: "AI generated this",
    Says.AI_EDITED: "AI edited this",
    Says.POSSIBLY_AI: "this may come from AI",
}
_UNREAD: Final = {
    Presence.NONE: "No Content Credentials were found",
    Presence.UNSUPPORTED: "Content Credentials cannot be read from this kind of file",
    Presence.REMOTE_UNFETCHED: "The Content Credentials of this file are kept elsewhere and were not "
    "fetched",
    Presence.UNREADABLE: "Content Credentials in this could not be read",
}
NO_CONCLUSION: Final = "The evidence does not support a conclusion either way."
NO_METHOD: Final = "None of the methods applies to this file."
NO_SIGN: Final = "No sign of synthesis was found. That does not prove it is genuine."


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What a headline may speak of."""

    decision: Decision
    evidence: tuple[Evidence, ...] = ()
    not_checked: tuple[NotChecked, ...] = ()
    provenance: Provenance | None = None
    findings: tuple[Finding, ...] = ()
    watermarks: tuple[Watermark, ...] = ()

    @property
    def deciding(self) -> Evidence | None:
        """The strongest piece of evidence that decided."""
        basis = self.decision.basis
        return next((item for item in self.evidence if item.id in basis), None)


def headline(facts: Facts) -> str:
    """One sentence, two at most, that the rest of the report bears out."""
    deciding = facts.deciding
    if deciding is None:
        return _undecided(facts)
    if facts.decision.verdict is Verdict.INCONCLUSIVE and deciding.signal is Signal.UNREMARKABLE:
        return _stopped(facts)
    return BY_SIGNAL[deciding.signal](facts, deciding)


def _signed_ai(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    return f"A trusted signer{_name(found)} states that {_KINDS[found.origin]}{_with(found)}."


def _signed_capture(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    kept = "it is as it was signed"
    if found.unsigned:
        kept = f"what was signed is unchanged, but nobody signed {stretches(found.unsigned)}"
    return f"A trusted signer{_name(found)} states that a device captured this, and {kept}."


def _broken(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    if count := only_appended(found):
        return (
            f"{count_of(count, 'byte')} {were(count)} added after the end of this file once it had "
            "been signed. Everything before that is as it was signed."
        )
    words = words_for(found)
    return words.headline if words is not None else NO_CONCLUSION


def _unreliable(facts: Facts, deciding: Evidence) -> str:
    words = words_for(_provenance(facts))
    return words.headline if words is not None else NO_CONCLUSION


def _claimed_ai(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    said = f"{_KINDS.get(found.origin, 'AI had a part in this')}{_with(found)}"
    if words_for(found) is not None:
        return f"Its Content Credentials state that {said}, but they cannot be relied on."
    signer = found.signer
    if signer is None or signer.trust is SignerTrust.TRUSTED:
        return f"An earlier version in its history states that {said}. Whoever signed that is not trusted."
    who = f"“{signer_of(found) or 'unnamed'}”, {_distrust(found, signer.trust)}"
    return f"Its Content Credentials state that {said}. They are signed by {who}."


def _distrust(found: Provenance, trust: SignerTrust) -> str:
    if trust is SignerTrust.EXPIRED:
        past = "has since expired" if is_past(found) else "was not valid when it was used"
        return f"whose certificate {past}"
    return {
        SignerTrust.REVOKED: "whose certificate was revoked",
        SignerTrust.UNKNOWN: "who was not checked against a trust list",
    }.get(trust, "who is on no trust list")


def _watermarked(facts: Facts, deciding: Evidence) -> str:
    mark = next(
        (m for m in facts.watermarks if f"watermark.{m.name}.{m.scheme}" == deciding.id), None
    )
    of = f" of {mark.generator}" if mark is not None else ""
    return f"This carries an invisible watermark{of}, written by software that generates pictures."


def _marked_ai(facts: Facts, deciding: Evidence) -> str:
    index = deciding.id.removeprefix("marker.")
    markers = _provenance(facts).markers
    marker = markers[int(index)] if index.isdigit() and int(index) < len(markers) else None
    said = _MARKED.get(marker.says, "AI had a part in this") if marker else "AI had a part in this"
    tool = f", and names {marker.tool}" if marker is not None and marker.tool else ""
    return f"Its metadata declares that {said}{tool}. Nobody signed that."


def _recovered_ai(facts: Facts, deciding: Evidence) -> str:
    return (
        "This is a copy of a known original whose trusted signer states that AI made or edited it."
    )


def _altered_copy(facts: Facts, deciding: Evidence) -> str:
    return "This is a copy of a signed capture, but it differs from that original in places."


def _classified(facts: Facts, deciding: Evidence) -> str:
    """State the threshold and the odds, which a word such as "likely" would only blur."""
    finding = _finding(facts, deciding)
    if finding is None or finding.lr is None:
        return NO_CONCLUSION
    claim, lr = CLAIMS[finding.claim], finding.lr.log10
    passed = passes(finding).removeprefix(" and passes ")
    return f"The score for “{claim}” passes {passed}. A score like this is {likelier(lr, claim)}."


def _suspect(facts: Facts, deciding: Evidence) -> str:
    finding = _finding(facts, deciding)
    if finding is None:  # a marker
        index = deciding.id.removeprefix("marker.")
        return f"Unsigned metadata hints at AI ({_where(facts, index)}), but does not declare it."
    marked = marked_of(finding)
    if not passes(finding) and marked is not None:
        return f"The score of the whole is low, but parts of it stand out. {marked.in_words(CLAIMS[finding.claim])}"
    if finding.unstable:
        return (
            f"The score for “{CLAIMS[finding.claim]}” is high, but not once this is made smaller or cut "
            "and saved again. That is too little for a conclusion."
        )
    return (
        f"The score for “{CLAIMS[finding.claim]}” is raised, but 5 % of real media reach it by "
        "chance. That is too many for a conclusion."
    )


def _unremarkable(facts: Facts, deciding: Evidence) -> str:
    marked = [(item, share) for item in facts.findings if (share := marked_of(item)) is not None]
    if not marked:
        return NO_SIGN
    finding, share = max(marked, key=lambda pair: pair[1].share)
    text = share.in_words(CLAIMS[finding.claim])
    return f"As a whole this shows no sign of synthesis, which does not prove it genuine. {text}"


BY_SIGNAL: Final[Mapping[Signal, Callable[[Facts, Evidence], str]]] = {
    Signal.BROKEN: _broken,
    Signal.SIGNED_AI: _signed_ai,
    Signal.SIGNED_CAPTURE: _signed_capture,
    Signal.CLAIMED_AI: _claimed_ai,
    Signal.WATERMARKED_AI: _watermarked,
    Signal.MARKED_AI: _marked_ai,
    Signal.RECOVERED_AI: _recovered_ai,
    Signal.SYNTHETIC: _classified,
    Signal.MANIPULATED: _classified,
    Signal.UNRELIABLE: _unreliable,
    Signal.SUSPECT: _suspect,
    Signal.ALTERED_COPY: _altered_copy,
    Signal.UNREMARKABLE: _unremarkable,
}
"""Every signal that can decide a verdict, and the sentence it heads the report with."""


def _undecided(facts: Facts) -> str:
    match facts.decision.verdict:
        case Verdict.NO_SIGN_FOUND:
            return _not_looked_at(facts)
        case Verdict.NOT_APPLICABLE:
            return NO_METHOD
        case _:
            return _stopped(facts)


def _not_looked_at(facts: Facts) -> str:
    """Only signed and declared facts were asked for, and none of them spoke of AI."""
    found = facts.provenance
    unread = _UNREAD.get(found.presence) if found is not None else _UNREAD[Presence.NONE]
    if unread is not None:
        said = f"{unread}, and no declared marker of AI was found"
    else:
        said = f"The Content Credentials{_by(found)} do not speak of AI"
    return f"{said}. The content itself was not looked at."


def _stopped(facts: Facts) -> str:
    """Say what stands in the way of a conclusion: what could not be opened before all else."""
    gaps = [item for item in facts.not_checked if broke((item,))]
    gaps += [item for item in facts.not_checked if item.reason in BESIDE]
    gap = next((item for item in gaps if item.what == "classifiers"), gaps[0] if gaps else None)
    if gap is None:
        return NO_CONCLUSION
    return f"No conclusion is possible. {gap.statement[:1].upper()}{gap.statement[1:]}"


def _provenance(facts: Facts) -> Provenance:
    if facts.provenance is None:
        raise ValueError("evidence from provenance comes with it")
    return facts.provenance


def _finding(facts: Facts, deciding: Evidence) -> Finding | None:
    name = deciding.id.removeprefix("detector.")
    return next((item for item in facts.findings if item.detector == name), None)


def _where(facts: Facts, index: str) -> str:
    markers = _provenance(facts).markers
    return markers[int(index)].where if index.isdigit() and int(index) < len(markers) else "a tag"


def _name(found: Provenance) -> str:
    name = signer_of(found)
    return f", {name}," if name else ""


def _by(found: Provenance | None) -> str:
    """The signer's name, only where the credentials are intact and may be attributed."""
    if found is None:
        return ""
    name = signer_of(found)
    if words_for(found) is not None or not name:
        return ""
    trusted = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    return f" of a trusted signer, {name}," if trusted else f" of “{name}”"


def _with(found: Provenance) -> str:
    tool = tool_of(found)
    return f" (with {tool})" if tool else ""
