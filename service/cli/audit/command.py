"""`assay audit`: a report about every media file below a folder, in one resumable file."""

import os
import time
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table

from service.arguments import upload_limits
from service.cli.audit.parallel import ParallelAnalysis, Skipped
from service.cli.audit.results_file import ResultsFile, Tally
from service.cli.audit.table import write_table
from service.cli.audit.walk import walk
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode, exit_code
from service.cli.terminal import console, verdict_text
from service.reporting.report import Profile, Verdict

FLUSH_SECONDS: Final = 0.2
"""How much finished work a kill may cost, and how often the progress bar moves."""


@dataclass(slots=True)
class Pace:
    """What this run did, apart from what earlier runs had done."""

    earlier: int
    fresh: int = 0
    skipped: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Files a second, those that are no media included."""
        return (self.fresh + self.skipped) / max(self.seconds, 1e-9)


def run(
    folder: Path, *, out: Path, profile: Profile, jobs: int | None, table: Path | None
) -> ExitCode:
    """Analyse what `out` does not list yet, then sum up everything it lists."""
    settings = read_settings()
    try:
        with ResultsFile(out, profile.value) as results, ExitStack() as stack:
            threads = jobs or os.cpu_count() or 1
            pipeline = stack.enter_context(open_pipeline(settings, children=threads))
            analysis = ParallelAnalysis(
                pipeline,
                results,
                root=folder,
                profile=profile,
                limits=upload_limits(settings),
                jobs=threads,
            )
            stack.enter_context(analysis)
            pace = _work(folder, analysis, results)
            if table is not None:
                write_table(results.lines(), table)
    except DELIBERATE as error:
        complain(str(getattr(error, "filename", None) or out), error)
        return ExitCode.USAGE
    _sum_up(results.tally, pace)
    say(f"reports are in {out}")
    return exit_code(map(Verdict, results.tally.verdicts), failures=bool(results.tally.errors))


def _work(folder: Path, analysis: ParallelAnalysis, results: ResultsFile) -> Pace:
    pace = Pace(earlier=len(results.done))
    files = [entry for entry in walk(folder) if entry[0] not in results.done]
    clock = flushed = time.perf_counter()
    with _progress() as progress:
        task = progress.add_task("", total=len(files), rate="")
        for result in analysis.work(iter(files)):
            if isinstance(result, Skipped):
                pace.skipped += 1
            else:
                pace.fresh += 1
            now = time.perf_counter()
            if now - flushed >= FLUSH_SECONDS:
                results.flush()
                flushed, pace.seconds = now, now - clock
                done = pace.fresh + pace.skipped
                progress.update(task, completed=done, rate=f"{pace.rate:,.1f} files/s")
        progress.update(task, completed=len(files))
    pace.seconds = time.perf_counter() - clock
    return pace


def _progress() -> Progress:
    return Progress(
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=console(stderr=True),
        transient=True,
    )


def _sum_up(tally: Tally, pace: Pace) -> None:
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for verdict in Verdict:
        if tally.verdicts[verdict]:
            table.add_row(verdict_text(verdict), f"{tally.verdicts[verdict]:,}")
    for code, count in sorted(tally.errors.items()):
        table.add_row(f"not analysed: {code}", f"{count:,}")
    table.add_section()
    rows = (
        ("of these with the same content as another", tally.duplicates),
        ("of these from earlier runs", pace.earlier),
        ("other files, not media", pace.skipped),
    )
    for label, count in rows:
        if count:
            table.add_row(label, f"{count:,}", style="bright_black")
    speed = f"{pace.seconds:,.1f} s, {pace.rate:,.1f} files/s"
    table.add_row("this run", speed, style="bright_black")
    console().print(table)
