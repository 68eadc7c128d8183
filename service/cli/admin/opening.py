"""The database's tables of access, opened for one command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from service.cli.complain import complain
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.errors import DatabaseUnavailable, ServiceError

if TYPE_CHECKING:
    from service.db.access import AccessRows


@contextmanager
def access_rows(about: str) -> Iterator["AccessRows"]:
    """Ends the command with one sentence about `about` where something is refused."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.db.access import AccessRows
    from service.wiring import open_database

    try:
        database = open_database(read_settings())
        try:
            yield AccessRows(database)
        finally:
            database.close()
    except ServiceError as error:
        complain(about, error)
        raise typer.Exit(ExitCode.USAGE) from error
    except SQLAlchemyError as error:
        complain(about, DatabaseUnavailable("the database does not answer, or is locked"))
        raise typer.Exit(ExitCode.USAGE) from error
