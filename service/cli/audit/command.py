"""`assay audit`: a report about every media file below some folders, in one resumable file."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final, TextIO

from rich.table import Table

from service.arguments import upload_limits
from service.cli.audit.archive import Archive
from service.cli.audit.heartbeat import pulse
from service.cli.audit.parallel import BUNDLE, Engine, ParallelAnalysis
from service.cli.audit.results_file import Line, ResultsFile, Tally
from service.cli.audit.table import check_parquet, write_parquet, write_table
from service.cli.audit.walk import Entry
from service.cli.colours import console, verdict_text
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import FOUND_BY_DEFAULT, ExitCode, exit_code
from service.cli.inputs import STDIN
from service.language.figures import number
from service.language.spoken import _
from service.reporting.decision import PolicyAction
from service.reporting.report import Profile, Verdict
from service.reporting.wording import ACTIONS
from service.settings import Settings

if TYPE_CHECKING:
    from service.policies.document import Policy

SERVER_JOBS: Final = 16
"""Files that are with a server at a time, unless somebody says otherwise."""

FLUSH_SECONDS: Final = 0.2
"""How much finished work a kill may cost, and how often the progress moves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line asked for; `-` for `out` and `table` is standard output."""

    archive: Archive
    out: Path
    table: Path | None
    parquet: Path | None = None
    summary: Path | None = None
    profile: Profile
    jobs: int | None
    server: str | None = None  # the address of one that analyses the files instead
    key: str | None = None
    in_place: bool = False  # the server reads the files itself
    policy: str | None = None  # the name of one that ships, or a file
    fail_on: frozenset[str] = FOUND_BY_DEFAULT
    quiet: bool = False

    @property
    def prints_lines(self) -> bool:
        return str(self.out) == STDIN

    @property
    def prints_table(self) -> bool:
        return self.table is not None and str(self.table) == STDIN


@dataclass(slots=True)
class Pace:
    """What this run did, apart from what earlier runs had done."""

    earlier: int
    fresh: int = 0
    seconds: float = 0.0

    @property
    def rate(self) -> float:
        """Files a second, skipped ones included."""
        return self.fresh / max(self.seconds, 1e-9)


def run(asked: Asked) -> ExitCode:
    """Analyse what `out` does not list yet, then sum up everything it lists."""
    if asked.prints_lines and asked.prints_table:
        say(_("lines and table cannot both go to standard output [usage]"))
        return ExitCode.USAGE
    settings = read_settings()
    try:
        policy = _policy(asked.policy)
    except DELIBERATE as error:
        complain(str(asked.policy), error)
        return ExitCode.USAGE
    try:
        if asked.parquet is not None:
            check_parquet()
        with ExitStack() as stack:
            results = stack.enter_context(_results(asked, policy))
            threads = asked.jobs or (SERVER_JOBS if asked.server else os.cpu_count() or 1)
            local = asked.server is None
            analysis = ParallelAnalysis(
                stack.enter_context(_engine(asked, settings, threads)),
                results,
                archive=asked.archive,
                profile=asked.profile,
                limits=upload_limits(settings),
                jobs=threads,
                policy=policy,
                bundle=BUNDLE if local and asked.profile is Profile.PROVENANCE else 1,
            )
            stack.enter_context(analysis)
            pace = _work(asked, analysis, results)
            if asked.table is not None:
                with _table_file(asked.table) as file:
                    write_table(results.lines(), file)
            if asked.parquet is not None:
                write_parquet(results.lines(), asked.parquet)
            if asked.summary is not None:
                from service.cli.audit.summary import write_summary  # templates come with it

                write_summary(results.lines(), asked.summary)
    except BrokenPipeError:  # whoever read standard output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.INTERRUPTED
    except DELIBERATE as error:
        complain(str(getattr(error, "filename", None) or asked.out), error)
        return ExitCode.USAGE
    if not asked.quiet:
        _sum_up(results.tally, pace, asked)
    found = [*results.tally.verdicts, *results.tally.actions]
    return exit_code(found, failures=bool(results.tally.errors), fail_on=asked.fail_on)


def _policy(name: str | None) -> "Policy | None":
    """Raises `PolicyNotFound`, `PolicyInvalid`."""
    if name is None:
        return None
    from service.policies.library import named  # few audits have one

    return named(name)


@contextmanager
def _engine(asked: Asked, settings: Settings, threads: int) -> Iterator[Engine]:
    """Raises `ServerAway`, `ServerRefused`, and what the pipeline does."""
    if asked.server is None:
        with open_pipeline(settings, children=threads, previews=False) as pipeline:
            yield pipeline
        return
    from service.cli.audit.server import ServerPipeline

    with closing(ServerPipeline.at(asked.server, asked.key, in_place=asked.in_place)) as engine:
        yield engine


@contextmanager
def _results(asked: Asked, policy: "Policy | None") -> Iterator[ResultsFile]:
    """The results, in a folder that goes again where they are printed. Raises `ResultsUnusable`."""
    with ExitStack() as stack:
        path = asked.out
        digest = policy.digest if policy is not None else None
        if asked.prints_lines:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="assay-audit-"))
            path = Path(folder) / "audit.jsonl"
        yield stack.enter_context(ResultsFile(path, asked.profile.value, digest))


@contextmanager
def _table_file(path: Path) -> Iterator[TextIO]:
    if str(path) == STDIN:
        sys.stdout.reconfigure(errors="surrogateescape", newline="")  # type: ignore[union-attr]
        yield sys.stdout
        return
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        yield file


def _work(asked: Asked, analysis: ParallelAnalysis, results: ResultsFile) -> Pace:
    pace = Pace(earlier=len(results.done))
    total = sum(1 for _ in _left(asked, results))
    clock = flushed = time.perf_counter()
    with pulse(quiet=asked.quiet) as beat:
        for line in analysis.work(_left(asked, results)):
            pace.fresh += 1
            if asked.prints_lines:
                _print(line)
            now = time.perf_counter()
            if now - flushed >= FLUSH_SECONDS:
                results.flush()
                flushed, pace.seconds = now, now - clock
                beat(pace.fresh, max(total, pace.fresh), pace.rate)
    pace.seconds = time.perf_counter() - clock
    return pace


def _left(asked: Asked, results: ResultsFile) -> Iterator[Entry]:
    """What is still to be done; asked for twice, since counting costs less than a list of all."""
    if not len(results.done):
        return asked.archive.entries()
    return (it for it in asked.archive.entries() if it.path not in results.done)


def _print(line: Line) -> None:
    sys.stdout.buffer.write(line.encode())
    sys.stdout.buffer.flush()


def _sum_up(tally: Tally, pace: Pace, asked: Asked) -> None:
    table = Table(box=None, show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for verdict in Verdict:
        if tally.verdicts[verdict]:
            table.add_row(verdict_text(verdict), number(tally.verdicts[verdict]))
    for action in PolicyAction:
        if tally.actions[action]:
            table.add_row(
                _("action: {action}", action=ACTIONS[action]), number(tally.actions[action])
            )
    for code, count in sorted(tally.errors.items()):
        table.add_row(_("not analysed: {code}", code=code), number(count))
    table.add_section()
    rows = [
        (_("skipped: {reason}", reason=reason), count)
        for reason, count in sorted(tally.skipped.items())
    ]
    rows += [
        (_("left out by your patterns"), asked.archive.excluded),
        (_("of these with the same content as another"), tally.duplicates),
        (_("of these from earlier runs"), pace.earlier),
    ]
    for label, count in rows:
        if count:
            table.add_row(label, number(count), style="bright_black")
    speed = _(
        "{seconds} s, {rate} files/s",
        seconds=f"{pace.seconds:,.1f}",
        rate=f"{pace.rate:,.1f}",
    )
    table.add_row(_("this run"), speed, style="bright_black")
    console(stderr=asked.prints_lines or asked.prints_table).print(table)
    if not asked.prints_lines:
        say(_("reports are in {path}", path=asked.out))
