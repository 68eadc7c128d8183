"""`assay bench --verdict`: measure whole reports on labelled media, as they are and delivered anew."""

import io
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import BinaryIO

import av
from rich.progress import Progress
from rich.table import Table

from detectors.bench.launder import laundered
from detectors.bench.manifest import Item
from detectors.bench.metrics import Metrics
from detectors.bench.run import Plan, decoded
from detectors.bench.scores import CLEAN
from detectors.bench.shares import Share
from detectors.bench.verdicts import Answered, Condition, OfKind, Outcome, Verdicts
from detectors.errors import MediaError
from detectors.media.reader import HANDLER, MediaReader
from detectors.media.sandbox import SandboxPool
from detectors.result import Alarm
from service.analysis.pipeline import Pipeline
from service.cli.colours import console
from service.errors import ServiceError
from service.language.figures import number, percent
from service.language.spoken import _
from service.reporting.wording import KINDS
from service.scans.intake import source_from_path, source_from_stream


def answers(items: Sequence[Item], pipeline: Pipeline, plan: Plan) -> list[Answered]:
    """A report about every item under every laundering of the plan, in the order of the items."""
    with (
        SandboxPool(handler=HANDLER, size=plan.jobs) as pool,
        ThreadPoolExecutor(plan.jobs) as threads,
        Progress(console=console(stderr=True)) as progress,
    ):
        reader = MediaReader(pool, plan.limits)
        found = threads.map(partial(_of_item, pipeline=pipeline, reader=reader, plan=plan), items)
        return [
            answer for own in progress.track(found, len(items), description="") for answer in own
        ]


def _of_item(item: Item, *, pipeline: Pipeline, reader: MediaReader, plan: Plan) -> list[Answered]:
    return list(_each(item, pipeline, reader, plan))


def _each(item: Item, pipeline: Pipeline, reader: MediaReader, plan: Plan) -> Iterator[Answered]:
    yield _asked(pipeline, item, CLEAN, None)
    with item.file.open("rb") as file:
        for name in plan.conditions(item.kind)[1:]:
            try:
                media = decoded(file, item.kind, reader, plan)
                copy = io.BytesIO(laundered(name, media, file))
            except (MediaError, av.FFmpegError):
                continue  # what cannot be decoded cannot be delivered anew either
            yield _asked(pipeline, item, name, copy)


def _asked(pipeline: Pipeline, item: Item, laundering: str, copy: BinaryIO | None) -> Answered:
    try:
        source = (
            source_from_path(item.file) if copy is None else source_from_stream(copy, item.name)
        )
    except ServiceError as error:
        return Answered(
            path=item.name,
            kind=item.kind,
            label=item.label,
            source=item.source,
            verdict=error.code,
            laundering=laundering,
        )
    with source.file:
        report = pipeline.analyse(source).report
    return Answered(
        path=item.name,
        kind=item.kind,
        label=item.label,
        source=item.source,
        verdict=report.verdict,
        laundering=laundering,
        suspected=any(found.votes and found.alarm is not Alarm.NONE for found in report.findings),
        ratio=None if report.classifiers is None else report.classifiers.log10,
        parts={
            finding.detector: finding.lr.log10
            for finding in report.findings
            if finding.votes and finding.lr is not None
        },
    )


def tables(found: Verdicts) -> Iterator[Table]:
    """Terminal tables: counts of verdicts, ratios and deliveries of each kind."""
    for kind, own in found.kinds.items():
        called = KINDS[kind]
        yield _counts(_("verdicts on {title}, {kind}", title=found.data, kind=called), own)
        yield _ratios(_("ratios, {kind}", kind=called), own.conditions[CLEAN])
        if own.deliveries:
            yield _deliveries(_("delivered anew, {kind}", kind=called), own)


def _counts(title: str, found: OfKind) -> Table:
    given = sorted({answer for counts in found.verdicts.values() for answer in counts})
    table = Table(_("label"), title=title, title_justify="left")
    for answer in given:
        table.add_column(answer, justify="right")
    for label, counts in found.verdicts.items():
        table.add_row(label, *(number(counts.get(answer, 0)) for answer in given))
    return table


def _ratios(title: str, found: Condition) -> Table:
    table = Table(
        *(_("ratio of"), "AUC", _("TPR at 1 %"), _("TPR at 5 %"), "Cllr"),
        *(_("coverage"), _("file gains")),
    )
    table.title, table.title_justify = title, "left"
    rows: list[tuple[str, Metrics, float | None]] = [(_("the file"), found.ratio, None)]
    rows += [(name, part.alone, part.gain) for name, part in found.parts.items()]
    for name, line, gain in rows:
        figures = (line.auc, line.tpr_at_fpr_1, line.tpr_at_fpr_5, line.cllr)
        shown = ("" if figure is None else number(figure.value, 3) for figure in figures)
        gained = "" if gain is None else f"{'+' if gain >= 0 else ''}{number(gain, 3)}"
        table.add_row(name, *shown, number(line.coverage, 2), gained)
    return table


def _deliveries(title: str, found: OfKind) -> Table:
    table = Table(
        *(_("delivery"), _("accusation flips"), _("verdict changes"), _("genuine accused")),
        title=title,
        title_justify="left",
    )
    for name, one in found.deliveries.items():
        genuine = found.conditions[name].bona_fide
        accused = None if genuine is None else genuine.shares[Outcome.ACCUSED]
        table.add_row(name, *map(_percent, (one.flipped, one.changed, accused)))
    return table


def _percent(found: Share | None) -> str:
    if found is None:
        return ""
    value, low, high = (percent(share, 1) for share in (found.value, found.low, found.high))
    return _("{value} ({low} to {high})", value=value, low=low, high=high)
