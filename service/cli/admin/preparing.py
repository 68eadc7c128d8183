"""What `assay admin prepare` does."""

from pathlib import Path

from service.access.principal import Role
from service.access_errors import PasswordRefused
from service.analysis.source import DEFAULT_TENANT
from service.cli.complain import say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.cli.installed import database_for
from service.language.spoken import _
from service.wiring import build_people


def run(first: tuple[str, Path] | None) -> ExitCode:
    """`first` names an operator and the file of the password, for where nobody may sign in yet."""
    with database_for("database") as database:
        say(_("the database is up to date"))
        if first is not None:
            name, file = first
            accounts = build_people(read_settings(), database).accounts
            if accounts.any():
                say(_("there are accounts already; none is made"))
            else:
                accounts.create(name, DEFAULT_TENANT, Role.OPERATOR, _password(file))
                say(_("{name} may sign in", name=name))
    return ExitCode.NOTHING_FOUND


def _password(file: Path) -> str:
    """Raises `PasswordRefused`."""
    try:
        return file.read_text().rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as error:
        raise PasswordRefused(f"{file} cannot be read: {error}") from error
