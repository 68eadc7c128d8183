"""`assay admin`: who may do what here, decided by whoever has the machine."""

import typer

from service.cli.accounts_app import account, create

admin = typer.Typer(help="Who may do what here.", no_args_is_help=True, rich_markup_mode=None)
admin.command()(create)
admin.add_typer(account, name="account")
