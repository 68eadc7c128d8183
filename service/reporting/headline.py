"""The first sentence of a report: who says what, or what was found, and never more than that.

A pure function of the evidence that decided. It names signer, tool and the kind of AI where they
are known, and says what was not looked at where that is why there is no more to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from detectors.result import Finding, Outcome
from provenance.declared import Says, Watermark
from provenance.result import Origin, Presence, Provenance, SignerTrust
from service.language.spoken import N_, Words, _, capital
from service.reporting.credentials import (
    appended_in_words,
    is_past,
    only_appended,
    signer_of,
    stretches,
    tool_of,
    words_for,
)
from service.reporting.names import as_sentence
from service.reporting.report import Evidence, NotChecked, Signal, Verdict
from service.reporting.timeline import marked_of
from service.reporting.verdict import BESIDE, Decision, broke
from service.reporting.wording import CLAIMS, likelier, passed

_KINDS: Final = Words(
    {
        Origin.AI_GENERATED: "AI generated this",
        Origin.AI_EDITED: "AI edited this",
    }
)
_MARKED: Final = Words(
    {
        Says.AI_GENERATED: "AI generated this",
        Says.AI_EDITED: "AI edited this",
        Says.POSSIBLY_AI: "this may come from AI",
    }
)
_UNREAD: Final = Words(
    {
        Presence.NONE: "No Content Credentials were found",
        Presence.UNSUPPORTED: "Content Credentials cannot be read from this kind of file",
        Presence.REMOTE_UNFETCHED: "The Content Credentials of this file are kept elsewhere and were not "
        "fetched",
        Presence.UNREADABLE: "Content Credentials in this could not be read",
    }
)
_DISTRUSTED: Final = Words(
    {
        SignerTrust.REVOKED: "whose certificate was revoked",
        SignerTrust.UNKNOWN: "who was not checked against a trust list",
        SignerTrust.UNTRUSTED: "who is on no trust list",
    }
)
NO_CONCLUSION: Final = N_("The evidence does not support a conclusion either way.")
NO_METHOD: Final = N_("None of the methods applies to this file.")
NOTHING_JUDGED: Final = N_("Nothing in this file could be judged.")
NO_SIGN: Final = N_("No sign of synthesis was found. That does not prove it is genuine.")

_MOST: Final = 0.5
"""Share of what was judged; where more is marked, it is no part that stands out from the rest."""


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
    said = _with(_KINDS[found.origin], found)
    if name := signer_of(found):
        return _("A trusted signer, {signer}, states that {said}.", signer=name, said=said)
    return _("A trusted signer states that {said}.", said=said)


def _signed_capture(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    kept = _("it is as it was signed")
    if found.unsigned:
        kept = _(
            "what was signed is unchanged, but nobody signed {stretches}",
            stretches=stretches(found.unsigned),
        )
    if name := signer_of(found):
        return _(
            "A trusted signer, {signer}, states that a device captured this, and {kept}.",
            signer=name,
            kept=kept,
        )
    return _("A trusted signer states that a device captured this, and {kept}.", kept=kept)


def _broken(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    if count := only_appended(found):
        return f"{appended_in_words(count)}."
    words = words_for(found)
    return _(words.headline) if words is not None else _(NO_CONCLUSION)


def _unreliable(facts: Facts, deciding: Evidence) -> str:
    words = words_for(_provenance(facts))
    return _(words.headline) if words is not None else _(NO_CONCLUSION)


def _claimed_ai(facts: Facts, deciding: Evidence) -> str:
    found = _provenance(facts)
    said = _with(_KINDS.get(found.origin, _("AI had a part in this")), found)
    if words_for(found) is not None:
        return _(
            "Its Content Credentials state that {said}, but they cannot be relied on.", said=said
        )
    signer = found.signer
    if signer is None or signer.trust is SignerTrust.TRUSTED:
        return _(
            "An earlier version in its history states that {said}. Whoever signed that is not "
            "trusted.",
            said=said,
        )
    return _(
        "Its Content Credentials state that {said}. They are signed by “{signer}”, {distrust}.",
        said=said,
        signer=signer_of(found) or "unnamed",
        distrust=_distrust(found, signer.trust),
    )


def _distrust(found: Provenance, trust: SignerTrust) -> str:
    if trust is SignerTrust.EXPIRED:
        if is_past(found):
            return _("whose certificate has since expired")
        return _("whose certificate was not valid when it was used")
    return _DISTRUSTED[trust]


def _watermarked(facts: Facts, deciding: Evidence) -> str:
    mark = next(
        (m for m in facts.watermarks if f"watermark.{m.name}.{m.scheme}" == deciding.id), None
    )
    if mark is None:
        return _(
            "This carries an invisible watermark, written by software that generates pictures."
        )
    return _(
        "This carries an invisible watermark of {generator}, written by software that generates "
        "pictures.",
        generator=mark.generator,
    )


def _marked_ai(facts: Facts, deciding: Evidence) -> str:
    index = deciding.id.removeprefix("marker.")
    markers = _provenance(facts).markers
    marker = markers[int(index)] if index.isdigit() and int(index) < len(markers) else None
    said = _("AI had a part in this")
    if marker is not None:
        said = _MARKED.get(marker.says, said)
    if marker is not None and marker.tool:
        return _(
            "Its metadata declares that {said}, and names {tool}. Nobody signed that.",
            said=said,
            tool=marker.tool,
        )
    return _("Its metadata declares that {said}. Nobody signed that.", said=said)


def _recovered_ai(facts: Facts, deciding: Evidence) -> str:
    return _(
        "This is a copy of a known original whose trusted signer states that AI made or edited it."
    )


def _altered_copy(facts: Facts, deciding: Evidence) -> str:
    return _("This is a copy of a signed capture, but it differs from that original in places.")


def _classified(facts: Facts, deciding: Evidence) -> str:
    """State the threshold and the odds, which a word such as "likely" would only blur."""
    finding = _finding(facts, deciding)
    if finding is None or finding.lr is None:
        return _(NO_CONCLUSION)
    claim = CLAIMS[finding.claim]
    threshold = passed(finding)
    return _(
        "The score for “{claim}” passes {threshold}. A score like this is {likely}.",
        claim=claim,
        threshold=threshold,
        likely=likelier(finding.lr.log10, claim),
    )


def _suspect(facts: Facts, deciding: Evidence) -> str:
    finding = _finding(facts, deciding)
    if finding is None:  # a marker
        index = deciding.id.removeprefix("marker.")
        return _(
            "Unsigned metadata hints at AI ({where}), but does not declare it.",
            where=_where(facts, index),
        )
    claim, marked = CLAIMS[finding.claim], marked_of(finding)
    if not passed(finding) and marked is not None:
        if marked.share > _MOST and finding.lr is not None and finding.lr.log10 > 0:
            text = _("The score leans towards “{claim}”, but passes no threshold.", claim=claim)
        else:
            text = _("The score of the whole is low, but parts of it stand out.")
        return f"{text} {marked.in_words(claim)}"
    if finding.unstable:
        return _(
            "The score for “{claim}” is high, but not once this is made smaller or cut and saved "
            "again. That is too little for a conclusion.",
            claim=claim,
        )
    return _(
        "The score for “{claim}” is raised, but 5 % of real media reach it by chance. That is too "
        "many for a conclusion.",
        claim=claim,
    )


def _unremarkable(facts: Facts, deciding: Evidence) -> str:
    marked = [(item, share) for item in facts.findings if (share := marked_of(item)) is not None]
    if not marked:
        return _(NO_SIGN)
    finding, share = max(marked, key=lambda pair: pair[1].share)
    text = _("As a whole this shows no sign of synthesis, which does not prove it genuine.")
    return f"{text} {share.in_words(CLAIMS[finding.claim])}"


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
            return _unjudged(facts) or _(NO_METHOD)
        case _:
            return _stopped(facts)


def _not_looked_at(facts: Facts) -> str:
    """Only signed and declared facts were asked for, and none of them spoke of AI."""
    found = facts.provenance
    unread = _UNREAD.get(found.presence) if found is not None else _UNREAD[Presence.NONE]
    unseen = _("The content itself was not looked at.")
    if unread is not None:
        said = _("{unread}, and no declared marker of AI was found.", unread=unread)
    else:
        said = _silent(found)
    return f"{said} {unseen}"


def _silent(found: Provenance | None) -> str:
    """Name the signer only where the credentials are intact and may be attributed."""
    name = signer_of(found) if found is not None else ""
    if found is None or words_for(found) is not None or not name:
        return _("The Content Credentials do not speak of AI.")
    if found.signer is not None and found.signer.trust is SignerTrust.TRUSTED:
        return _(
            "The Content Credentials of a trusted signer, {signer}, do not speak of AI.",
            signer=name,
        )
    return _("The Content Credentials of “{signer}” do not speak of AI.", signer=name)


def _stopped(facts: Facts) -> str:
    """Say what stands in the way of a conclusion: what could not be opened before all else."""
    gaps = [item for item in facts.not_checked if broke((item,))]
    gaps += [item for item in facts.not_checked if item.reason in BESIDE]
    gap = next((item for item in gaps if item.what == "classifiers"), gaps[0] if gaps else None)
    scored = any(item.votes and item.outcome is Outcome.SCORED for item in facts.findings)
    if gap is None:
        return (not scored and _unjudged(facts)) or _(NO_CONCLUSION)
    reasons = () if scored else _refusals(facts)
    sentences = dict.fromkeys(map(capital, (*reasons, gap.statement)))
    return " ".join([_("No conclusion is possible."), *sentences])


def _unjudged(facts: Facts) -> str:
    """Why classifiers judged nothing; empty where none was asked."""
    reasons = _refusals(facts)
    return " ".join([_(NOTHING_JUDGED), *reasons]) if reasons else ""


def _refusals(facts: Facts) -> tuple[str, ...]:
    """Why each classifier with a vote had no answer where it does not apply, each reason once."""
    reasons = [
        item.explanation
        for item in facts.findings
        if item.votes and item.outcome is Outcome.NOT_APPLICABLE
    ]
    return tuple(map(as_sentence, dict.fromkeys(reasons)))


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


def _with(said: str, found: Provenance) -> str:
    tool = tool_of(found)
    return _("{said} (with {tool})", said=said, tool=tool) if tool else said
