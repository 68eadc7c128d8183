"""`assay show`: read a report back in, alone or from a line of an audit, and show it."""

import sys
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from service.analysis.pipeline import Analysis
from service.analysis.printed import Form, Printed, enclosed
from service.cli.audit.results_file import LINE_OPENING, Line
from service.cli.check import answers_of, write_html, write_pdf
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode, exit_code
from service.cli.inputs import STDIN
from service.cli.terminal import render
from service.errors import ReportInvalid
from service.language.languages import Language, speaking
from service.language.spoken import _
from service.rendering.imprint import Imprint, Paper
from service.reporting.attached import LARGEST_DOCUMENT
from service.reporting.report import Report, read


def run(
    named: str,
    *,
    line: int | None,
    html: Path | None,
    pdf: Path | None,
    paper: Paper,
    language: Language = Language.ENGLISH,
) -> ExitCode:
    """Show one report; the exit code is the one `assay check` gave for it."""
    with speaking(language):
        return _run(named, line, html, pdf, paper)


def _run(
    named: str, line: int | None, html: Path | None, pdf: Path | None, paper: Paper
) -> ExitCode:
    if [str(html), str(pdf)] == [STDIN, STDIN]:
        say(
            _("only one of {options} can have standard output [usage]", options="--html -, --pdf -")
        )
        return ExitCode.USAGE
    try:
        found = _document(named, line)
        report = read(found.report)
        if html is not None:
            write_html(Analysis(report, None), html, alone=True)
        if pdf is not None:
            imprint = Imprint(read_settings().organisation, paper)
            write_pdf(
                Analysis(report, None),
                found.report.decode(),
                pdf,
                alone=True,
                imprint=imprint,
                signature=found.signature,
            )
        if STDIN in map(str, (html, pdf)):
            return exit_code(answers_of(report), failures=False)
    except DELIBERATE as error:
        complain(named, error)
        return ExitCode.NOT_ANALYSED
    console().print(render(report))
    return exit_code(answers_of(report), failures=False)


def read_report(named: str, line: int | None) -> Report:
    """Read a report, or that in a line of an audit. Raises `ReportInvalid`, `OSError`."""
    return read(_document(named, line).report)


def _document(named: str, line: int | None) -> Printed:
    """A report's JSON, and its signature where it comes from a PDF that has one."""
    found = _read(named, line)
    if line is not None:
        return Printed(_body(found).encode(), None, Form.JSON)
    return enclosed(found)


def _read(named: str, line: int | None) -> bytes:
    if named == STDIN:
        return _take(sys.stdin.buffer, line)
    with Path(named).open("rb") as file:
        return _take(file, line)


def _take(file: BinaryIO, line: int | None) -> bytes:
    """The whole file, or the line of that number. Raises `ReportInvalid` when there is none."""
    if line is None:
        found = file.read(LARGEST_DOCUMENT + 1)
    else:
        found = next(islice(file, line - 1, line), b"")
        if not found:
            raise ReportInvalid(f"there is no line {line}")
    if line is None and found.startswith(LINE_OPENING):
        raise ReportInvalid("this is an audit; --line N says which of its lines")
    if len(found) > LARGEST_DOCUMENT:
        raise ReportInvalid(f"longer than {LARGEST_DOCUMENT} bytes")
    return found


def _body(text: bytes) -> str:
    """The report in a line of an audit. Raises `ReportInvalid` when it has none."""
    try:
        line = Line.decode(text)
    except (ValueError, KeyError, TypeError) as error:
        raise ReportInvalid("not a line of an audit") from error
    if line.body is None:
        if line.skipped is not None:
            raise ReportInvalid(f"{line.path} was skipped: {line.skipped}")
        raise ReportInvalid(f"{line.path} could not be analysed: {line.error}")
    return line.body
