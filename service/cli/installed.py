"""The scans of this installation, as commands use them: built from the settings, closed at the end."""

from collections.abc import Iterator
from contextlib import closing, contextmanager

from sqlalchemy.exc import SQLAlchemyError

from service.analysis.source import DEFAULT_TENANT
from service.cli.complain import say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.errors import SettingsInvalid
from service.scans.use_cases import Scans


@contextmanager
def the_scans(tenant: str = DEFAULT_TENANT) -> Iterator[Scans]:
    """A tenant's scans. Ends the command where the settings or the database cannot be used."""
    from service.wiring import build_scans

    try:
        with closing(build_scans(read_settings())) as scans:
            yield scans.of(tenant)
    except (SettingsInvalid, SQLAlchemyError) as error:
        say(f"{str(error).partition(chr(10))[0]} [{SettingsInvalid.code}]")
        raise SystemExit(ExitCode.USAGE) from error
