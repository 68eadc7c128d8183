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
def database_for(about: str, tenant: str | None = None) -> Iterator["Database"]:
    """The database. Ends the command with one sentence about `about` where something is refused.

    That is also so if there is no such tenant.
    """
    from service.wiring import open_database

    with _explained(about), closing(open_database(read_settings())) as database:
        if tenant is not None:
            _check(database, tenant)
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
    from service.wiring import build_scans, open_database

    settings = read_settings()
    with _explained("this installation"), closing(open_database(settings)) as database:
        _check(database, tenant)
        with closing(build_scans(settings, database=database)) as scans:
            yield scans.of(tenant)


def _check(database: "Database", tenant: str) -> None:
    """Raises `TenantNotFound`."""
    from service.access.tenants import Tenants
    from service.db.access import AccessRows

    Tenants(AccessRows(database)).get(tenant)


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
