"""`assay admin prepare`: what an installation needs before its first start, and before each upgrade."""

from pathlib import Path
from typing import Annotated

import typer


def prepare(
    account: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Make this operator's account where there is none yet."),
    ] = None,
    password_file: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Its password, alone in a file.")
    ] = None,
) -> None:
    """Bring the database up to date; safe to run again, from any number of machines.

    \b
    assay admin prepare
    assay admin prepare --account ines@example.org --password-file password.txt
    """
    from service.cli.admin.preparing import run

    if (account is None) != (password_file is None):
        raise typer.BadParameter("--account and --password-file go together")
    first = None if account is None or password_file is None else (account, password_file)
    raise typer.Exit(run(first))
