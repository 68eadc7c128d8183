"""`assay admin tenant retention`: for how long a tenant's files, previews, reports and index entries stay."""

from typing import Annotated

import typer

from service.cli.admin.tenant import Name

Kept = Annotated[
    str | None,
    typer.Option(metavar="30d", help="Or 12h, 45m, 0d, forever.", show_default=False),
]


def retention(
    name: Name,
    *,
    keep_bytes: Annotated[
        str | None,
        typer.Option(
            "--bytes",
            metavar="30d",
            help="The file itself: 30d, 12h, 45m, 0d for until the scan ends, or forever.",
            show_default=False,
        ),
    ] = None,
    previews: Kept = None,
    reports: Kept = None,
    index_entries: Kept = None,
    zero: Annotated[
        bool | None,
        typer.Option(
            "--zero/--no-zero",
            help="Files are stored encrypted and go with the end of their scan; neither preview "
            "nor index entry is made.",
            show_default=False,
        ),
    ] = None,
    usual: Annotated[
        bool, typer.Option("--usual", help="Take back everything of its own that is not named.")
    ] = False,
) -> None:
    """Keep a tenant's scans for another time than ASSAY_KEEP_DAYS; without options, show it.

    Counted from the arrival of a file. What is past its time by that is deleted within a minute,
    if the service runs, and leaves a signed receipt.

    \b
    assay admin tenant retention newsdesk --bytes 1d --previews 7d --reports 365d
    assay admin tenant retention newsdesk --zero
    """
    from service.access.tenants import Tenants
    from service.cli.engine import read_settings
    from service.cli.installed import database_for
    from service.db.access import AccessRows
    from service.db.retention_lifecycle import OwnRetention, Part, listed
    from service.scans.retention import TenantRetention, parts_in
    from service.wiring import scan_policy

    named = {
        Part.BYTES: keep_bytes,
        Part.PREVIEWS: previews,
        Part.REPORTS: reports,
        Part.INDEX_ENTRIES: index_entries,
    }
    given = {part.value: words for part, words in named.items() if words is not None}
    with database_for(name) as database:
        Tenants(AccessRows(database)).get(name)
        usually = scan_policy(read_settings()).retention
        kept = TenantRetention(database, usually, name)
        before = OwnRetention() if usual else kept.own()
        if given or usual or zero is not None:
            parts = {**before.parts, **parts_in(given)}
            kept.put(OwnRetention(parts=parts, zero=before.zero if zero is None else zero))
        now = usually.over(kept.own())
        lasting = {part: now.of(part) for part in Part}
        typer.echo("  ".join((name, *listed(lasting, zero=now.zero))))
