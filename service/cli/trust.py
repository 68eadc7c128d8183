"""`assay trust`: the lists of certificates that vouch for signers."""

import io
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.table import Table

from provenance.explain import explain_trust
from provenance.result import Integrity, SignerTrust, TrustKind
from provenance.trust import TrustList, TrustStore
from service.analysis.credentials import Past
from service.arguments import upload_limits
from service.cli.complain import DELIBERATE, complain, say
from service.cli.engine import open_pipeline, read_settings
from service.cli.exit_codes import ExitCode
from service.cli.inputs import Beside, opened
from service.cli.terminal import console
from service.fetch import Guard, fetch
from service.reporting.report import Profile

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
    columns = ("name", "vouches for", "certificates", "added", "sha256", "from", "warnings")
    table = Table(*columns, box=None)
    today = datetime.now(UTC).date()
    for entry in entries:
        table.add_row(
            entry.name,
            entry.kind,
            str(len(entry.certificates)),
            f"{entry.added_at:%Y-%m-%d}",
            entry.sha256[:12],
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


def test(file: Path, manifest: Path | None, at: datetime | None) -> ExitCode:
    """Say why the signer of a file is or is not trusted; exit with 0 only for a sound, trusted one.

    With `at`, as of that moment, under the lists that are in force now.
    """
    settings = read_settings()
    try:
        past = (
            None
            if at is None
            else Past(at.replace(tzinfo=UTC), TrustStore(settings.trust).snapshot())
        )
        with (
            opened(str(file), upload_limits(settings), Beside(manifest=manifest)) as source,
            open_pipeline(settings) as pipeline,
        ):
            report = pipeline.analyse(source, profile=Profile.PROVENANCE, past=past).report
    except DELIBERATE as error:
        complain(str(file), error)
        return ExitCode.NOT_ANALYSED
    found = report.provenance
    if found is None:
        for gap in report.not_checked:
            say(f"{gap.statement} [{gap.reason}]")
        return ExitCode.NOT_ANALYSED
    for sentence in explain_trust(found, TrustStore(settings.trust).lists()):
        console().print(sentence)
    trusted = found.signer is not None and found.signer.trust is SignerTrust.TRUSTED
    sound = found.integrity is Integrity.INTACT and found.chain_ok
    return ExitCode.NOTHING_FOUND if trusted and sound else ExitCode.FOUND


def _store() -> TrustStore:
    return TrustStore(read_settings().trust, _fetched)


def _fetched(url: str) -> bytes:
    body = io.BytesIO()
    fetch(url, body, Guard(max_bytes=LARGEST_LIST, seconds=20.0))
    return body.getvalue()


def _warn(entry: TrustList) -> None:
    for warning in entry.warnings(datetime.now(UTC).date()):
        say(f"{entry.name}: {warning}")
