"""`assay expire`: what is past its retention, and the word to delete it where it is much at once."""

from service.cli.complain import say
from service.cli.exit_codes import ExitCode
from service.cli.installed import the_scans
from service.language.spoken import _


def run(*, yes: bool) -> ExitCode:
    """Say what is due; delete it if `yes`."""
    with the_scans() as scans:
        overdue = scans.overdue()
        say(
            _(
                "{due} of {kept} scans are past their retention",
                due=f"{overdue.due:,}",
                kept=f"{overdue.kept:,}",
            )
        )
        if yes:
            say(_("{count} deleted", count=f"{scans.expire_all():,}"))
        elif overdue.held:
            say(_("nothing has been deleted; if the clock is right, add --yes"))
    return ExitCode.NOTHING_FOUND
