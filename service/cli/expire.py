"""`assay expire`: what is past its retention, and the word to delete it where it is much at once."""

from service.cli.complain import say
from service.cli.exit_codes import ExitCode
from service.cli.installed import the_scans


def run(*, yes: bool) -> ExitCode:
    """Say what is due; delete it if `yes`."""
    with the_scans() as scans:
        overdue = scans.overdue()
        say(f"{overdue.due} of {overdue.kept} scans are past their retention")
        if yes:
            say(f"{scans.expire_all()} deleted")
        elif overdue.held:
            say("nothing has been deleted; if the clock is right, add --yes")
    return ExitCode.NOTHING_FOUND
