"""`assay policy`: check, show and try policies, and their options."""

from pathlib import Path
from typing import Annotated, Final

import typer

_LESSON: Final = """Begin with one that ships, change it, try it, then let it decide:

\b
assay policy show newsroom > desk.json   # rules, tried in order; the first that holds gives the action
assay policy check desk.json             # names the place of every mistake, such as $.rules[0].when
assay policy replay desk.json            # what would change about the reports there are
assay policy put desk.json               # decides about every report from now on
assay policy history                     # every version, and who put it there
assay policy withdraw                    # nothing decides any more; reports keep their decisions

A rule has a name, an action (allow, review or block) and `when`: verdicts, kinds, signals,
without_signals, trust, signers, conflicts. Where no rule holds, `default` does. What was not checked
makes an action stricter, never milder. docs/policies.md has all of it."""

policy = typer.Typer(
    help="What to do about reports: allow, review or block, by a document of your own.",
    epilog=_LESSON,
    no_args_is_help=True,
    rich_markup_mode=None,
)

NameArgument = Annotated[
    str, typer.Argument(metavar="FILE|NAME", help="A policy, or the name of one that ships.")
]
TenantOption = Annotated[str, typer.Option(help="Whose scans.")]


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
def put(draft: NameArgument, *, tenant: TenantOption = "default") -> None:
    """Let a policy decide about reports from now on, as the newest version.

    \b
    assay policy put desk.json
    assay policy put newsroom --tenant desk
    """
    from service.cli import policy as command

    raise typer.Exit(command.put(draft, tenant=tenant))


@policy.command()
def withdraw(*, tenant: TenantOption = "default") -> None:
    """Let nothing decide any more. Reports keep their decisions, and the history every version."""
    from service.cli import policy as command

    raise typer.Exit(command.withdraw(tenant=tenant))


@policy.command()
def history(*, tenant: TenantOption = "default") -> None:
    """Print every version: number, time, who, name.

    The newest comes first, and is in force.
    """
    from service.cli import policy as command

    raise typer.Exit(command.history(tenant=tenant))


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
    tenant: TenantOption = "default",
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
