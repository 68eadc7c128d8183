"""`assay admin log`, `checkpoints` and `verify-log`: who did what, and whether the log still says so."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from service.cli.exit_codes import ExitCode
from service.language.spoken import _, n_

if TYPE_CHECKING:
    from service.access.checkpoints import Checked, Fault
    from service.db.trail import SignedCheckpoint

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
    from service.cli.installed import database_for
    from service.db.trail import TrailRows

    with database_for("log", tenant) as database:
        for line in TrailRows(database).lines(tenant, object_=of):
            typer.echo(json.dumps({**asdict(line), "at": line.at.isoformat()}))


def checkpoints(*, tenant: TenantOption = "default") -> None:
    """Print the signed checkpoints of a log, one JSON object a day.

    Keep them where nobody can change them: `assay admin verify-log --checkpoints FILE` then finds
    even what was cut off together with the checkpoints in the database.
    """
    from service.cli.installed import database_for
    from service.db.trail import TrailRows

    with database_for("log", tenant) as database:
        for checkpoint in TrailRows(database).checkpoints(tenant):
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
    from service.access.checkpoints import AuditLog
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.db.trail import TrailRows
    from service.wiring import report_signer

    given = _read(kept) if kept is not None else ()
    found = False
    with database_for("log") as database:
        audit_log = AuditLog(TrailRows(database), report_signer(read_settings()), database.now)
        for one in audit_log.verify(given):
            typer.echo(f"{one.tenant}: {_said(one)}")
            found = found or one.is_fault
    raise typer.Exit(ExitCode.FOUND if found else ExitCode.NOTHING_FOUND)


def _said(one: "Fault | Checked") -> str:
    from service.access.checkpoints import Fault
    from service.cli.complain import told

    if isinstance(one, Fault):
        return told(one.sentence)
    lines = n_("{count} line", "{count} lines", one.lines)
    checkpoints = n_("{count} checkpoint", "{count} checkpoints", one.checkpoints)
    checked = _("{lines} checked against {checkpoints}", lines=lines, checkpoints=checkpoints)
    if not one.loose:
        return checked
    loose = n_(
        "{count} more, just written, is not in the chain yet",
        "{count} more, just written, are not in the chain yet",
        one.loose,
    )
    return f"{checked}; {loose}"


def _read(path: Path) -> "tuple[SignedCheckpoint, ...]":
    from service.db.trail import SignedCheckpoint

    try:
        lines = path.read_text().splitlines()
        return tuple(SignedCheckpoint(**json.loads(line)) for line in lines if line)
    except (ValueError, TypeError) as error:
        command = "`assay admin checkpoints`"
        told = _("{path}: no checkpoints as {command} prints them", path=path, command=command)
        typer.echo(told, err=True)
        raise typer.Exit(ExitCode.USAGE) from error
