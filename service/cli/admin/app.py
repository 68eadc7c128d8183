"""`assay admin`: what an operator does at the machine itself, straight in the database."""

import typer

from service.cli.admin.key import key
from service.cli.admin.tenant import tenant

admin = typer.Typer(
    help="Tenants and API keys. Works on the database itself, whether or not the service runs.",
    no_args_is_help=True,
)
admin.add_typer(tenant, name="tenant")
admin.add_typer(key, name="key")
