"""Two reports side by side: file, verdict, credentials, metadata and scores, and where they differ."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from detectors.result import Claim
from provenance.stated import signed_in
from service.language.spoken import N_, _, capital
from service.rendering.side_by_side import PLACES, TOPICS, in_words
from service.rendering.view import bytes_in_words, view
from service.reporting.credential_words import INTEGRITIES, PRESENCES
from service.reporting.report import Report
from service.reporting.wording import CLAIMS, SAYS, VERDICTS, likelier, strength

NOTHING: Final = N_("none")


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

    code: str  # stable, for programs
    title: str
    lines: tuple[Line, ...]


def compared(first: Report, second: Report) -> tuple[Group, ...]:
    """Every group, what differs and what does not."""
    groups = (
        ("file", N_("File"), _file),
        ("report", N_("What the reports say"), _verdict),
        ("credentials", N_("Content Credentials"), _credentials),
        ("metadata", N_("Metadata"), _metadata),
        ("classifiers", N_("Classifiers"), _scores),
    )
    return tuple(
        Group(code, _(title), _lines(dict(of(first)), dict(of(second))))
        for code, title, of in groups
    )


def _lines(first: dict[str, str], second: dict[str, str]) -> tuple[Line, ...]:
    labels = dict.fromkeys((*first, *second))
    return tuple(
        Line(label, first.get(label, _(NOTHING)), second.get(label, _(NOTHING))) for label in labels
    )


def _file(report: Report) -> Iterator[tuple[str, str]]:
    subject, shown = report.subject, view(report)
    yield _("Kind"), shown.kind
    yield _("Size"), bytes_in_words(subject.bytes)
    yield _("Shape"), shown.shape or _(NOTHING)
    yield _("Type by content"), subject.media_type
    yield "SHA-256", subject.sha256
    if subject.handling:
        yield _("What seems to have happened to it"), " ".join(subject.handling)


def _verdict(report: Report) -> Iterator[tuple[str, str]]:
    yield _("Verdict"), VERDICTS[report.verdict]
    yield _("In a sentence"), report.headline
    if report.conflicts:
        yield _("Conflicts"), " ".join(dict.fromkeys(item.statement for item in report.conflicts))


def _credentials(report: Report) -> Iterator[tuple[str, str]]:
    found = report.provenance
    if found is None:
        yield _("Credentials"), _("not read")
        return
    yield _("Credentials"), PRESENCES[found.presence]
    if found.integrity is not None:
        yield _("Integrity"), INTEGRITIES[found.integrity][0]
    panel = view(report).panel
    for fact in panel.facts if panel is not None else ():
        yield fact.label, f"{fact.value}, {fact.note}" if fact.note else fact.value


def _metadata(report: Report) -> Iterator[tuple[str, str]]:
    found = report.provenance
    if found is None:
        yield _("Metadata"), _("not read")
        return
    markers: dict[str, list[str]] = {}
    for marker in found.markers:
        told = f"{SAYS[marker.says]}: {marker.excerpt}"
        markers.setdefault(_("Declared in {where}", where=marker.where), []).append(told)
    for label, statements in markers.items():
        yield label, "; ".join(dict.fromkeys(statements))
    said: dict[str, list[str]] = {}
    for stated in (*found.stated, *signed_in(found)):
        label = _("{fact} by {where}", fact=TOPICS[stated.topic], where=PLACES[stated.by])
        said.setdefault(label, []).append(in_words(stated))
    for label, statements in said.items():
        yield label, "; ".join(dict.fromkeys(statements))
    for number, trace in enumerate(found.traces, 1):
        yield _("Does not fit ({number})", number=number), trace.statement


def _scores(report: Report) -> Iterator[tuple[str, str]]:
    answered = {item.claim: item for item in report.questions}
    for claim in Claim:
        if claim in answered:
            ratio = answered[claim].lr.log10
            words = _(
                "{strength}: a score like this is {likely}",
                strength=strength(ratio),
                likely=likelier(ratio, CLAIMS[claim]),
            )
            yield _("Is it {claim}?", claim=CLAIMS[claim]), capital(words)
