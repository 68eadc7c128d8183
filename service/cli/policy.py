"""`assay policy`: check, show and try policies."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final

import typer
from rich.table import Table

from service.cli.audit.results_file import Line
from service.cli.colours import console
from service.cli.complain import DELIBERATE, complain, say
from service.cli.exit_codes import ExitCode
from service.cli.inputs import STDIN
from service.cli.installed import ACTOR, the_scans
from service.errors import PolicyInvalid, ReportInvalid
from service.language.figures import as_written
from service.language.reading import told
from service.language.spoken import _, n_
from service.policies import document
from service.policies.library import NAMES, built_in, named, text_of
from service.policies.replay import Replay, replayed
from service.reporting.attached import LARGEST_DOCUMENT
from service.reporting.report import Report, read

PAGE: Final = 100
"""Versions read at a time."""


def check(files: tuple[Path, ...]) -> ExitCode:
    """Read each policy; what is wrong is said with its place, a line each."""
    wrong = False
    for path in files:
        try:
            policy = document.read(path.read_bytes())
        except PolicyInvalid as error:
            wrong = True
            for where, sentence in error.problems:
                say(f"{path}: {where}: {told(sentence)} [{error.code}]")
        except OSError as error:
            wrong = True
            complain(str(path), error)
        else:
            rules = n_("{count} rule", "{count} rules", len(policy.rules))
            version = _("version {version}", version=policy.version)
            typer.echo(f"{path}: {policy.name} {version}, {rules}, {policy.digest}")
    return ExitCode.USAGE if wrong else ExitCode.NOTHING_FOUND


def show(name: str | None) -> ExitCode:
    """Print one that ships as its file is, or all of them by name."""
    if name is None:
        for known in NAMES:
            typer.echo(f"{known}: {built_in(known).description}")
        return ExitCode.NOTHING_FOUND
    try:
        typer.echo(text_of(name), nl=False)
    except DELIBERATE as error:
        complain(name, error)
        return ExitCode.USAGE
    return ExitCode.NOTHING_FOUND


def schema() -> ExitCode:
    """Print the JSON Schema of policies."""
    typer.echo(document.schema(), nl=False)
    return ExitCode.NOTHING_FOUND


def put(name: str, *, tenant: str) -> ExitCode:
    """Put a policy into force for a tenant's reports from now on."""
    try:
        policy = named(name)
    except DELIBERATE as error:
        complain(name, error)
        return ExitCode.USAGE
    with the_scans(tenant) as scans:
        kept, new = scans.policies.put(policy, actor=ACTOR)
    named_so = {"policy": policy.name, "version": kept.version, "tenant": tenant}
    if new:
        said = _("{policy} version {version} decides from now on in tenant {tenant}", **named_so)
    else:
        said = _("{policy} version {version} was in force already in tenant {tenant}", **named_so)
    typer.echo(said)
    return ExitCode.NOTHING_FOUND


def withdraw(*, tenant: str) -> ExitCode:
    """Let nothing decide any more about a tenant's reports."""
    with the_scans(tenant) as scans:
        kept = scans.policies.withdraw(actor=ACTOR)
    typer.echo(
        _(
            "nothing decides from now on in tenant {tenant}, by version {version}",
            tenant=tenant,
            version=kept.version,
        )
    )
    return ExitCode.NOTHING_FOUND


def history(*, tenant: str) -> ExitCode:
    """Print every version there ever was, the newest first."""
    with the_scans(tenant) as scans:
        before: int | None = None
        while found := scans.policies.list(limit=PAGE, before=before):
            for kept in found:
                name = kept.policy.name if kept.policy is not None else "nothing decides"
                typer.echo(f"{kept.version}\t{kept.created_at:%F %T %Z}\t{kept.actor}\t{name}")
            before = found[-1].version
    return ExitCode.NOTHING_FOUND


def replay(draft: str, *, reports: str | None, last: int, tenant: str, as_json: bool) -> ExitCode:
    """Decide anew about the reports of a file, or the newest of a tenant: what would change?"""
    try:
        policy = named(draft)
    except DELIBERATE as error:
        complain(draft, error)
        return ExitCode.USAGE
    try:
        if reports is None:
            with the_scans(tenant) as scans:
                found = scans.policies.replay(policy, last=last)
        elif reports == STDIN:
            found = replayed(policy, read_lines(sys.stdin.buffer))
        else:
            with Path(reports).open("rb") as file:
                found = replayed(policy, read_lines(file))
    except DELIBERATE as error:
        complain(reports or draft, error)
        return ExitCode.USAGE
    print_replay(found, as_json=as_json)
    return ExitCode.NOTHING_FOUND


def read_lines(file: BinaryIO) -> Iterator[tuple[str, Report | None]]:
    """The reports of a file with one a line, or with lines of an audit; lines without one are left.

    Raises `ReportInvalid` for a line that is neither.
    """
    number = 0
    while raw := file.readline(LARGEST_DOCUMENT + 1):
        number += 1
        if len(raw) > LARGEST_DOCUMENT:
            raise ReportInvalid(f"line {number} is longer than {LARGEST_DOCUMENT} bytes")
        if raw.strip():
            yield from _reports(raw, number)


def _reports(raw: bytes, number: int) -> Iterator[tuple[str, Report | None]]:
    try:
        fields = json.loads(raw)
        line = Line.decode(raw) if isinstance(fields, dict) and "report" in fields else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ReportInvalid(f"line {number} is neither a report nor a line of an audit") from error
    if line is not None and line.body is None:
        return
    text, name = (raw, f"line {number}") if line is None else (line.body or "", line.path)
    try:
        yield name, read(text)
    except ReportInvalid as error:
        if line is None:
            raise ReportInvalid(f"line {number}: {error}") from error
        yield name, None


def print_replay(found: Replay, *, as_json: bool) -> None:
    """Print what would change, for a program or for a person."""
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    out = console()
    out.print(
        n_(
            "{count} report of {all} would be decided otherwise by {policy} version {version}.",
            "{count} reports of {all} would be decided otherwise by {policy} version {version}.",
            found.changed,
            all=f"{found.reports:,}",
            policy=found.policy,
            version=found.version,
        )
    )
    if found.unreadable:
        out.print(
            n_(
                "{count} report could not be read and was left out.",
                "{count} reports could not be read and were left out.",
                found.unreadable,
            )
        )
    table = Table(_("then"), _("now"), box=None)
    table.add_column(_("reports"), justify="right")
    for move in found.moves:
        style = "" if move.before is move.after else "bold"
        table.add_row(
            move.before or _("undecided"), move.after, as_written(f"{move.reports:,}"), style=style
        )
    if found.moves:
        out.print(table)
    for item in found.examples:
        before = item.before or _("undecided")
        moved = _("{before} to {after}", before=before, after=item.after)
        out.print(f"\n{item.report}: {moved}", style="bold")
        for sentence in item.because:
            out.print(f"  {told(sentence)}")
