"""`assay trust`: the lists of certificates that vouch for signers."""

import io
from datetime import UTC, datetime
from typing import Final

from rich.table import Table

from provenance.result import TrustKind
from provenance.trust import TrustList, TrustStore
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.terminal import console
from service.fetch import Guard, fetch

LARGEST_LIST: Final = 8 * 1024**2  # bytes; the official one has a quarter of a megabyte


def add(source: str, kind: str, name: str | None) -> ExitCode:
    """Read a list into the store, in place of one of the same name and kind."""
    try:
        entry = _store().add(source, kind=TrustKind(kind), name=name)
    except DELIBERATE as error:
        complain(source, error)
        return ExitCode.NOT_ANALYSED
    say(f"{entry.name}: {len(entry.certificates)} certificates now vouch ({entry.kind})")
    _warn(entry)
    return ExitCode.NOTHING_FOUND


def show() -> ExitCode:
    """Print what is in force."""
    try:
        entries = _store().lists()
    except DELIBERATE as error:
        complain("trust store", error)
        return ExitCode.NOT_ANALYSED
    if not entries:
        say("no trust list is configured, so every signer is unknown; see assay trust add --help")
        return ExitCode.NOTHING_FOUND
    table = Table("name", "vouches for", "certificates", "added", "from", "warnings", box=None)
    today = datetime.now(UTC).date()
    for entry in entries:
        table.add_row(
            entry.name,
            entry.kind,
            str(len(entry.certificates)),
            f"{entry.added_at:%Y-%m-%d}",
            entry.uri,
            "; ".join(entry.warnings(today)),
        )
    console().print(table)
    return ExitCode.NOTHING_FOUND


def remove(name: str, kind: str | None) -> ExitCode:
    """Forget lists of that name."""
    try:
        removed = _store().remove(name, TrustKind(kind) if kind else None)
    except DELIBERATE as error:
        complain(name, error)
        return ExitCode.NOT_ANALYSED
    for entry in removed:
        say(f"{entry.name} ({entry.kind}) vouches no more")
    return ExitCode.NOTHING_FOUND


def update() -> ExitCode:
    """Fetch the official lists; the stored ones stay when any cannot be fetched."""
    try:
        fresh = _store().update()
    except DELIBERATE as error:
        complain("official lists", error)
        return ExitCode.NOT_ANALYSED
    for entry in fresh:
        say(f"{entry.name}: {len(entry.certificates)} certificates ({entry.kind})")
        _warn(entry)
    return ExitCode.NOTHING_FOUND


def _store() -> TrustStore:
    return TrustStore(read_settings().trust, _fetched)


def _fetched(url: str) -> bytes:
    body = io.BytesIO()
    fetch(url, body, Guard(max_bytes=LARGEST_LIST, seconds=20.0))
    return body.getvalue()


def _warn(entry: TrustList) -> None:
    for warning in entry.warnings(datetime.now(UTC).date()):
        say(f"{entry.name}: {warning}")
