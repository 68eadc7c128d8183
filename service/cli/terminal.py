"""A report as a person reads it in a terminal. Text from files is never taken for markup."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.panel import Panel
from rich.segment import Segment as Piece
from rich.table import Table
from rich.text import Text

from provenance.declared import Weight
from service.analysis.progress import STAGES, Listener
from service.cli import timeline
from service.cli.colours import COLOURS, console, verdict_text
from service.cli.credentials_tree import credentials
from service.language.figures import number, unbroken
from service.language.spoken import _
from service.rendering.view import conflicts, gaps
from service.rendering.words import WORDS
from service.reporting.decision import PolicyAction
from service.reporting.evidence import kind_of
from service.reporting.names import called
from service.reporting.report import Report, Signal
from service.reporting.translated import translated
from service.reporting.wording import (
    ACTIONS,
    beside,
    beside_in_words,
    kind_in_words,
    marks_in_sound,
)

_ACTION_COLOURS: Final = {
    PolicyAction.ALLOW: "cyan",
    PolicyAction.REVIEW: "yellow",
    PolicyAction.BLOCK: "red",
}
_HELD: Final = "\ue000"
"""Holds a place for a space at which no line may end: rich breaks lines at every other kind of space."""

_ALARMING: Final = frozenset({Signal.BROKEN, Signal.SYNTHETIC, Signal.MANIPULATED})


@contextmanager
def following(name: str) -> Iterator[Listener]:
    """Show on a terminal how far the analysis of one input is."""
    with console(stderr=True).status(Text(name)) as status:
        yield lambda progress: status.update(
            Text(f"{name}: {STAGES[progress.stage]} {progress.note}")
        )


def render(report: Report) -> RenderableType:
    """The whole report in reading order: verdict, basis, evidence, conflicts, what is missing."""
    report = translated(report)
    parts = [
        _headline(report),
        *_decision(report),
        *_evidence(report),
        *_credentials(report),
        *_time_line(report),
        *_conflicts(report),
        *_traces(report),
        *_beside(report),
        *_not_checked(report),
        *_handling(report),
        *_notes(report),
        Text(
            f"sha256 {report.subject.sha256}  {number(report.seconds, 2)}{_HELD}s",
            style="bright_black",
        ),
    ]
    colour = COLOURS[report.verdict]
    title = Text(f" {report.subject.name} ", style="bold")
    return _Printable(
        Panel(Group(*parts), title=title, title_align="left", border_style=colour, padding=(0, 1))
    )


def strongest(report: Report) -> str:
    """One line on what weighs most: what decided, else the first evidence, else nothing."""
    decided = [item for item in report.evidence if item.id in report.basis]
    best = (decided or list(report.evidence))[:1]
    return best[0].statement if best else ""


class _Printable:
    """What it holds, without control and direction characters: a report may come from a stranger."""

    def __init__(self, inner: RenderableType) -> None:
        self._inner = inner

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for piece in console.render(self._inner, options):
            text = "".join(
                c if c.isprintable() or c == "\n" else "�" for c in piece.text.replace(_HELD, " ")
            )
            yield Piece(text, piece.style)


def _headline(report: Report) -> RenderableType:
    subject = report.subject
    facts = [
        kind_in_words(subject),
        subject.media_type,
        _("{number} bytes", number=f"{subject.bytes:,}"),
    ]
    if subject.width and subject.height:
        facts.append(f"{subject.width} x {subject.height}")
    if subject.seconds is not None:
        facts.append(f"{number(subject.seconds, 1)}{_HELD}s")
    line = verdict_text(report.verdict)
    line.append(f"  {_held(report.headline)}", style="not bold default")
    return Group(Text(", ".join(facts), style="bright_black"), line)


def _decision(report: Report) -> Iterator[RenderableType]:
    found = report.decision
    if found is None:
        return
    action = Text(f"\n{ACTIONS[found.action]}", style=f"bold {_ACTION_COLOURS[found.action]}")
    yield action.append(
        " "
        + _("by policy {policy}, version {version}", policy=found.policy, version=found.version),
        "not bold default",
    )
    for sentence in found.because:
        yield Text(f"  {sentence}")


def _evidence(report: Report) -> Iterator[RenderableType]:
    if not report.evidence:
        return
    table = Table(box=None, show_header=False, padding=(0, 1, 0, 0))
    table.add_column(ratio=1, max_width=26)
    table.add_column(ratio=3)
    for item in report.evidence:
        style = "red" if item.signal in _ALARMING else ""
        decided = "bold" if item.id in report.basis else ""
        name = Text(kind_of(item, report), style=decided)
        if decided:
            name.append(f"\n{WORDS['decided']}", style="not bold bright_black")
        table.add_row(name, Text(_held(item.statement), style=style))
    yield _section(_("Evidence, strongest first"))
    yield table


def _credentials(report: Report) -> Iterator[RenderableType]:
    found = report.provenance
    if found is None or not (found.presence.is_read or found.remote_url):
        return
    yield _section(WORDS["credentials"])
    yield from credentials(found)


def _time_line(report: Report) -> Iterator[RenderableType]:
    found = list(timeline.lines(report))
    if found:
        yield _section(_("Over time"))
        yield from found


def _conflicts(report: Report) -> Iterator[RenderableType]:
    if report.conflicts:
        yield _section(WORDS["conflicts"])
    for between, statement in conflicts(report):
        yield Text(f"  {between}: {_held(statement)}", style="yellow")


def _traces(report: Report) -> Iterator[RenderableType]:
    """Traces without weight; those with some stand among the evidence."""
    found = report.provenance.traces if report.provenance is not None else ()
    shown = [item for item in found if item.weight is Weight.NONE]
    for mark in marks_in_sound(report):
        yield _section(_("Watermark in the sound"))
        yield Text(f"  {mark}")
    if shown:
        yield _section(_("What the metadata shows"))
    for item in shown:
        cause = _("Common cause: {cause}.", cause=item.innocent)
        yield Text(f"  {item.statement} {cause}")


def _beside(report: Report) -> Iterator[RenderableType]:
    """What was asked for by name and has no vote; where it has no answer, that is why."""
    found = beside(report)
    if found:
        yield _section(_("Asked for, without a vote"))
    for item in found:
        yield Text(f"  {called(item.detector)}: {_held(beside_in_words(item))}")


def _not_checked(report: Report) -> Iterator[RenderableType]:
    if report.not_checked:
        yield _section(_("Not checked"))
    for item in gaps(report):
        yield Text(f"  {item.what}: {_held(item.statement)}")


def _handling(report: Report) -> Iterator[RenderableType]:
    if report.subject.handling:
        yield _section(_("What seems to have happened to the picture"))
    for sentence in report.subject.handling:
        yield Text(f"  {sentence}")


def _notes(report: Report) -> Iterator[RenderableType]:
    for note in report.subject.notes:
        yield Text(_held(_("Note: {sentence}", sentence=note)), style="bright_black")


def _held(sentence: str) -> str:
    return unbroken(sentence, _HELD)


def _section(title: str) -> Text:
    return Text(f"\n{title}", style="bold")
