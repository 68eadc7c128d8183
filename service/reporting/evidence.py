"""Turn what the engines found into ranked evidence, and what they did not into stated gaps."""

import math
from collections.abc import Iterator
from typing import Final

from detectors.base import Kind
from detectors.registry import feeds_vote
from detectors.result import (
    JUDGED_FRAMES,
    LOOKS_DRAWN,
    NARROW_BAND_SECONDS,
    REFUSED_FRAMES,
    Alarm,
    Claim,
    Finding,
    Outcome,
    Reason,
)
from provenance.declared import Marker, Says, Trace, Watermark, Weight
from provenance.result import Integrity, Provenance
from provenance.similarity.result import Match
from service.language.spoken import N_, Words, _
from service.reporting.credential_gaps import gaps_in
from service.reporting.credential_words import STANDINGS
from service.reporting.credentials import evidence_of, standing
from service.reporting.recovered_credentials import recovered
from service.reporting.report import Evidence, NotChecked, Rank, Report, Signal
from service.reporting.timeline import marked_of
from service.reporting.wording import CLAIMS, RANKS, because, in_words, passed, unsteady

_MARKED: Final = {
    Says.AI_GENERATED: Signal.MARKED_AI,
    Says.AI_EDITED: Signal.MARKED_AI,
    Says.POSSIBLY_AI: Signal.SUSPECT,
    Says.CAPTURED: Signal.MARKED_CAPTURE,
}
_DECLARES: Final = {
    Says.AI_GENERATED: N_(
        "Unsigned metadata in {where} declares that AI generated this. Anyone can write that."
    ),
    Says.AI_EDITED: N_(
        "Unsigned metadata in {where} declares that AI edited this. Anyone can write that."
    ),
    Says.POSSIBLY_AI: N_(
        "Unsigned metadata in {where} declares that this may come from AI. Anyone can write that."
    ),
    Says.CAPTURED: N_(
        "Unsigned metadata in {where} names a camera or a capture. Anyone can write that."
    ),
}
_MANIPULATES: Final = frozenset({Claim.FACE_SWAP, Claim.LOCAL_EDIT})
WATERMARK_CHANCE: Final = 1e-6
WATERMARK_AGREEMENT: Final = 0.85
"""What the probability under chance and the share of matching bits must reach to be evidence.

1,322 unmarked photographs, each read in 32 crops, turns and mirrorings (42,304 readings), gave 20
at 1e-3, 1 at 1e-4 and none at 1e-5: fewer than the law of coins. None at 1e-6 bounds the rate by
7.1e-5 a reading with 95 % confidence, were the readings of one photograph independent; the 1,322
photographs alone bound it by 2.3e-3. The share keeps out what no such law covers: a picture that
repeats within 16 blocks can reach 0.79 of a message.
"""


CLASSIFIER_ID: Final = "detector."
"""What the id of a classifier's evidence begins with, before the detector's name."""

FAILED_WITHOUT_VOTE: Final = "failed_without_vote"
"""Reason code of a detector that failed and could not have moved the verdict; its finding says why."""

SUBSTANTIAL: Final = 1 / 3
"""Share of what was judged over time that may lean to synthetic, and of what was looked at that may be
beyond judging, before silence on the whole ends.

A choice: it withholds "no sign found" and accuses nobody. How many genuine and synthetic files it leaves open
stands in docs/decisions/measuring.md.
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
        evidence.extend(evidence_of(provenance))
        evidence.extend(_marker(index, item) for index, item in _speaking(provenance))
        evidence.extend(_trace(item) for item in provenance.traces if item.weight is Weight.LOW)
        evidence.extend(_second_opinion(provenance))
    evidence.extend(_watermark(item) for item in watermarks if _is_beyond_chance(item))
    evidence.extend(recovered(matches, provenance, evidence_of))
    evidence.extend(
        _classifier(item) for item in findings if item.votes and item.outcome is Outcome.SCORED
    )
    return tuple(sorted(evidence, key=lambda item: item.rank))


def kind_of(item: Evidence, report: Report) -> str:
    """What sort of evidence this is, for readers."""
    if item.rank is Rank.UNTRUSTED_CREDENTIALS and report.provenance is not None:
        found = standing(report.provenance)
        return RANKS[item.rank] if found is None else STANDINGS[found]
    return RANKS[item.rank]


def gaps(provenance: Provenance | None, findings: tuple[Finding, ...]) -> Iterator[NotChecked]:
    """Every check that gave no answer, and why.

    A detector that does not vote may abstain in silence, but its failure is always told. It leaves the
    verdict open where a vote rests on it: what an ensemble would have said with it is not known.
    """
    if provenance is not None:
        yield from gaps_in(provenance)
        for gap in provenance.unsearched:
            yield NotChecked(what="declared markers", reason=gap.code, statement=gap.statement)
    for item in findings:
        if _leaves_pictures_open(item, findings):
            text = _("Too few frames of the film could be judged, so silence does not clear them.")
            text = f"{text} {item.explanation}"
            yield NotChecked(what=item.detector, reason=Reason.FRAMES_REFUSED, statement=text)
        elif item.reason is not None and (item.votes or item.outcome is Outcome.FAILED):
            weighs = item.votes or feeds_vote(item.detector)
            reason = item.reason if weighs else FAILED_WITHOUT_VOTE
            yield NotChecked(what=item.detector, reason=reason, statement=item.explanation)
        narrow = item.facts.get(NARROW_BAND_SECONDS)
        if narrow and item.votes:
            text = _(
                "{seconds} s of the speech hold next to nothing above 4 kHz, as on a telephone "
                "line. They were not judged.",
                seconds=f"{narrow:.1f}",
            )
            yield NotChecked(what=item.detector, reason=Reason.NARROW_BAND, statement=text)
        if item.votes and item.facts.get(LOOKS_DRAWN):
            text = _(
                "The picture looks drawn or designed, and the classifier was made for photographs. It "
                "was judged with higher thresholds and a wider interval."
            )
            yield NotChecked(what=item.detector, reason=Reason.NO_PHOTOGRAPH, statement=text)
        refused, judged = (item.facts.get(name, 0) for name in (REFUSED_FRAMES, JUDGED_FRAMES))
        if item.votes and refused >= SUBSTANTIAL * (refused + judged) > 0:
            text = _(
                "{refused} of the {frames} frames that were taken from the film could not be "
                "judged: too dark, too plain or no photographs. Silence about the rest does not "
                "clear them.",
                refused=f"{refused:.0f}",
                frames=f"{refused + judged:.0f}",
            )
            yield NotChecked(what=item.detector, reason=Reason.FRAMES_REFUSED, statement=text)


def _leaves_pictures_open(finding: Finding, findings: tuple[Finding, ...]) -> bool:
    """Whether a film's pictures were all beyond judging, and something else of it was judged."""
    return (
        finding.votes
        and finding.claim is Claim.GENERATED  # who found no face has looked
        and finding.detector.startswith(f"{Kind.VIDEO}.")
        and finding.outcome is Outcome.NOT_APPLICABLE
        and any(other.votes and other.outcome is Outcome.SCORED for other in findings)
    )


