"""Two reports side by side: file, verdict, credentials, metadata and scores, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass

from detectors.result import Claim
from service.rendering.view import bytes_in_words, view
from service.reporting.report import Report
from service.reporting.wording import (
    CLAIMS,
    INTEGRITIES,
    PRESENCES,
    SAYS,
    VERDICTS,
    likelier,
    strength,
)

NOTHING = "none"


@dataclass(frozen=True, slots=True)
class Line:
    """What both reports say to one thing."""

    label: str
    first: str
    second: str

    @property
    def differs(self) -> bool:
        """Whether they say something else."""
        return self.first != self.second


@dataclass(frozen=True, slots=True)
class Group:
    """Lines of one subject."""

    title: str
    lines: tuple[Line, ...]


def compared(first: Report, second: Report) -> tuple[Group, ...]:
    """Every group, what differs and what does not."""
    groups = (
        ("File", _file),
        ("What the reports say", _verdict),
        ("Content Credentials", _credentials),
        ("Metadata", _metadata),
        ("Classifiers", _scores),
    )
    return tuple(Group(title, _lines(dict(of(first)), dict(of(second)))) for title, of in groups)


def _lines(first: dict[str, str], second: dict[str, str]) -> tuple[Line, ...]:
    labels = dict.fromkeys((*first, *second))
    return tuple(
        Line(label, first.get(label, NOTHING), second.get(label, NOTHING)) for label in labels
    )


def _file(report: Report) -> Iterator[tuple[str, str]]:
    subject, shown = report.subject, view(report)
    yield "Kind", shown.kind
    yield "Size", bytes_in_words(subject.bytes)
    yield "Shape", shown.shape or NOTHING
    yield "Type by content", subject.media_type
    yield "SHA-256", subject.sha256
    if subject.handling:
        yield "What seems to have happened to it", " ".join(subject.handling)


def _verdict(report: Report) -> Iterator[tuple[str, str]]:
    yield "Verdict", VERDICTS[report.verdict]
    yield "In a sentence", report.headline
    if report.conflicts:
        yield "Conflicts", " ".join(dict.fromkeys(item.statement for item in report.conflicts))


def _credentials(report: Report) -> Iterator[tuple[str, str]]:
    found = report.provenance
    if found is None:
        yield "Credentials", "not read"
        return
    yield "Credentials", PRESENCES[found.presence]
    if found.integrity is not None:
        yield "Integrity", INTEGRITIES[found.integrity][0]
    panel = view(report).panel
    for fact in panel.facts if panel is not None else ():
        yield fact.label, f"{fact.value}, {fact.note}" if fact.note else fact.value


def _metadata(report: Report) -> Iterator[tuple[str, str]]:
    found = report.provenance
    if found is None:
        yield "Metadata", "not read"
        return
    markers: dict[str, list[str]] = {}
    for marker in found.markers:
        told = f"{SAYS[marker.says]}: {marker.excerpt}"
        markers.setdefault(f"Declared in {marker.where}", []).append(told)
    for label, statements in markers.items():
        yield label, "; ".join(dict.fromkeys(statements))
    for number, trace in enumerate(found.traces, 1):
        yield f"Does not fit ({number})", trace.statement


def _scores(report: Report) -> Iterator[tuple[str, str]]:
    answered = {item.claim: item for item in report.questions}
    for claim in Claim:
        if claim in answered:
            ratio = answered[claim].lr.log10
            words = f"{strength(ratio)}: a score like this is {likelier(ratio, CLAIMS[claim])}"
            yield f"Is it {CLAIMS[claim]}?", words[:1].upper() + words[1:]
