"""`assay admin tenant`: who owns scans, and letting a tenant in or not."""

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from service.db.access import Tenant

tenant = typer.Typer(
    help="Tenants: each sees its own scans, index entries and keys, and nothing of another.",
    no_args_is_help=True,
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="As `assay admin tenant list` shows it.")]


@tenant.command()
def create(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="Lower-case letters, digits and hyphens.")
    ],
) -> None:
    """Make a tenant. It has no keys yet.

    \b
    assay admin tenant create newsdesk
    assay admin key create --tenant newsdesk --scope scans:write --scope scans:read --name ingest
    """
    from service.access.tenants import Tenants
    from service.cli.admin.opening import access_rows

    with access_rows(name) as rows:
        Tenants(rows).create(name)
    typer.echo(name)


@tenant.command("list")
def list_tenants() -> None:
    """Show every tenant, since when it exists and whether it is suspended."""
    from service.access.tenants import Tenants
    from service.cli.admin.opening import access_rows

    with access_rows("tenants") as rows:
        found = Tenants(rows).list()
    for item in found:
        typer.echo(_line(item))


@tenant.command()
def suspend(
    name: Name,
    *,
    resume: Annotated[bool, typer.Option("--resume", help="Let it in again.")] = False,
) -> None:
    """Let nobody of a tenant in, from its next request on; nothing it stored is touched.

    Scans it sent before still run to their end.
    """
    from service.access.tenants import Tenants
    from service.cli.admin.opening import access_rows

    with access_rows(name) as rows:
        if resume:
            Tenants(rows).resume(name)
        else:
            Tenants(rows).suspend(name)


def _line(item: "Tenant") -> str:
    state = f"suspended {item.suspended_at:%F}" if item.suspended_at is not None else "active"
    return f"{item.name}  since {item.created_at:%F}  {state}"
