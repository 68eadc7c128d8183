"""`assay index`: its subcommands and their options."""

from pathlib import Path
from typing import Annotated

import typer

index = typer.Typer(
    help="""Known originals, so that copies of them are recognised.

    Add an archive of signed originals. From then on a scan that meets a copy of one, re-encoded,
    scaled, cropped, mirrored or framed, says so and shows the original's Content Credentials. A
    likeness is an indication, not a signature: it never verifies a capture.

    \b
    assay index add /archive
    assay check stripped-copy.jpg
    """,
    no_args_is_help=True,
    rich_markup_mode=None,
)

TenantOption = Annotated[str, typer.Option("--tenant", help="Whose part of the index.")]
DEFAULT = "default"


@index.command("add")
def index_add(
    paths: Annotated[
        list[Path], typer.Argument(metavar="DIR|FILE...", help="Originals.", exists=True)
    ],
    *,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs",
            "-j",
            min=1,
            max=256,
            help="Files at once; default: as many as there are cores.",
        ),
    ] = None,
    tenant: TenantOption = DEFAULT,
) -> None:
    """Add photos, videos and recordings, with their credentials.

    Content that is in the index already is left as it is, so after an interruption the same
    command resumes where it stopped. Trust lists decide who vouches at the time of adding: set
    them up first. To judge again, remove and add.

    \b
    assay index add /archive/2025 /archive/2026
    assay index add original.jpg
    """
    from service.cli import index as command

    raise typer.Exit(command.add(tuple(paths), jobs, tenant))


@index.command("list")
def index_list(
    *,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    tenant: TenantOption = DEFAULT,
) -> None:
    """Show every original, in the order they were added."""
    from service.cli import index as command

    raise typer.Exit(command.show(tenant, as_json=as_json))


@index.command("remove")
def index_remove(
    hashes: Annotated[
        list[str], typer.Argument(metavar="SHA256...", help="Or the first 8 digits or more.")
    ],
    *,
    tenant: TenantOption = DEFAULT,
) -> None:
    """Forget originals and everything that leads to them."""
    from service.cli import index as command

    raise typer.Exit(command.remove(tuple(hashes), tenant))


@index.command("search")
def index_search(
    files: Annotated[list[str], typer.Argument(metavar="FILE|URL|-...", help="Possible copies.")],
    *,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object for each match.")
    ] = False,
    tenant: TenantOption = DEFAULT,
) -> None:
    """Look files up without analysing them. Exits with 1 if any is a copy of an original.

    \b
    assay index search copy.jpg
    assay index search --json copy.jpg | jq .original.name
    """
    from service.cli import index as command

    raise typer.Exit(command.search(tuple(files), tenant, as_json=as_json))


@index.command("stats")
def index_stats(*, tenant: TenantOption = DEFAULT) -> None:
    """Count what the index holds."""
    from service.cli import index as command

    raise typer.Exit(command.stats(tenant))