def _is_beyond_chance(found: Watermark) -> bool:
    """Never true of a mark in sound: too few unmarked recordings bound its rate."""
    return found.p_chance <= WATERMARK_CHANCE and found.matched >= WATERMARK_AGREEMENT * found.total


def _watermark(found: Watermark) -> Evidence:
    odds = math.floor(-math.log10(found.p_chance))
    return Evidence(
        id=f"watermark.{found.name}.{found.scheme}",
        rank=Rank.WATERMARK,
        signal=Signal.WATERMARKED_AI,
        statement=_(
            "{matched} of the {total} bits of an invisible watermark of {generator} are in the "
            "pixels. By chance that happens to fewer than one in {odds} pictures. Anybody with the "
            "software can add the mark.",
            matched=f"{found.matched}",
            total=f"{found.total}",
            generator=found.generator,
            odds=_round(odds),
        ),
    )


_POWERS: Final = Words(
    {
        1: "{number} thousand",
        2: "{number} million",
        3: "{number} billion",
        4: "{number} trillion",
    }
)


def _round(power: int) -> str:
    """10 to this power in words: "10 million"; a trillion stands for all that is larger."""
    thousands, rest = divmod(min(power, 12), 3)
    number = f"{10**rest}"
    return _POWERS[thousands].format(number=number) if thousands else number


def _speaking(found: Provenance) -> Iterator[tuple[int, Marker]]:
    return ((index, item) for index, item in enumerate(found.markers) if item.says in _MARKED)


def _marker(index: int, marker: Marker) -> Evidence:
    where = f"{marker.where} ({marker.tool})" if marker.tool else marker.where
    return Evidence(
        id=f"marker.{index}",
        rank=Rank.DECLARED_MARKER,
        signal=_MARKED[marker.says],
        statement=_(_DECLARES[marker.says], where=where),
    )


def _second_opinion(found: Provenance) -> Iterator[Evidence]:
    """Only disagreement is evidence: that two verifiers agree is what anybody expects."""
    opinion = found.second_opinion
    if opinion is None or not found.is_disputed:
        return
    name = f"{opinion.engine.name} {opinion.engine.version}"
    if opinion.integrity is Integrity.INTACT:
        text = _(
            "A second verifier, {name}, finds the credentials intact. The first does not.",
            name=name,
        )
    else:
        text = _("A second verifier, {name}, does not find the credentials intact.", name=name)
    yield Evidence(
        id="second_opinion", rank=Rank.SECOND_OPINION, signal=Signal.DISPUTED, statement=text
    )


def _trace(found: Trace) -> Evidence:
    return Evidence(
        id=f"trace.{found.code}",
        rank=Rank.CONSISTENCY,
        signal=Signal.INCONSISTENT,
        statement=found.statement
        + " "
        + _("This counts for little: the common cause is {cause}.", cause=found.innocent),
    )


def signal_of(finding: Finding, accuses_at: Alarm = Alarm.FPR_1) -> Signal:
    """What a voting classifier says where it accuses from this operating point on."""
    if finding.alarm in {Alarm.FPR_1, accuses_at}:
        return Signal.MANIPULATED if finding.claim in _MANIPULATES else Signal.SYNTHETIC
    if finding.alarm is Alarm.FPR_5:
        return Signal.SUSPECT
    marked = marked_of(finding)
    substantial = marked is not None and marked.share >= SUBSTANTIAL
    return Signal.SUSPECT if substantial else Signal.UNREMARKABLE


def _classifier(finding: Finding) -> Evidence:
    lr, means = finding.lr, CLAIMS[finding.claim]
    if lr is None:
        raise ValueError(f"{finding.detector}: evidence needs a score")
    marked = marked_of(finding) if finding.alarm is Alarm.NONE else None
    parts = (
        _gives(finding, in_words(lr.log10, means)),
        unsteady(finding),
        because(finding),
        f" {marked.in_words(means)}" if marked is not None else "",
    )
    return Evidence(
        id=f"{CLASSIFIER_ID}{finding.detector}",
        rank=Rank.CLASSIFIER,
        signal=signal_of(finding),
        statement="".join(parts),
    )


def _gives(finding: Finding, words: str) -> str:
    if threshold := passed(finding):
        return _(
            "The score gives {words} and passes {threshold}.", words=words, threshold=threshold
        )
    return _("The score gives {words}.", words=words)
