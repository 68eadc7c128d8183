"""Everything the report page shows, worked out before a template sees it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.result import Finding
from provenance.declared import Weight
from provenance.similarity.result import Match
from service.language.figures import as_written, day, number
from service.language.reading import told
from service.language.spoken import N_, _, capital, n_
from service.rendering import charts, credentials, side_by_side, summary, timeline
from service.reporting.credentials import CREDENTIALS
from service.reporting.evidence import kind_of
from service.reporting.names import as_sentence, called
from service.reporting.recovered_credentials import in_words as match_in_words
from service.reporting.report import Evidence, Profile, Report, Verdict
from service.reporting.timeline import shown_clock
from service.reporting.wording import (
    CLAIMS,
    OUTCOMES,
    PROFILES,
    VERDICTS,
    VOUCHES,
    WEIGHTS,
    beside,
    beside_in_words,
    in_words,
    kind_in_words,
    marks_in_sound,
    odds,
    threshold,
)

SEE_BELOW: Final = N_("See “What was not checked”.")
SEE_ABOVE: Final = N_("The reason is as above.")

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
    speaks: str  # for what: AI or a change, a camera, or neither


@dataclass(frozen=True, slots=True)
class TraceView:
    """Something in the metadata that does not fit, with the weight it has in words."""

    statement: str
    innocent: str
    weight: str


@dataclass(frozen=True, slots=True)
class FindingView:
    """One classifier: what it was asked, what it answered, how sure it is."""

    name: str  # for readers
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
class Gap:
    """What was not checked, under one sentence."""

    what: str
    statement: str


@dataclass(frozen=True, slots=True)
class ReportView:
    """What the template reads besides the report itself."""

    verdict: str
    icon: str
    short: summary.Summary
    kind: str
    size: str
    shape: str
    profile: str  # what was left out on request; nothing in the full profile
    evidence: tuple[EvidenceView, ...]
    conflicts: tuple[tuple[str, str], ...]  # (what against what, statement)
    maps: tuple[charts.HeatMap, ...]
    unmapped: str  # why there is no map where one could be expected
    time_line: timeline.TimeLine | None
    panel: credentials.Panel | None
    stated: side_by_side.Table | None
    marks: tuple[str, ...]  # what was heard of a mark in sound
    trust_lists: tuple[credentials.Fact, ...]
    gaps: tuple[Gap, ...]
    codes: tuple[tuple[str, str], ...]  # (what a code is of, the code)
    traces: tuple[TraceView, ...]
    matches: tuple[MatchView, ...]
    findings: tuple[FindingView, ...]
    leading: str  # which of several questions the report's ratio answers


def view(report: Report) -> ReportView:
    """Work out what the page shows of a report, which is one that was `translated`."""
    subject, missing = report.subject, gaps(report)
    return ReportView(
        verdict=VERDICTS[report.verdict],
        icon=ICONS[report.verdict],
        short=summary.summary(report, tuple(item.what for item in missing)),
        kind=kind_in_words(subject),
        size=bytes_in_words(subject.bytes),
        shape=_shape(report),
        profile="" if report.profile is Profile.FULL else PROFILES[report.profile],
        evidence=tuple(_evidence(item, report) for item in report.evidence),
        conflicts=conflicts(report),
        maps=charts.heat_maps(report.findings, beside(report)),
        unmapped=charts.unmapped(report.findings),
        time_line=timeline.time_line(report.findings, subject.seconds),
        panel=_panel(report),
        stated=side_by_side.side_by_side(report),
        marks=marks_in_sound(report),
        trust_lists=_trust_lists(report),
        gaps=missing,
        codes=tuple(_codes(report)),
        traces=_traces(report),
        matches=tuple(_match(item) for item in report.matches),
        findings=tuple(_findings(report)),
        leading=_leading(report),
    )


def bytes_in_words(count: int) -> str:
    """ "4.2 MB" for 4182733, in powers of ten as file managers show them."""
    size = float(count)
    if size < 1000:
        return _("{number} bytes", number=f"{size:.0f}")
    for unit in ("kB", "MB"):
        size /= 1000
        if size < 1000:
            return f"{number(size, 1)} {unit}"
    return f"{number(size / 1000, 1)} GB"


def _trust_lists(report: Report) -> tuple[credentials.Fact, ...]:
    """Name, digest, and its date and number of certificates, with any warning."""
    found = report.provenance.trust_lists if report.provenance is not None else ()
    return tuple(
        credentials.Fact(
            _("Trust list for {purpose}", purpose=VOUCHES[item.kind]),
            item.sha256,
            "; ".join(
                (
                    _("{name} of {day}", name=item.name, day=f"{item.added_at:%Y-%m-%d}")
                    if item.added_at
                    else item.name,
                    n_("{count} certificate", "{count} certificates", item.anchors),
                    *map(told, item.warnings),
                )
            ),
        )
        for item in found
    )


def conflicts(report: Report) -> tuple[tuple[str, str], ...]:
    """What stands against what, and in which way; each statement once with all its pairs."""
    kinds = {item.id: kind_of(item, report) for item in report.evidence}
    grouped: dict[str, list[str]] = {}
    for item in report.conflicts:
        first, second = (kinds.get(name, name) for name in item.between)
        pair = _("{first} against {second}", first=first, second=second)
        grouped.setdefault(item.statement, []).append(pair)
    return tuple(
        ("; ".join(dict.fromkeys(pairs)), statement) for statement, pairs in grouped.items()
    )


def gaps(report: Report) -> tuple[Gap, ...]:
    """What was not checked, every reason once with all that it holds for."""
    grouped: dict[str, list[str]] = {}
    for item in report.not_checked:
        name = called(item.what)
        names = grouped.setdefault(item.statement, [])
        if name not in names:
            names.append(name)
    return tuple(
        Gap(capital(", ".join(names)), as_sentence(statement))
        for statement, names in grouped.items()
    )


def _codes(report: Report) -> Iterator[tuple[str, str]]:
    for name in report.basis:
        yield _("Decided by"), name
    for item in report.not_checked:
        yield _("Not checked"), f"{item.what}: {item.reason}"
    for trace in report.provenance.traces if report.provenance is not None else ():
        yield _("Metadata"), trace.code


def _panel(report: Report) -> credentials.Panel | None:
    if report.provenance is None:
        return None
    told = any(item.id == CREDENTIALS for item in report.evidence)
    return credentials.panel(report.provenance, told=told)


def _shape(report: Report) -> str:
    subject = report.subject
    parts = []
    if subject.width and subject.height:
        parts.append(f"{subject.width} × {subject.height}")  # noqa: RUF001 (a real times sign)
    if subject.seconds:
        parts.append(shown_clock(subject.seconds))
    return ", ".join(parts)


def _evidence(item: Evidence, report: Report) -> EvidenceView:
    return EvidenceView(
        rank=item.rank,
        kind=kind_of(item, report),
        statement=item.statement,
        decided=item.id in report.basis,
        speaks=summary.SPEAKS[summary.side_of(item, report)],
    )


def _traces(report: Report) -> tuple[TraceView, ...]:
    found = report.provenance.traces if report.provenance is not None else ()
    return tuple(
        TraceView(item.statement, item.innocent, WEIGHTS[item.weight])
        for item in found
        if item.weight is Weight.NONE  # those with some stand among the evidence
    )


def _leading(report: Report) -> str:
    """Where several questions were answered: which one the ratio of the report is about."""
    if report.question is None or len(report.questions) < 2:
        return ""
    return _(
        "Each of these questions has a likelihood ratio of its own, and they are not mixed. Where a "
        "list shows one number for this file, it answers “{claim}”.",
        claim=CLAIMS[report.question],
    )


def _match(item: Match) -> MatchView:
    original = item.original
    found = original.provenance
    return MatchView(
        statement=match_in_words(item),
        sha256=original.sha256,
        added=day(original.added_at),
        panel=credentials.panel(found) if found is not None else None,
    )


def _findings(report: Report) -> Iterator[FindingView]:
    """Every classifier; a reason that is given elsewhere on the page is not repeated."""
    elsewhere = dict.fromkeys((item.statement for item in report.not_checked), _(SEE_BELOW))
    asked = beside(report)
    for item in report.findings:
        reason = elsewhere.get(item.explanation, item.explanation)
        yield _finding(item, reason, asked=item in asked)
        elsewhere.setdefault(item.explanation, _(SEE_ABOVE))


def _words(item: Finding, claim: str, *, asked: bool) -> str:
    """What a score says. One without a vote says nothing that reads like a finding, unless it was `asked`."""
    if asked:
        return beside_in_words(item)
    if item.lr is None or not item.votes:
        return _(
            "This classifier has no vote of its own. Nothing in this report rests on its score, "
            "which only the JSON report gives."
        )
    return f"{capital(in_words(item.lr.log10, claim))}."


def _finding(item: Finding, reason: str, *, asked: bool) -> FindingView:
    claim = CLAIMS[item.claim]
    return FindingView(
        name=called(item.detector),
        detector=item.detector,
        claim=claim,
        model=item.model,
        outcome=OUTCOMES[item.outcome],
        scored=item.lr is not None,
        words=reason if item.lr is None else _words(item, claim, asked=asked),
        odds=odds(item.lr, claim) if item.lr and item.votes else "",
        alarm=threshold(item) if item.lr and item.votes else "",
        interval=charts.interval(item.lr) if item.lr and item.votes else None,
        facts=tuple(
            (name, as_written(f"{value:g}")) for name, value in item.facts.items() if item.votes
        ),
    )
