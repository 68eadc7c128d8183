"""`assay admin quarantine`: scans whose every attempt ended badly, and letting one be tried again."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from service.language.figures import as_written
from service.language.spoken import _

if TYPE_CHECKING:
    from service.db.lifecycle import Scan

quarantine = typer.Typer(
    help="Scans that are not tried any more because workers died of them, or their file cannot be "
    "read from the store.",
    no_args_is_help=True,
)

MOST = 10_000


@quarantine.command("list")
def list_quarantine(
    *,
    tenant: Annotated[
        str | None, typer.Option(help="Only this one's.", show_default="all tenants")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Show every scan in quarantine, the newest first, and how each attempt ended."""
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.db.quarantine import QuarantineRows
    from service.wiring import scan_keeping

    with database_for("quarantine", tenant) as database:
        rows = QuarantineRows(database, scan_keeping(read_settings()))
        for scan in rows.list(tenant, limit=MOST, before=None):
            typer.echo(json.dumps(_fields(scan)) if as_json else _lines(scan))


@quarantine.command()
def release(
    scan_id: Annotated[str, typer.Argument(metavar="SCAN")],
    *,
    tenant: Annotated[str, typer.Option(help="Whose scan it is.")] = "default",
) -> None:
    """Try a scan again, as often as a new one. A running service begins within seconds.

    \b
    assay admin quarantine release 01k9x2v7qe4m8n1r5t6w0yza3c --tenant newsdesk
    """
    from service.cli.installed import the_scans

    with the_scans(tenant) as scans:
        scans.quarantine.release(scans.get(scan_id))
    typer.echo(scan_id)


def _fields(scan: "Scan") -> dict[str, object]:
    failure, since = scan.failure, scan.quarantined_at
    return {
        "scan": scan.id,
        "tenant": scan.tenant,
        "quarantined_at": since.isoformat() if since is not None else None,
        "code": failure.code if failure is not None else None,
        "kind": scan.kind,
        "media_type": scan.media_type,
        "size": scan.size,
        "sha256": scan.sha256,
        "bytes_kept": "bytes" not in scan.gone,
        "deaths": [noted.stored() for noted in scan.deaths],
    }


def _lines(scan: "Scan") -> str:
    from service.analysis.progress import STAGES
    from service.cli.complain import told

    since, code = scan.quarantined_at, scan.failure.code if scan.failure else ""
    size = f"{scan.media_type} {as_written(f'{scan.size:,}')} B"
    head = (scan.id, scan.tenant, _("since {when}", when=f"{since:%F %T}"), code, size)
    deaths = (
        f"  {as_written(f'{noted.at:%F %T}')}  {_('attempt {number}', number=str(noted.attempt))}"
        f"  {STAGES[noted.stage]}  {noted.worker}: {told(noted.death.sentence)}"
        for noted in scan.deaths
    )
    return "\n".join(("  ".join(head), *deaths))
