"""The database, opened for one command."""

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
    from service.db.engine import Database

ACTOR = "command-line"


@contextmanager
def database_for(about: str) -> Iterator["Database"]:
    """Ends the command with one sentence about `about` where something is refused."""
    from sqlalchemy.exc import SQLAlchemyError

    from service.db.trail import acting
    from service.wiring import open_database

    try:
        database = open_database(read_settings())
        try:
            with acting(ACTOR):
                yield database
        finally:
            database.close()
    except ServiceError as error:
        complain(about, error)
        raise typer.Exit(ExitCode.USAGE) from error
    except SQLAlchemyError as error:
        complain(about, DatabaseUnavailable("the database does not answer, or is locked"))
        raise typer.Exit(ExitCode.USAGE) from error


@contextmanager
def access_rows(about: str) -> Iterator["AccessRows"]:
    """The tables of access; ends the command as `database_for` does."""
    from service.db.access import AccessRows

    with database_for(about) as database:
        yield AccessRows(database)
