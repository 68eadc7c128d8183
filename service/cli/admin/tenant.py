"""`assay admin tenant`: who owns scans, and letting a tenant in or not."""

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Annotated

import typer

from service.language.spoken import _

if TYPE_CHECKING:
    from service.db.access import Tenant

tenant = typer.Typer(
    help="Tenants: each sees its own scans, index entries and keys, and nothing of another.",
    no_args_is_help=True,
)

Limit = Annotated[int | None, typer.Option(min=0, help="0: no limit.", show_default=False)]
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
    from service.cli.installed import access_rows

    with access_rows(name) as rows:
        Tenants(rows).create(name)
    typer.echo(name)


@tenant.command("list")
def list_tenants() -> None:
    """Show every tenant, whether it is suspended, and its own limits and retention."""
    from service.access.tenants import Tenants
    from service.cli.installed import database_for
    from service.db.access import AccessRows
    from service.db.retention import RetentionRows
    from service.db.retention_lifecycle import listed

    with database_for("tenants") as database:
        kept = RetentionRows(database)
        found = [(item, kept.own(item.name)) for item in Tenants(AccessRows(database)).list()]
    for item, own in found:
        typer.echo("  ".join((_line(item), *listed(own.parts, zero=own.zero))))


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
    from service.cli.installed import access_rows

    with access_rows(name) as rows:
        if resume:
            Tenants(rows).resume(name)
        else:
            Tenants(rows).suspend(name)


@tenant.command("set")
def set_limits(
    name: Name,
    *,
    requests_per_minute: Limit = None,
    upload_bytes_per_day: Limit = None,
    scans_in_flight: Limit = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="Give back every limit of its own that is not named.")
    ] = False,
) -> None:
    """Give a tenant limits of its own in place of ASSAY_QUOTAS__...; 0 is none.

    A running service goes by them within ten seconds.

    \b
    assay admin tenant set newsdesk --requests-per-minute 60000 --scans-in-flight 0
    assay admin tenant set newsdesk --usual
    """
    from service.access.tenants import Tenants
    from service.cli.installed import access_rows
    from service.db.access import OwnLimits

    with access_rows(name) as rows:
        tenants = Tenants(rows)
        before = OwnLimits() if usual else tenants.get(name).limits
        named = {
            "requests_per_minute": requests_per_minute,
            "upload_bytes_per_day": upload_bytes_per_day,
            "scans_in_flight": scans_in_flight,
        }
        given = {limit: value for limit, value in named.items() if value is not None}
        tenants.limit(name, replace(before, **given))
        typer.echo(_line(tenants.get(name)))


def _line(item: "Tenant") -> str:
    ended = item.suspended_at
    state = _("active") if ended is None else _("suspended {when}", when=f"{ended:%F}")
    own = (f"{name}={value}" for name, value in asdict(item.limits).items() if value is not None)
    return "  ".join((item.name, _("since {when}", when=f"{item.created_at:%F}"), state, *own))
