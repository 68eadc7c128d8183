"""`assay check`: analyse a few inputs here and now and show what comes out."""

import json
import sys
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import typer

from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Listener, ignore
from service.analysis.source import Source
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
    crjson: Path | None = None,
    beside: Beside,
) -> ExitCode:
    """Report on every input in turn; one that cannot be analysed does not stop the others.

    An input without credentials where crJSON was asked for counts as one that failed.
    """
    settings = read_settings()
    reports: list[Report] = []
    for out in (html, crjson):
        if out is not None and len(inputs) > 1 and out.is_file():
            say(f"{out} is a file; {len(inputs)} reports need a folder [output_invalid]")
            return ExitCode.USAGE
    if (beside.manifest or beside.fragments) and len(inputs) > 1:
        say("a manifest or fragments belong to one input [usage]")
        return ExitCode.USAGE
    alone, failures = len(inputs) == 1, 0
    with open_pipeline(settings) as pipeline:
        for named in inputs:
            try:
                with opened(named, upload_limits(settings), beside) as source:
                    analysis = _analyse(pipeline, source, profile)
                    reports.append(analysis.report)
                    _show(analysis.report, as_json=as_json, alone=alone)
                    if html is not None:
                        write_html(analysis, html, alone=alone)
                    if crjson is not None:
                        write_crjson(pipeline.crjson(source), source, crjson, alone=alone)
            except DELIBERATE as error:
                complain(named, error)
                failures += 1
    return exit_code((report.verdict for report in reports), failures=failures > 0)


def _analyse(pipeline: Pipeline, source: Source, profile: Profile) -> Analysis:
    with _following(source.name) as listener:
        return pipeline.analyse(source, profile=profile, progress=listener)


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

    subject = analysis.report.subject
    target = _target(out, subject.name, subject.sha256, "html", alone=alone)
    target.write_text(render_report(analysis.report, analysis.preview), encoding="utf-8")
    say(f"wrote {target}")


def write_crjson(document: dict[str, Any], source: Source, out: Path, *, alone: bool) -> None:
    """Write the credentials of one input, to a place chosen as that of its report."""
    target = _target(out, source.name, source.sha256, "crjson", alone=alone)
    target.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    say(f"wrote {target}")


def _target(out: Path, name: str, sha256: str, suffix: str, *, alone: bool) -> Path:
    if alone and not out.is_dir():
        return out
    out.mkdir(parents=True, exist_ok=True)
    return out / f"{name}-{sha256[:12]}.{suffix}"
