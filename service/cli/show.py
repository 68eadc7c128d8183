"""`assay show`: read a report back in, alone or from a line of an audit, and show it."""

import sys
from itertools import islice
from pathlib import Path
from typing import BinaryIO, Final

from service.analysis.pipeline import Analysis
from service.cli.audit.results_file import Line
from service.cli.check import answers_of, write_html
from service.cli.complain import DELIBERATE, complain
from service.cli.exit_codes import ExitCode, exit_code
from service.cli.inputs import STDIN
from service.cli.terminal import console, render
from service.errors import ReportInvalid
from service.reporting.report import Report, read

MAX_BYTES: Final = 64 * 1024**2
"""Longest report, or line of an audit, that is read."""


def run(named: str, *, line: int | None, html: Path | None) -> ExitCode:
    """Show one report; the exit code is the one `assay check` gave for it."""
    try:
        report = read_report(named, line)
        if html is not None:
            write_html(Analysis(report, None), html, alone=True)
            if str(html) == STDIN:
                return exit_code(answers_of(report), failures=False)
    except DELIBERATE as error:
        complain(named, error)
        return ExitCode.NOT_ANALYSED
    console().print(render(report))
    return exit_code(answers_of(report), failures=False)


def read_report(named: str, line: int | None) -> Report:
    """Read a report, or that in a line of an audit. Raises `ReportInvalid`, `OSError`."""
    text = _read(named, line)
    return read(text if line is None else _body(text))


def _read(named: str, line: int | None) -> bytes:
    if named == STDIN:
        return _take(sys.stdin.buffer, line)
    with Path(named).open("rb") as file:
        return _take(file, line)


def _take(file: BinaryIO, line: int | None) -> bytes:
    """The whole file, or the line of that number. Raises `ReportInvalid` when there is none."""
    if line is None:
        found = file.read(MAX_BYTES + 1)
    else:
        found = next(islice(file, line - 1, line), b"")
        if not found:
            raise ReportInvalid(f"there is no line {line}")
    if len(found) > MAX_BYTES:
        raise ReportInvalid(f"longer than {MAX_BYTES} bytes")
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
