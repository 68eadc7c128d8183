"""Measure detectors, verdicts and policies on media that people reviewed: counts, rates, intervals.

Everything is read from stored reports, so the files themselves may be gone.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from pydantic import Field

from detectors.base import Kind
from detectors.bench.metrics import Metrics
from detectors.bench.result import evaluate
from detectors.bench.scores import CLEAN, Score, claims
from detectors.bench.shares import Share, needed, share
from detectors.result import Alarm, Claim, Closed, Finding, Outcome
from service.db.lifecycle import Judgement, Reviewed
from service.errors import ReportInvalid
from service.language.spoken import N_
from service.policies.decide import decide
from service.policies.document import Policy
from service.reporting.decision import PolicyAction
from service.reporting.report import Report, read

ENOUGH: Final = 20
"""Files of each class below which figures of discrimination say next to nothing."""

THEN: Final = N_("as decided then")
"""The row of the decisions that the reports carry."""

POINTS: Final = {Alarm.FPR_5: 0.05, Alarm.FPR_1: 0.01}


class Point(Closed):
    """How often one operating point was passed."""

    point: Alarm
    stated: float  # the false-positive rate on the card
    genuine: Share | None
    claimed: Share | None  # of what the detector claims to find


class MeasuredDetector(Closed):
    """One detector with one model, on the reviewed files that it was asked about."""

    detector: str
    model: str
    versions: int = Field(ge=1)  # of the model's card, in these reports
    votes: bool
    metrics: Metrics
    points: tuple[Point, ...]
    too_few: tuple[str, ...]


class MeasuredPolicy(Closed):
    """What a policy does about the files of each judgement."""

    policy: str
    actions: dict[Judgement, dict[PolicyAction, Share]]


class Measured(Closed):
    """What a tenant's own reviews say about detectors, verdicts and policies."""

    judgements: dict[Judgement, int]  # files, each content once
    repeated: int  # reviewed scans of a content that a later review is about too
    unreadable: int  # reports that this version cannot read
    detectors: tuple[MeasuredDetector, ...]
    verdicts: dict[Judgement, dict[str, int]]
    policies: tuple[MeasuredPolicy, ...]
    too_few: tuple[str, ...]


@dataclass(slots=True)
class _Asked:
    """What one detector answered about reviewed files, and what they are."""

    claim: Claim
    votes: bool
    digests: set[str] = field(default_factory=set)
    scores: list[Score] = field(default_factory=list)
    alarms: list[Alarm] = field(default_factory=list)  # of the scores, in their order


def measured(found: Iterable[Reviewed], policies: Mapping[str, Policy]) -> Measured:
    """Measure on reviews that come the latest first; `policies` by how they are to be called."""
    judgements: Counter[Judgement] = Counter()
    verdicts: dict[Judgement, Counter[str]] = {}
    actions: dict[str, dict[Judgement, Counter[PolicyAction]]] = {}
    asked: dict[tuple[str, str], _Asked] = {}
    seen: set[str] = set()
    repeated = unreadable = 0
    for item in found:
        try:
            report = read(item.document)
        except ReportInvalid:
            unreadable += 1
            continue
        judgement, sha256 = item.review.judgement, report.subject.sha256
        if sha256 in seen:
            repeated += 1
            continue
        seen.add(sha256)
        judgements[judgement] += 1
        verdicts.setdefault(judgement, Counter())[report.verdict] += 1
        for name, action in _actions(report, policies):
            actions.setdefault(name, {}).setdefault(judgement, Counter())[action] += 1
        for finding in report.findings:
            _take(asked, finding, report, judgement)
    return Measured(
        judgements=dict(judgements),
        repeated=repeated,
        unreadable=unreadable,
        detectors=tuple(_detector(*key, asked[key]) for key in sorted(asked)),
        verdicts={key: dict(counts) for key, counts in verdicts.items()},
        policies=tuple(
            MeasuredPolicy(policy=name, actions={key: _shares(it) for key, it in found.items()})
            for name, found in actions.items()
        ),
        too_few=_too_few_reviews(judgements),
    )


