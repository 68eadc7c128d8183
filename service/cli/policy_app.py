"""`assay policy`: check, show and try policies, and their options."""

from pathlib import Path
from typing import Annotated

import typer

policy = typer.Typer(
    help="What to do about reports: allow, review or block, by a document of your own.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

NameArgument = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="A policy, or the name of one that ships.")
]


@policy.command()
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Policies as JSON.")],
) -> None:
    """Say whether policies are well formed, and where one is not.

    \b
    assay policy check desk.json
    """
    from service.cli import policy as command

    raise typer.Exit(command.check(tuple(files)))


@policy.command()
def show(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One that ships; without, all are named.")
    ] = None,
) -> None:
    """Print a policy that ships, to begin your own with.

    \b
    assay policy show
    assay policy show newsroom > desk.json
    """
    from service.cli import policy as command

    raise typer.Exit(command.show(name))


@policy.command()
def schema() -> None:
    """Print the JSON Schema of policies."""
    from service.cli import policy as command

    raise typer.Exit(command.schema())


@policy.command()
def replay(
    draft: NameArgument,
    *,
    reports: Annotated[
        str | None,
        typer.Option(
            "--reports",
            metavar="JSONL",
            help="Reports or an audit, one a line, instead of what was scanned here; - is stdin.",
        ),
    ] = None,
    last: Annotated[
        int, typer.Option("--last", min=1, max=1_000_000, help="So many of the newest scans here.")
    ] = 1000,
    tenant: Annotated[str, typer.Option(help="Whose scans.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer as JSON.")] = False,
) -> None:
    """Say what a draft would decide otherwise about reports that exist. Nothing is changed.

    \b
    assay policy replay desk.json --last 500
    assay policy replay desk.json --reports archive.jsonl
    """
    from service.cli import policy as command

    raise typer.Exit(
        command.replay(draft, reports=reports, last=last, tenant=tenant, as_json=as_json)
    )
