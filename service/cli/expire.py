"""`assay expire`: what is past its retention, and the word to delete it where it is much at once."""

from sqlalchemy.exc import SQLAlchemyError

from service.cli.complain import say
from service.cli.engine import read_settings
from service.cli.exit_codes import ExitCode
from service.errors import SettingsInvalid


def run(*, yes: bool) -> ExitCode:
    """Say what is due; delete it if `yes`."""
    from service.wiring import build_scans

    settings = read_settings()
    try:
        scans = build_scans(settings)
        overdue = scans.overdue()
        say(f"{overdue.due} of {overdue.kept} scans are past their retention")
        if yes:
            say(f"{scans.expire_all()} deleted")
        elif overdue.held:
            say("nothing has been deleted; if the clock is right, add --yes")
    except (SettingsInvalid, SQLAlchemyError) as error:
        say(f"{str(error).partition(chr(10))[0]} [{SettingsInvalid.code}]")
        return ExitCode.USAGE
    return ExitCode.NOTHING_FOUND