def _actions(report: Report, policies: Mapping[str, Policy]) -> Iterable[tuple[str, PolicyAction]]:
    if report.decision is not None:
        yield THEN, report.decision.action
    for name, policy in policies.items():
        yield name, decide(report, policy).action


def _shares(counts: Counter[PolicyAction]) -> dict[PolicyAction, Share]:
    shares = {action: share(counts[action], counts.total()) for action in PolicyAction}
    return {action: found for action, found in shares.items() if found is not None}


def _take(
    asked: dict[tuple[str, str], _Asked], finding: Finding, report: Report, judgement: Judgement
) -> None:
    label = _label(finding.claim, judgement, report.subject.kind)
    if label is None:
        return
    key = (finding.detector, finding.model)
    answers = asked.setdefault(key, _Asked(finding.claim, finding.votes))
    answers.digests.add(report.engine.models.get(finding.model, ""))
    answers.alarms.append(finding.alarm)
    answers.scores.append(
        Score(
            path=report.subject.sha256,
            label=label,
            raw=finding.raw if finding.outcome is Outcome.SCORED else None,
            log10_lr=finding.lr.log10 if finding.lr is not None else None,
            reason=finding.reason or "",
        )
    )


def _label(claim: Claim, judgement: Judgement, kind: Kind | None) -> str | None:
    """What a reviewed file is to a detector, in the words of the bench; None where it is not said.

    A review does not say which part of a film is synthetic, nor how a file was manipulated: a
    synthetic film counts for pictures alone, a manipulated file for swaps and edits alike.
    """
    if judgement is Judgement.GENUINE:
        return "real"
    if judgement is Judgement.SYNTHETIC:
        speech = claim is Claim.SYNTHETIC_SPEECH and kind is Kind.AUDIO
        return "spoof" if speech else "ai_generated"
    if judgement is Judgement.MANIPULATED:
        return "face_swap" if claim is Claim.FACE_SWAP else "edited"
    return None


def _detector(detector: str, model: str, answers: _Asked) -> MeasuredDetector:
    result = evaluate(
        answers.scores,
        detector=detector,
        claim=answers.claim,
        model=model,
        protocol="reviews",
        data="reviewed media",
    )
    sides = [claims(answers.claim, score.label) for score in answers.scores]
    judged = [
        (side, alarm)
        for side, alarm, score in zip(sides, answers.alarms, answers.scores, strict=True)
        if score.raw is not None
    ]
    genuine = [alarm for side, alarm in judged if side is False]
    claimed = [alarm for side, alarm in judged if side is True]
    return MeasuredDetector(
        detector=detector,
        model=model,
        versions=len(answers.digests),
        votes=answers.votes,
        metrics=result.launderings[CLEAN],
        points=tuple(
            Point(
                point=point,
                stated=rate,
                genuine=_passing(genuine, point),
                claimed=_passing(claimed, point),
            )
            for point, rate in POINTS.items()
        ),
        too_few=_too_few(len(genuine), len(claimed)),
    )


def _passing(alarms: list[Alarm], point: Alarm) -> Share | None:
    """Who passes the 1 % point passes the 5 % point too."""
    return share(sum(alarm in {point, Alarm.FPR_1} for alarm in alarms), len(alarms))


def _too_few(genuine: int, claimed: int) -> tuple[str, ...]:
    found = [
        f"{genuine} genuine files are too few to tell whether the {rate:.0%} point holds: it takes "
        f"{needed(rate)} without an alarm"
        for rate in POINTS.values()
        if genuine < needed(rate)
    ]
    if min(genuine, claimed) < ENOUGH:
        found.append(
            f"{genuine} genuine and {claimed} other files are too few to tell how well it tells them "
            f"apart: it takes {ENOUGH} of each"
        )
    return tuple(found)


def _too_few_reviews(judgements: Counter[Judgement]) -> tuple[str, ...]:
    return tuple(
        f"{judgements[judgement]} files reviewed as {judgement} are too few to compare policies by: "
        f"it takes {ENOUGH}"
        for judgement in (Judgement.GENUINE, Judgement.SYNTHETIC, Judgement.MANIPULATED)
        if judgements[judgement] < ENOUGH
    )
