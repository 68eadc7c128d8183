"""`assay check`: analyse a few inputs here and now and show what comes out."""

import sys
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import typer

from detectors.base import Kind
from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Listener, ignore
from service.arguments import upload_limits
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode, exit_code
from service.cli.inputs import Beside, opened
from service.reporting.report import Profile, Report


def run(
    inputs: tuple[str, ...],
    *,
    profile: Profile,
    as_json: bool,
    html: Path | None,
    beside: Beside,
) -> ExitCode:
    """Report on every input in turn; one that cannot be analysed does not stop the others."""
    settings = read_settings()
    reports: list[Report] = []
    if html is not None and len(inputs) > 1 and html.is_file():
        say(f"{html} is a file; {len(inputs)} reports need a folder [output_invalid]")
        return ExitCode.USAGE
    if (beside.manifest or beside.fragments) and len(inputs) > 1:
        say("a manifest or fragments belong to one input [usage]")
        return ExitCode.USAGE
    with open_pipeline(settings) as pipeline:
        for named in inputs:
            analysis = _analyse(pipeline, named, profile, upload_limits(settings), beside)
            if analysis is None:
                continue
            reports.append(analysis.report)
            _show(analysis.report, as_json=as_json, alone=len(inputs) == 1)
            if html is not None:
                write_html(analysis, html, alone=len(inputs) == 1)
    return exit_code((report.verdict for report in reports), failures=len(reports) < len(inputs))


def _analyse(
    pipeline: Pipeline, named: str, profile: Profile, limits: Mapping[Kind, int], beside: Beside
) -> Analysis | None:
    try:
        with opened(named, limits, beside) as source, _following(source.name) as listener:
            return pipeline.analyse(source, profile=profile, progress=listener)
    except DELIBERATE as error:
        complain(named, error)
        return None


def _following(name: str) -> AbstractContextManager[Listener]:
    if not sys.stderr.isatty():
        return nullcontext(ignore)
    from service.cli import terminal

    return terminal.following(name)


def _show(report: Report, *, as_json: bool, alone: bool) -> None:
    if as_json:
        typer.echo(report.model_dump_json(indent=2 if alone else None))
        return
    from service.cli import terminal  # rich, only when a person reads

    terminal.console().print(terminal.render(report))


def write_html(analysis: Analysis, out: Path, *, alone: bool) -> None:
    """Write one report: to `out` itself when it is alone and not a folder, else into the folder."""
    from service.rendering.render import render_report

    target = out
    if not alone or out.is_dir():
        out.mkdir(parents=True, exist_ok=True)
        subject = analysis.report.subject
        target = out / f"{subject.name}-{subject.sha256[:12]}.html"
    target.write_text(render_report(analysis.report, analysis.preview), encoding="utf-8")
    say(f"wrote {target}")
