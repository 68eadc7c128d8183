"""`assay compare`: two files, reports or scans of a server, and what is not the same in both."""

import json
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Final

import typer

from detectors.base import Kind
from detectors.errors import DetectorError
from service.analysis.looking.painter import Painter
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config, upload_limits
from service.cli.audit.server import ServerPipeline
from service.cli.complain import DELIBERATE, complain, say, sentence_of
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import STDIN, is_address, opened
from service.cli.show import read_report
from service.errors import NothingToShow, ReportInvalid
from service.language.languages import Language, speaking
from service.language.reading import told
from service.language.spoken import _, n_
from service.rendering.comparison import Group, compared
from service.reporting.report import Profile, Report
from service.reporting.translated import translated
from service.scans.unchanged import held_to

if TYPE_CHECKING:
    from rich.console import RenderableType

_BEGINNINGS: Final = (b"{", b"%PDF-", b"<")
"""How the documents begin that may hold a report."""

_ATTEMPTS: Final = 2
"""To reach a server: somebody waits for the answer."""


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its report and, where there is one, the file."""

    report: Report
    file: BinaryIO | None = None


@dataclass(frozen=True, slots=True)
class Pixels:
    """What laying the second picture over the first shows; or why that was not done."""

    sentences: tuple[str, ...] = ()
    not_compared: str = ""
    picture: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What to compare, and how to answer."""

    first: str
    second: str
    profile: Profile
    as_json: bool
    every: bool
    picture: Path | None
    language: Language
    server: str | None
    key: str | None


def run(asked: Asked) -> ExitCode:
    """`FOUND` if anything differs that was compared, `NOT_ANALYSED` if one of the two has no report."""
    if asked.first == asked.second == STDIN:
        say(_("standard input can be read once [usage]"))
        return ExitCode.USAGE
    with ExitStack() as stack:
        try:
            sides = _of_server(asked) if asked.server else _here(asked, stack)
            if sides is None:
                return ExitCode.NOT_ANALYSED
            pixels = _pixels(asked, *sides)
            if asked.picture is not None and pixels.picture:
                asked.picture.write_bytes(pixels.picture)
                say(_("wrote {path}", path=asked.picture))
        except DELIBERATE as error:
            complain(asked.server or str(asked.picture), error)
            return ExitCode.NOT_ANALYSED
    return _answer(asked, sides, pixels)


def _of_server(asked: Asked) -> tuple[Side, Side] | None:
    with closing(ServerPipeline.at(str(asked.server), asked.key, attempts=_ATTEMPTS)) as server:
        sides = []
        for named in (asked.first, asked.second):
            try:
                sides.append(Side(server.report(named)))
            except DELIBERATE as error:
                complain(named, error)
                return None
    return sides[0], sides[1]


def _here(asked: Asked, stack: ExitStack) -> tuple[Side, Side] | None:
    settings = read_settings()
    pipeline: Pipeline | None = None
    sides = []
    for named in (asked.first, asked.second):
        try:
            report = _stored(named)
            if report is not None:
                sides.append(Side(report))
                continue
            pipeline = pipeline or stack.enter_context(open_pipeline(settings))
            source = stack.enter_context(opened(named, upload_limits(settings)))
            with held_to(source):
                analysis = pipeline.analyse(source, profile=asked.profile)
            sides.append(Side(analysis.report, source.file))
        except DELIBERATE as error:
            complain(named, error)
            return None
    return sides[0], sides[1]


def _stored(named: str) -> Report | None:
    """The report that a file holds, as JSON, in a PDF or in a page; None for a file that is to be analysed.

    Raises `ReportInvalid`, `OSError`.
    """
    if named == STDIN or is_address(named) or not Path(named).is_file():
        return None
    with Path(named).open("rb") as file:
        beginning = file.read(64).lstrip()
    if not beginning.startswith(_BEGINNINGS):
        return None
    try:
        return read_report(named, None)
    except ReportInvalid:
        if beginning.startswith(b"{"):
            raise
        return None  # a PDF like any other, or a drawing


def _pixels(asked: Asked, first: Side, second: Side) -> Pixels:
    if any(side.report.subject.kind is not Kind.IMAGE for side in (first, second)):
        return Pixels(not_compared=_("Pixels are compared of two pictures only."))
    if asked.server is not None:
        where = f"{asked.server.rstrip('/')}/compare?a={asked.first}&b={asked.second}"
        return Pixels(
            not_compared=_("The pixels are compared on the server's page: {where}", where=where)
        )
    if first.file is None or second.file is None:
        return Pixels(
            not_compared=_("The pixels were not compared: a report does not hold the picture.")
        )
    config = pipeline_config(read_settings())
    with closing(Painter(config.confinement, config.limits)) as painter:
        try:
            drawn = painter.differences(first.file, second.file)
        except (DetectorError, NothingToShow) as error:
            reason = told(sentence_of(error))
            return Pixels(
                not_compared=_("The two cannot be laid over one another: {reason}", reason=reason)
            )
    return Pixels(sentences=drawn.sentences, picture=drawn.picture)


def _answer(asked: Asked, sides: tuple[Side, Side], pixels: Pixels) -> ExitCode:
    first, second = (side.report for side in sides)
    with speaking(Language.ENGLISH if asked.as_json else asked.language):
        groups = compared(translated(first), translated(second))
        if asked.as_json:
            typer.echo(json.dumps(_document(first, second, groups, pixels), indent=2))
        else:
            from service.cli.colours import console  # rich, only when a person reads

            console().print(_shown(first, second, groups, pixels, every=asked.every))
    differs = any(line.differs for group in groups for line in group.lines)
    return ExitCode.FOUND if differs else ExitCode.NOTHING_FOUND


def _document(
    first: Report, second: Report, groups: tuple[Group, ...], pixels: Pixels
) -> dict[str, object]:
    return {
        "first": {"name": first.subject.name, "sha256": first.subject.sha256},
        "second": {"name": second.subject.name, "sha256": second.subject.sha256},
        "differs": any(line.differs for group in groups for line in group.lines),
        "lines": [
            {
                "group": group.code,
                "what": line.label,
                "first": line.first,
                "second": line.second,
                "differs": line.differs,
            }
            for group in groups
            for line in group.lines
        ],
        "pixels": {
            "compared": not pixels.not_compared,
            "sentences": list(pixels.sentences) or [pixels.not_compared],
        },
    }


def _shown(
    first: Report, second: Report, groups: tuple[Group, ...], pixels: Pixels, *, every: bool
) -> "RenderableType":
    from rich.console import Group as Parts
    from rich.table import Table
    from rich.text import Text

    parts: list[RenderableType] = []
    same = 0
    for group in groups:
        lines = [line for line in group.lines if line.differs or every]
        same += len(group.lines) - sum(line.differs for line in group.lines)
        if not lines:
            continue
        table = Table(title=Text(group.title, style="bold"), title_justify="left", expand=True)
        for heading in (_("What"), first.subject.name, second.subject.name):
            table.add_column(Text(heading), ratio=1, overflow="fold")
        for line in lines:
            style = "bold" if line.differs and every else ""
            table.add_row(*(Text(text, style) for text in (line.label, line.first, line.second)))
        parts.append(table)
    if not every:
        parts.append(
            Text(
                n_(
                    "{count} thing is the same in both.",
                    "{count} things are the same in both.",
                    same,
                )
            )
        )
    parts += [Text(told(text)) for text in pixels.sentences or (pixels.not_compared,)]
    return Parts(*parts)
