"""`assay check`: analyse a few inputs here and now and show what comes out."""

import json
import sys
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import typer

from service.analysis.pipeline import Analysis, Pipeline
from service.analysis.progress import Listener, ignore
from service.analysis.source import Source
from service.arguments import pipeline_config, upload_limits
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import FOUND_BY_DEFAULT, ExitCode, exit_code
from service.cli.inputs import STDIN, Beside, opened
from service.language.languages import Language, speaking
from service.language.spoken import _
from service.policies.decide import decided
from service.policies.document import Policy
from service.policies.library import named as policy_named
from service.rendering.imprint import Imprint, Paper
from service.rendering.recorded import thumbnails_in
from service.reporting.report import Profile, Report
from service.scans.intake import MAX_FRAGMENTS
from service.scans.unchanged import held_to
from service.settings import Settings


def run(
    inputs: tuple[str, ...],
    *,
    profile: Profile,
    as_json: bool,
    html: Path | None,
    pdf: Path | None = None,
    paper: Paper = Paper.A4,
    language: Language = Language.ENGLISH,
    crjson: Path | None = None,
    beside: Beside,
    fail_on: frozenset[str] = FOUND_BY_DEFAULT,
    policy: str | None = None,
) -> ExitCode:
    """Report on every input in turn; one that cannot be analysed does not stop the others.

    An input without credentials where crJSON was asked for counts as one that failed.
    """
    refusal = _refusal(inputs, as_json=as_json, written=(html, pdf, crjson), beside=beside)
    if refusal is not None:
        say(refusal)
        return ExitCode.USAGE
    try:
        by = policy_named(policy) if policy is not None else None
    except DELIBERATE as error:
        complain(str(policy), error)
        return ExitCode.USAGE
    settings = read_settings()
    answers: list[str] = []
    alone, failures = len(inputs) == 1, 0
    shown = STDIN not in map(str, (html, pdf))
    with open_pipeline(settings) as pipeline:
        for named in inputs:
            try:
                with opened(named, upload_limits(settings), beside) as source:
                    with held_to(source):
                        analysis = _analyse(pipeline, source, profile, by)
                        if html is not None or pdf is not None:
                            analysis = _painted(settings, source, analysis)
                    answers += answers_of(analysis.report)
                    with speaking(language):
                        if shown:
                            _show(analysis.report, as_json=as_json, alone=alone)
                        if html is not None:
                            write_html(analysis, html, alone=alone)
                        if pdf is not None:
                            text = analysis.report.model_dump_json()
                            imprint = Imprint(settings.organisation, paper)
                            write_pdf(analysis, text, pdf, alone=alone, imprint=imprint)
                    if crjson is not None:
                        with held_to(source):
                            document = pipeline.crjson(source)
                        write_crjson(document, source, crjson, alone=alone)
            except DELIBERATE as error:
                complain(named, error)
                failures += 1
    return exit_code(answers, failures=failures > 0, fail_on=fail_on)


def _refusal(
    inputs: tuple[str, ...],
    *,
    as_json: bool,
    written: tuple[Path | None, ...],
    beside: Beside,
) -> str | None:
    """Why these options make no sense together."""
    outs = [out for out in written if out is not None]
    printed = sum(str(out) == STDIN for out in outs)
    if printed and printed + as_json > 1:
        return _(
            "only one of {options} can have standard output [usage]",
            options="--json, --html -, --pdf -, --crjson -",
        )
    if printed and len(inputs) > 1:
        return _(
            "{count} reports need a folder, not standard output [output_invalid]",
            count=len(inputs),
        )
    for out in outs:
        if len(inputs) > 1 and out.is_file():
            return _(
                "{path} is a file; {count} reports need a folder [output_invalid]",
                path=out,
                count=len(inputs),
            )
    if (beside.manifest or beside.fragments) and len(inputs) > 1:
        return _("a manifest or fragments belong to one input [usage]")
    if len(beside.fragments) > MAX_FRAGMENTS:
        return _("a video has at most {most} fragments [usage]", most=MAX_FRAGMENTS)
    if inputs.count(STDIN) > 1:
        return _("standard input can be read once [usage]")
    return None


def answers_of(report: Report) -> tuple[str, ...]:
    """What an exit code may rest on: the verdict and, where a policy decided, its action."""
    decision = report.decision
    return (report.verdict,) if decision is None else (report.verdict, decision.action)


def _analyse(
    pipeline: Pipeline, source: Source, profile: Profile, policy: Policy | None
) -> Analysis:
    with _following(source.name) as listener:
        analysis = pipeline.analyse(source, profile=profile, progress=listener)
    return replace(analysis, report=decided(analysis.report, policy))


def _painted(settings: Settings, source: Source, analysis: Analysis) -> Analysis:
    """With the thumbnails in its credentials, for a document."""
    found = analysis.report.provenance
    names = thumbnails_in(found) if found is not None else ()
    if not names:
        return analysis
    from service.analysis.looking.painter import Painter  # numpy and OpenCV come with it

    config = pipeline_config(settings)
    with closing(Painter(config.confinement, config.limits)) as painter:
        drawn = painter.thumbnails(names, source.file, analysis.store)
    return replace(analysis, recorded=drawn)


def _following(name: str) -> AbstractContextManager[Listener]:
    if not sys.stderr.isatty():
        return nullcontext(ignore)
    from service.cli import terminal

    return terminal.following(name)


def _show(report: Report, *, as_json: bool, alone: bool) -> None:
    if as_json:
        typer.echo(report.model_dump_json(indent=2 if alone else None))
        return
    from service.cli import colours, terminal  # rich, only when a person reads

    colours.console().print(terminal.render(report))


def write_html(analysis: Analysis, out: Path, *, alone: bool) -> None:
    """Write one report: to `out` itself when it is alone and not a folder, else into the folder."""
    from service.rendering.render import render_report

    subject = analysis.report.subject
    name = f"{subject.name}-{subject.sha256[:12]}.html"
    made = render_report(analysis.report, analysis.preview, _small(analysis))
    _write(made, out, name, alone=alone)


def write_pdf(
    analysis: Analysis,
    text: str,
    out: Path,
    *,
    alone: bool,
    imprint: Imprint,
    signature: str | None = None,
) -> None:
    """Write one document, to a place chosen as that of the HTML; `text` is the report's JSON."""
    from service.rendering.document import render_document

    subject = analysis.report.subject
    made = render_document(
        analysis.report,
        analysis.preview,
        text=text,
        signature=signature,
        imprint=imprint,
        thumbnails=_small(analysis),
    )
    _write(made, out, f"{subject.name}-{subject.sha256[:12]}.pdf", alone=alone)


def _small(analysis: Analysis) -> dict[str, bytes]:
    return {name: drawn.picture for name, drawn in analysis.recorded.items()}


def write_crjson(document: dict[str, Any], source: Source, out: Path, *, alone: bool) -> None:
    """Write the credentials of one input, to a place chosen as that of its report."""
    name = f"{source.name}-{source.sha256[:12]}.crjson"
    _write(json.dumps(document, indent=1) + "\n", out, name, alone=alone)


def _write(made: str | bytes, out: Path, name: str, *, alone: bool) -> None:
    if str(out) == STDIN:
        typer.echo(made, nl=isinstance(made, str))
        return
    target = out
    if not alone or out.is_dir():
        out.mkdir(parents=True, exist_ok=True)
        target = out / name
    target.write_bytes(made if isinstance(made, bytes) else made.encode())
    say(_("wrote {path}", path=target))
