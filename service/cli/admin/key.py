"""`assay admin key`: the keys that programs show, printed once and kept as a hash."""

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Final

import typer

from service.access.principal import Scope
from service.durations import duration_in
from service.language.spoken import _

if TYPE_CHECKING:
    from service.db.access import ApiKey

SCOPES: Final = {
    Scope.SCANS_READ: "read scans, reports and previews",
    Scope.SCANS_WRITE: "send files and addresses",
    Scope.SCANS_DELETE: "delete scans",
    Scope.INDEX_WRITE: "add originals to the index and take them out",
    Scope.POLICY_WRITE: "change the tenant's policy",
    Scope.ADMIN: "manage the tenant's keys, people and webhooks",
}

key = typer.Typer(
    help="API keys, shown as `Authorization: Bearer KEY`. A secret scanner finds one by "
    "assay_[0-9a-z]{16}_[0-9A-Za-z]{49}.",
    no_args_is_help=True,
)

KeyId = Annotated[str, typer.Argument(metavar="ID", help="As `assay admin key list` shows it.")]
_ABOUT_SCOPES: Final = "Scopes:\n\n\b\n" + "\n".join(
    f"{scope.value:<13} {words}" for scope, words in SCOPES.items()
)


def duration(untrusted: str) -> timedelta:
    """`90d`, `12h` or `30m`; raises typer's error for anything else."""
    try:
        return duration_in(untrusted)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error


@key.command(epilog=_ABOUT_SCOPES)
def create(
    *,
    tenant: Annotated[str, typer.Option(help="Whose key it is.")],
    scope: Annotated[list[Scope], typer.Option(help="What it may do; give it once for each.")],
    name: Annotated[str, typer.Option(help="What it is for, shown in lists.")],
    expires: Annotated[
        str | None, typer.Option(metavar="90d", help="After this it is refused; never.")
    ] = None,
) -> None:
    """Make a key and print it, alone and for the only time: just a hash of it is kept.

    \b
    assay admin key create --tenant default --scope scans:write --scope scans:read --name ingest
    KEY=$(assay admin key create --tenant default --scope scans:read --name board --expires 90d)
    curl -H "Authorization: Bearer $KEY" http://127.0.0.1:8000/v1/scans
    """
    from service.access.keyring import Keyring
    from service.cli.installed import access_rows

    with access_rows(name) as rows:
        end = datetime.now(UTC) + duration(expires) if expires is not None else None
        made = Keyring(rows).create(tenant, name, frozenset(scope), expires_at=end)
    typer.echo(made.text)


@key.command("list")
def list_keys(
    *, tenant: Annotated[str | None, typer.Option(help="Only this tenant's; all.")] = None
) -> None:
    """Show every key by its id: whose it is, what it may do, when it was last used, and its end."""
    from service.access.keyring import Keyring
    from service.cli.installed import access_rows

    with access_rows(tenant or "keys") as rows:
        found = Keyring(rows).list(tenant)
    for item in found:
        typer.echo(_line(item))


@key.command()
def revoke(key_id: KeyId) -> None:
    """Refuse a key from its next request on. This cannot be undone."""
    from service.access.keyring import Keyring
    from service.cli.installed import access_rows

    with access_rows(key_id) as rows:
        Keyring(rows).revoke(key_id)


@key.command()
def rotate(
    key_id: KeyId,
    *,
    overlap: Annotated[
        str, typer.Option(metavar="24h", help="How long the old one still works.")
    ] = "24h",
) -> None:
    """Print a new key of the same name and scopes; the old one works for a while beside it.

    \b
    assay admin key rotate 4k1m7q0s2v5x8z3b --overlap 7d
    """
    from service.access.keyring import Keyring
    from service.cli.installed import access_rows

    with access_rows(key_id) as rows:
        made = Keyring(rows).rotate(key_id, overlap=duration(overlap))
    typer.echo(made.text)


def _line(item: "ApiKey") -> str:
    when = item.used_at
    used = _("never used") if when is None else _("used {when}", when=f"{when:%F %H:%M}")
    parts = (item.id, item.tenant, item.name, ",".join(sorted(item.scopes)), used, _end(item))
    return "  ".join(parts)


def _end(item: "ApiKey") -> str:
    if item.revoked_at is not None:
        return _("revoked {when}", when=f"{item.revoked_at:%F}")
    if item.expires_at is None:
        return _("in force")
    when, over = f"{item.expires_at:%F %H:%M}", item.expires_at <= datetime.now(UTC)
    state = _("expired {when}", when=when) if over else _("until {when}", when=when)
    if not item.replaced_by:
        return state
    return _("{state}, replaced by {id}", state=state, id=item.replaced_by)
