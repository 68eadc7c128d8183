"""This installation as commands use it: its database, its scans, closed at the end."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Final

import typer

from service.analysis.source import DEFAULT_TENANT
from service.cli.complain import complain
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.errors import DatabaseUnavailable, ServiceError

if TYPE_CHECKING:
    from service.db.access import AccessRows
    from service.db.engine import Database
    from service.scans.use_cases import Scans

ACTOR: Final = "command-line"
"""Who did it, in the audit log."""


@contextmanager
def database_for(about: str) -> Iterator["Database"]:
    """The database. Ends the command with one sentence about `about` where something is refused."""
    from service.wiring import open_database

    with _explained(about), closing(open_database(read_settings())) as database:
        yield database


@contextmanager
def access_rows(about: str) -> Iterator["AccessRows"]:
    """The tables of access; ends the command as `database_for` does."""
    from service.db.access import AccessRows

    with database_for(about) as database:
        yield AccessRows(database)


@contextmanager
def the_scans(tenant: str = DEFAULT_TENANT) -> Iterator["Scans"]:
    """A tenant's scans; ends the command as `database_for` does."""
    from service.wiring import build_scans

    with _explained("this installation"), closing(build_scans(read_settings())) as scans:
        yield scans.of(tenant)


@contextmanager
def _explained(about: str) -> Iterator[None]:
    from sqlalchemy.exc import SQLAlchemyError

    from service.db.trail import acting

    try:
        with acting(ACTOR):
            yield
    except ServiceError as error:
        complain(about, error)
        raise typer.Exit(ExitCode.USAGE) from error
    except SQLAlchemyError as error:
        complain(about, DatabaseUnavailable("the database does not answer, or is locked"))
        raise typer.Exit(ExitCode.USAGE) from error
