"""`assay admin log`, `checkpoints` and `verify-log`: who did what, and whether the log still says so."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exit_codes import ExitCode

if TYPE_CHECKING:
    from service.access.checkpoints import AuditLog
    from service.db.trail import TrailRows

TenantOption = Annotated[str, typer.Option(help="Whose log.")]


def log(
    *,
    tenant: TenantOption = "default",
    of: Annotated[
        str | None, typer.Option("--of", help="Only about this, such as scan:ID or key:ID.")
    ] = None,
) -> None:
    """Print the audit log, one JSON object a line, the oldest first.

    Each line says who (key:ID, account:ID, local or service) did what to what and when. Names of
    files and people are kept out.
    """
    rows, _ = _opened()
    for line in rows.lines(tenant, object_=of):
        typer.echo(json.dumps({**asdict(line), "at": line.at.isoformat()}))


def checkpoints(*, tenant: TenantOption = "default") -> None:
    """Print the signed checkpoints of a log, one JSON object a day.

    Keep them where nobody can change them: `assay admin verify-log --checkpoints FILE` then finds
    even what was cut off together with the checkpoints in the database.
    """
    rows, _ = _opened()
    for checkpoint in rows.checkpoints(tenant):
        typer.echo(json.dumps(asdict(checkpoint)))


def verify_log(
    *,
    kept: Annotated[
        Path | None,
        typer.Option(
            "--checkpoints", help="Checkpoints kept elsewhere.", exists=True, dir_okay=False
        ),
    ] = None,
) -> None:
    """Look for lines of the audit log that were changed, taken out, put in or moved.

    Exits with 0 if there are none, else with 1.
    """
    from service.access.checkpoints import Fault
    from service.db.trail import SignedCheckpoint

    _, audit_log = _opened()
    try:
        given = (
            tuple(
                SignedCheckpoint(**json.loads(line))
                for line in kept.read_text().splitlines()
                if line
            )
            if kept is not None
            else ()
        )
    except (ValueError, TypeError) as error:
        typer.echo(f"{kept}: no checkpoints as `assay admin checkpoints` prints them", err=True)
        raise typer.Exit(ExitCode.USAGE) from error
    found = False
    for one in audit_log.verify(given):
        if isinstance(one, Fault):
            found = True
            typer.echo(f"{one.tenant}: {one.sentence}")
        else:
            loose = f"; {one.loose} so new that they are not in the chain yet" if one.loose else ""
            signed = f"{one.checkpoints} checkpoint{'' if one.checkpoints == 1 else 's'}"
            lines = f"{one.lines} line{'' if one.lines == 1 else 's'}"
            typer.echo(f"{one.tenant}: {lines} checked against {signed}{loose}")
    raise typer.Exit(ExitCode.FOUND if found else ExitCode.NOTHING_FOUND)


def _opened() -> "tuple[TrailRows, AuditLog]":
    from service.access.checkpoints import AuditLog
    from service.cli.complain import DELIBERATE, complain
    from service.cli.engine import read_settings
    from service.db.engine import Database
    from service.db.migrate import upgrade
    from service.db.trail import TrailRows
    from service.wiring import database_url, report_signer

    settings = read_settings()
    try:
        database = Database(database_url(settings))
        upgrade(database.engine)
        rows = TrailRows(database)
        return rows, AuditLog(rows, report_signer(settings), database.now)
    except DELIBERATE as error:
        complain("log", error)
        raise typer.Exit(ExitCode.USAGE) from error
