"""`assay keys`: the keys that reports are signed with, and replacing the one in use."""

from datetime import UTC, datetime

import typer

keys = typer.Typer(help="The keys that reports are signed with.", no_args_is_help=True)


@keys.command("list")
def list_keys() -> None:
    """Show every key that reports were signed with here, and since when which one is retired."""
    _show()


@keys.command()
def rotate() -> None:
    """Sign with a new key from now on; reports signed with the old one still verify.

    The old public key stays published with the date of today. A running service signs with the new
    key from its next report on; nothing has to be restarted.
    """
    from service.cli.complain import DELIBERATE, complain
    from service.cli.engine import read_settings
    from service.cli.exit_codes import ExitCode
    from service.reporting.signature import replace_key
    from service.wiring import report_signer

    settings = read_settings()
    try:
        report_signer(settings)  # the old one is on record before it goes
        replace_key(settings.report_key)
    except DELIBERATE as error:
        complain(str(settings.report_key), error)
        raise typer.Exit(ExitCode.USAGE) from error
    _show()


def _show() -> None:
    from service.cli.complain import DELIBERATE, complain
    from service.cli.engine import read_settings
    from service.cli.exit_codes import ExitCode
    from service.language.spoken import _
    from service.wiring import report_signer

    try:
        found = report_signer(read_settings()).public()["keys"]
    except DELIBERATE as error:
        complain("keys", error)
        raise typer.Exit(ExitCode.USAGE) from error
    for key in found:
        retired = _("retired {when}", when=_time(key["exp"])) if "exp" in key else _("in use")
        typer.echo(f"{key['kid']}  {_('since {when}', when=_time(key['iat']))}  {retired}")


def _time(seconds: int) -> str:
    from service.language.figures import as_written

    return f"{as_written(f'{datetime.fromtimestamp(seconds, UTC):%F %T}')} UTC"
