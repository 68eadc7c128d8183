"""Everything the report page shows, worked out before a template sees it."""

from dataclasses import dataclass
from typing import Final

from detectors.result import Alarm, Finding, LikelihoodRatio
from provenance.similarity.result import Match
from service.rendering import charts, credentials, timeline
from service.reporting.recovered_credentials import in_words as match_in_words
from service.reporting.report import Evidence, Profile, Report, Verdict
from service.reporting.timeline import clock
from service.reporting.wording import (
    CLAIMS,
    OUTCOMES,
    PROFILES,
    RANKS,
    VERDICTS,
    WEIGHTS,
    WITHOUT_VOTE,
    count_of,
    in_words,
    kind_in_words,
    marks_in_sound,
    odds,
)

ALARMS: Final = {
    Alarm.NONE: "passes no threshold",
    Alarm.FPR_5: "passes the threshold that 5 % of genuine media pass by chance",
    Alarm.FPR_1: "passes the threshold that 1 % of genuine media pass by chance",
}

ICONS: Final = {
    Verdict.VERIFIED_CAPTURE: "seal",
    Verdict.VERIFIED_AI: "spark",
    Verdict.CREDENTIALS_BROKEN: "broken",
    Verdict.DECLARED_AI: "tag",
    Verdict.LIKELY_SYNTHETIC: "alert",
    Verdict.LIKELY_MANIPULATED: "alert",
    Verdict.NO_SIGN_FOUND: "lens",
    Verdict.INCONCLUSIVE: "question",
    Verdict.NOT_APPLICABLE: "dash",
}


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """One line of the evidence, strongest rank first."""

    rank: int
    kind: str
    statement: str
    decided: bool


@dataclass(frozen=True, slots=True)
class TraceView:
    """Something in the metadata that does not fit, with the weight it has in words."""

    code: str
    statement: str
    innocent: str
    weight: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One classifier: what it was asked, what it answered, how sure it is."""

    detector: str
    claim: str
    model: str
    outcome: str
    scored: bool
    words: str
    odds: str
    alarm: str
    interval: charts.Interval | None
    facts: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class MatchView:
    """An original in the index that this is a copy of, with its own credentials."""

    statement: str
    sha256: str
    added: str
    panel: credentials.Panel | None


@dataclass(frozen=True, slots=True)
class Fused:
    """All voting classifiers together."""

    words: str
    odds: str
    interval: charts.Interval


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the template reads besides the report itself."""

    verdict: str
    icon: str
    kind: str
    size: str
    shape: str
    profile: str  # what was left out on request; nothing in the full profile
    evidence: tuple[EvidenceView, ...]
    conflicts: tuple[tuple[str, str], ...]  # (what against what, statement)
    maps: tuple[charts.HeatMap, ...]
    time_line: timeline.TimeLine | None
    panel: credentials.Panel | None
    marks: tuple[str, ...]  # what was heard of a mark in sound
    trust_lists: tuple[credentials.Fact, ...]
    traces: tuple[TraceView, ...]
    matches: tuple[MatchView, ...]
    findings: tuple[FindingView, ...]
    fused: Fused | None


def view(report: Report) -> ReportView:
    """Work out what the page shows of a report."""
    subject = report.subject
    kinds = {item.id: RANKS[item.rank] for item in report.evidence}
    return ReportView(
        verdict=VERDICTS[report.verdict],
        icon=ICONS[report.verdict],
        kind=kind_in_words(subject),
        size=bytes_in_words(subject.bytes),
        shape=_shape(report),
        profile="" if report.profile is Profile.FULL else PROFILES[report.profile],
        evidence=tuple(_evidence(item, report.basis) for item in report.evidence),
        conflicts=tuple(
            (" against ".join(kinds.get(name, name) for name in item.between), item.statement)
            for item in report.conflicts
        ),
        maps=charts.heat_maps(report.findings),
        time_line=timeline.time_line(report.findings, subject.seconds),
        panel=credentials.panel(report.provenance) if report.provenance is not None else None,
        marks=marks_in_sound(report),
        trust_lists=_trust_lists(report),
        traces=_traces(report),
        matches=tuple(_match(item) for item in report.matches),
        findings=tuple(_finding(item) for item in report.findings),
        fused=_fused(report.classifiers),
    )


def bytes_in_words(count: int) -> str:
    """ "4.2 MB" for 4182733, in powers of ten as file managers show them."""
    size = float(count)
    for unit in ("bytes", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"


def _trust_lists(report: Report) -> tuple[credentials.Fact, ...]:
    """Name, digest, and when and with how many certificates it was added, with any warning."""
    found = report.provenance.trust_lists if report.provenance is not None else ()
    return tuple(
        credentials.Fact(
            f"{item.kind}/{item.name}",
            item.sha256,
            "; ".join(
                (
                    count_of(item.anchors, "certificate"),
                    *((f"added {item.added_at:%Y-%m-%d}",) if item.added_at else ()),
                    *((item.uri,) if item.uri else ()),
                    *item.warnings,
                )
            ),
        )
        for item in found
    )


def _shape(report: Report) -> str:
    subject = report.subject
    parts = []
    if subject.width and subject.height:
        parts.append(f"{subject.width} × {subject.height}")  # noqa: RUF001 (a real times sign)
    if subject.seconds:
        parts.append(clock(subject.seconds))
    return ", ".join(parts)


def _evidence(item: Evidence, basis: tuple[str, ...]) -> EvidenceView:
    return EvidenceView(item.rank, RANKS[item.rank], item.statement, item.id in basis)


def _traces(report: Report) -> tuple[TraceView, ...]:
    found = report.provenance.traces if report.provenance is not None else ()
    return tuple(
        TraceView(item.code, item.statement, item.innocent, WEIGHTS[item.weight]) for item in found
    )


def _fused(lr: LikelihoodRatio | None) -> Fused | None:
    if lr is None:
        return None
    return Fused(in_words(lr.log10, "synthetic"), odds(lr, "synthetic"), charts.interval(lr))


def _match(item: Match) -> MatchView:
    original = item.original
    found = original.provenance
    return MatchView(
        statement=match_in_words(item),
        sha256=original.sha256,
        added=f"{original.added_at:%Y-%m-%d}",
        panel=credentials.panel(found) if found is not None else None,
    )


def _words(item: Finding, claim: str) -> str:
    """What a detector says. One without a vote says nothing that reads like a finding."""
    if item.lr is None:
        return item.explanation
    return in_words(item.lr.log10, claim) if item.votes else WITHOUT_VOTE


def _finding(item: Finding) -> FindingView:
    claim = CLAIMS[item.claim]
    return FindingView(
        detector=item.detector,
        claim=claim,
        model=item.model,
        outcome=OUTCOMES[item.outcome],
        scored=item.lr is not None,
        words=_words(item, claim),
        odds=odds(item.lr, claim) if item.lr and item.votes else "",
        alarm=ALARMS[item.alarm] if item.lr and item.votes else "",
        interval=charts.interval(item.lr) if item.lr and item.votes else None,
        facts=tuple(
            (name.replace("_", " "), f"{value:g}")
            for name, value in item.facts.items()
            if item.votes
        ),
    )
