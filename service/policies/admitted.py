"""A report as a policy sees it: the evidence that may decide, at the policy's operating points."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.media.sniff import TracedAs
from detectors.result import Alarm, Finding, Outcome
from provenance.result import SignerTrust
from service.policies.document import MediaKind, Policy, Threshold
from service.reporting.evidence import CLASSIFIER_ID, signal_of
from service.reporting.report import Evidence, NotChecked, Rank, Report, Signal, Subject, Verdict
from service.reporting.verdict import HARMLESS, NOT_REQUESTED, conflicts, decide

_POINTS: Final = {Threshold.FPR_1: Alarm.FPR_1, Threshold.FPR_5: Alarm.FPR_5}

_VOUCHED: Final = frozenset({Signal.SIGNED_CAPTURE, Signal.SIGNED_AI, Signal.SIGNED_OTHER})
"""What there is where a trusted signer's credentials are intact, ancestors included."""

_TRACED: Final = {
    TracedAs.CAMERA_RAW: MediaKind.IMAGE,
    TracedAs.DRAWING: MediaKind.IMAGE,
    TracedAs.PICTURE: MediaKind.IMAGE,
    TracedAs.DOCUMENT: MediaKind.DOCUMENT,
    TracedAs.ARCHIVE: MediaKind.OTHER,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Admitted:
    """What the rules of a policy are asked about."""

    kind: MediaKind
    verdict: Verdict
    signals: frozenset[Signal]
    conflicts: tuple[str, ...]  # a sentence each
    trust: SignerTrust | None  # None: nobody signed, or a trusted signer signed something else
    vouched: frozenset[str]  # names of the signer, empty unless a trust list vouches for this file
    failed: tuple[str, ...]  # what should have run and gave no answer, with the reason
    searched: bool  # a classifier that may decide judged the content


def admitted(report: Report, policy: Policy) -> Admitted:
    """See a report through a policy.

    Where the policy admits all the evidence at the report's own operating point, the verdict is
    the report's; else it is what the same table makes of the evidence that is left.
    """
    seen = tuple(_seen(report, policy))
    signals = policy.evidence.signals
    evidence = tuple(item for item in seen if signals is None or item.signal in signals)
    signer = report.provenance.signer if report.provenance is not None else None
    trust = signer.trust if signer is not None else None
    names: tuple[str, ...] = ()
    if signer is not None and trust is SignerTrust.TRUSTED:
        if any(item.signal in _VOUCHED for item in seen):
            names = (signer.organisation, signer.common_name)
        else:
            trust = None
    return Admitted(
        kind=_kind(report.subject),
        verdict=_verdict(report, evidence),
        signals=frozenset(item.signal for item in evidence),
        conflicts=tuple(dict.fromkeys(item.statement for item in conflicts(evidence))),
        trust=trust,
        vouched=frozenset(filter(None, names)),
        failed=_failed(report),
        searched=any(item.rank is Rank.CLASSIFIER for item in seen),
    )


def _failed(report: Report) -> tuple[str, ...]:
    gaps = (item for item in report.not_checked if item.reason not in HARMLESS)
    return tuple(dict.fromkeys(f"{item.what} ({item.reason})" for item in gaps))


def _verdict(report: Report, evidence: tuple[Evidence, ...]) -> Verdict:
    if evidence == report.evidence:
        return report.verdict
    missing = report.not_checked
    if _classifiers(evidence) < _classifiers(report.evidence):
        statement = "The policy leaves out what classifiers found."
        missing = (
            *missing,
            NotChecked(what="classifiers", reason=NOT_REQUESTED, statement=statement),
        )
    return decide(evidence, missing).verdict


def _classifiers(evidence: tuple[Evidence, ...]) -> int:
    return sum(item.rank is Rank.CLASSIFIER for item in evidence)


def _seen(report: Report, policy: Policy) -> Iterator[Evidence]:
    """The evidence, with that of classifiers at the policy's operating points."""
    findings = {
        item.detector: item
        for item in report.findings
        if item.votes and item.outcome is Outcome.SCORED
    }
    for item in report.evidence:
        if item.rank is not Rank.CLASSIFIER:
            yield item
            continue
        detector = item.id.removeprefix(CLASSIFIER_ID)
        if _may_decide(detector, policy):
            yield _judged(item, findings.get(detector), policy.thresholds.of(detector))


def _may_decide(detector: str, policy: Policy) -> bool:
    named = policy.evidence.detectors
    return policy.thresholds.of(detector) is not Threshold.NEVER and (
        named is None or detector in named
    )


def _judged(item: Evidence, finding: Finding | None, threshold: Threshold) -> Evidence:
    signal = item.signal if finding is None else signal_of(finding, _POINTS[threshold])
    return item if signal is item.signal else item.model_copy(update={"signal": signal})


def _kind(subject: Subject) -> MediaKind:
    if subject.kind is not None:
        return MediaKind(subject.kind.value)
    return MediaKind.OTHER if subject.traced_as is None else _TRACED[subject.traced_as]
