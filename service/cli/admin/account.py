"""`assay admin create` and `assay admin account`: their options, their code imported on use."""

from typing import Annotated

import typer

from service.access.principal import Role

account = typer.Typer(
    help="The people who may sign in.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What they sign in with.")]
TenantOption = Annotated[str, typer.Option("--tenant", help="Whose account it is.")]
DEFAULT = "default"


def create(
    name: Name,
    *,
    tenant: TenantOption = DEFAULT,
    role: Annotated[Role, typer.Option("--role", help="What they may do.")] = Role.OPERATOR,
) -> None:
    """Create an account, the first one an operator's; from then on everybody has to sign in.

    Asks for the password on a terminal, or reads one line from standard input; it is never an
    argument, which other programs could see.

    \b
    assay admin create ines@example.org
    assay admin create joao --tenant desk --role analyst < password.txt
    """
    from service.cli import accounts as command

    raise typer.Exit(command.create(name, tenant, role))


@account.command("list")
def list_accounts(
    *, tenant: Annotated[str | None, typer.Option("--tenant", help="Only of this one.")] = None
) -> None:
    """Show every account: name, tenant, role, state and when it was last signed in."""
    from service.cli import accounts as command

    raise typer.Exit(command.show(tenant))


@account.command()
def disable(
    name: Name, *, undo: Annotated[bool, typer.Option("--undo", help="Enable it again.")] = False
) -> None:
    """Disable an account; its sessions end at once."""
    from service.cli import accounts as command

    raise typer.Exit(command.disable(name, undo=undo))


@account.command("role")
def set_role(
    name: Name, role: Annotated[Role, typer.Argument(metavar="ROLE", help="The new one.")]
) -> None:
    """Give an account another role: viewer, analyst, admin or operator. Its sessions end."""
    from service.cli import accounts as command

    raise typer.Exit(command.set_role(name, role))


@account.command()
def reset(name: Name) -> None:
    """Print a one-time link that sets a new password; the old one works until it is used.

    The link is a path: put the address of the service in front of it.
    """
    from service.cli import accounts as command

    raise typer.Exit(command.reset(name))
