"""`assay recheck`: make a report again under its own pins, and say what is no longer the same."""

from dataclasses import replace
from pathlib import Path
from typing import Final

from service.analysis.config import PipelineConfig
from service.analysis.credentials import Past
from service.analysis.pipeline import Pipeline
from service.analysis.source import Source
from service.arguments import pipeline_config, trust_store, upload_limits
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import Beside, opened
from service.cli.show import read_report
from service.errors import SubjectDiffers
from service.language.spoken import _, n_
from service.reporting.pins import settings_of
from service.reporting.recheck import Change, Comparison, compare
from service.reporting.report import Report
from service.settings import Settings

SHOWN: Final = 40
"""Differences that are printed; the number of all is."""


def run(named: str, file: Path, *, line: int | None, beside: Beside) -> ExitCode:
    """Exit with 0 when the findings are the same, with 1 when they are not."""
    settings = read_settings()
    try:
        first = read_report(named, line)
    except DELIBERATE as error:
        complain(named, error)
        return ExitCode.NOT_ANALYSED
    try:
        with opened(str(file), upload_limits(settings), beside) as source:
            second, gone = _again(settings, first, source)
    except DELIBERATE as error:
        complain(str(file), error)
        return ExitCode.NOT_ANALYSED
    found = compare(first, second)
    for name in gone:
        say(_("{name}: not kept here in the version that the report names", name=name))
    _show(found, first)
    return ExitCode.NOTHING_FOUND if found.same else ExitCode.FOUND


def _again(settings: Settings, first: Report, source: Source) -> tuple[Report, tuple[str, ...]]:
    """Analyse as then: at that moment, under those lists and settings, as far as they are here.

    Raises `SubjectDiffers`, and what a damaged trust store raises.
    """
    if source.sha256 != first.subject.sha256:
        raise SubjectDiffers(
            f"the report is about another file: its SHA-256 is {first.subject.sha256}"
        )
    past: Past | None = None
    gone: tuple[str, ...] = ()
    if first.provenance is not None:
        snapshot, missing = trust_store(settings).pinned(first.provenance.trust_lists)
        past = Past(at=first.provenance.validated_at, snapshot=snapshot)
        gone = tuple(_("trust list {name}", name=f"{item.kind}/{item.name}") for item in missing)
    config = pinned(pipeline_config(settings), first.engine.settings)
    with Pipeline(replace(config, children=1)) as pipeline:
        again = pipeline.analyse(
            replace(source, name=first.subject.name), profile=first.profile, past=past
        )
    return again.report, gone


def pinned(config: PipelineConfig, asked: dict[str, float]) -> PipelineConfig:
    """The limits of the report, which a stranger may have written: never above the operator's."""
    known = {
        name: min(asked[name], own)
        for name, own in settings_of(config.limits, config.video_frames).items()
        if name in asked and asked[name] > 0
    }
    frames = int(known.pop("video_frames", config.video_frames))
    limits = replace(
        config.limits, **{name: type(getattr(config.limits, name))(v) for name, v in known.items()}
    )
    return replace(config, limits=limits, video_frames=max(1, frames))


def _show(found: Comparison, first: Report) -> None:
    out = console()
    for change in found.pins:
        out.print(_("made under other conditions: {change}", change=_told(change)))
    for change in found.findings[:SHOWN]:
        out.print(_("differs: {change}", change=_told(change)))
    if len(found.findings) > SHOWN:
        out.print(_("and {more} more", more=len(found.findings) - SHOWN))
    when = f"{first.analysed_at:%F %T %Z}"
    count = len(found.findings)
    if found.same:
        out.print(_("The findings are the same as on {when}.", when=when))
    else:
        out.print(
            n_(
                "The findings are not the same as on {when}: {count} value differs.",
                "The findings are not the same as on {when}: {count} values differ.",
                count,
                when=when,
            )
        )


def _told(change: Change) -> str:
    before, after = _short(change.before), _short(change.after)
    return _("{where}: {before} then, {now} now", where=change.where, before=before, now=after)


def _short(value: object) -> str:
    if isinstance(value, dict):  # an entry of a list: what it came to, what it says, what it is of
        original = value.get("original", {})
        name = original.get("name") or original.get("sha256")
        value = value.get("outcome") or value.get("statement") or name or value
    text = _("nothing") if value is None else str(value)
    return text if len(text) <= 80 else f"{text[:79]}…"
