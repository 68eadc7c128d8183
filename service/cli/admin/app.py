"""`assay admin`: what an operator does at the machine itself, straight in the database."""

import typer

from service.cli.admin.account import account, create
from service.cli.admin.key import key
from service.cli.admin.log import checkpoints, log, verify_log
from service.cli.admin.prepare import prepare
from service.cli.admin.quarantine import quarantine
from service.cli.admin.retention import retention
from service.cli.admin.tenant import tenant
from service.cli.admin.webhook import webhook

admin = typer.Typer(
    help="Tenants, people, API keys, webhooks, quarantine and the audit log, in the database itself, "
    "whether or not the service runs.",
    no_args_is_help=True,
)
admin.command()(prepare)
admin.command()(create)
tenant.command()(retention)
admin.add_typer(account, name="account")
admin.add_typer(tenant, name="tenant")
admin.add_typer(key, name="key")
admin.add_typer(webhook, name="webhook")
admin.add_typer(quarantine, name="quarantine")
admin.command()(log)
admin.command()(checkpoints)
admin.command("verify-log")(verify_log)
