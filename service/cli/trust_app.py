"""`assay trust`: its subcommands and their options."""

from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from service.cli.options import ManifestOption

trust = typer.Typer(
    help="Whom to trust: lists of certificates that vouch for signers. The C2PA programme's own "
    "ship with assay; ASSAY_BUILTIN_TRUST=false turns them off.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


class ListKind(StrEnum):
    """What a trust list vouches for."""

    MANIFEST = "manifest"
    TSA = "tsa"
    CAWG = "cawg"


KindOption = Annotated[ListKind, typer.Option("--kind", help="What the list vouches for.")]


@trust.command("add")
def trust_add(
    source: Annotated[str, typer.Argument(metavar="FILE|URL", help="PEM certificates.")],
    *,
    kind: KindOption = ListKind.MANIFEST,
    name: Annotated[str | None, typer.Option(help="Default: from the file's name.")] = None,
) -> None:
    """Trust the certificates of a PEM file or https address.

    \b
    assay trust add newsroom-cameras.pem --name newsroom
    """
    from service.cli import trust as command

    raise typer.Exit(command.add(source, kind.value, name))


@trust.command("list")
def trust_list() -> None:
    """Show the lists in force: those that ship with assay and those added here."""
    from service.cli import trust as command

    raise typer.Exit(command.show())


@trust.command("remove")
def trust_remove(
    name: Annotated[str, typer.Argument()],
    *,
    kind: Annotated[
        ListKind | None, typer.Option("--kind", help="Only the list of this kind.")
    ] = None,
) -> None:
    """Stop trusting a list."""
    from service.cli import trust as command

    raise typer.Exit(command.remove(name, kind.value if kind else None))


@trust.command("test")
def trust_test(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False)],
    *,
    manifest: ManifestOption = None,
    at: Annotated[
        datetime | None, typer.Option(help="Judge as of this moment, in UTC; default: now.")
    ] = None,
) -> None:
    """Explain in plain words why the signer of a file is or is not trusted.

    Exits with 0 if the file is intact and its signer trusted, else with 1.
    """
    from service.cli import trust as command

    raise typer.Exit(command.test(file, manifest, at))


@trust.command("update")
def trust_update(
    *,
    official_only: Annotated[
        bool, typer.Option("--official-only", help="Do not fetch the interim list.")
    ] = False,
) -> None:
    """Fetch the C2PA's lists of signers and of time-stamping authorities again.

    The interim list comes with them: it was frozen on 1 January 2026, and vouches for signers and
    time stamps from before then. Its terms of use are its publisher's.
    """
    from service.cli import trust as command

    raise typer.Exit(command.update(interim=not official_only))
