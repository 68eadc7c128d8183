"""`assay models`: its subcommands and their options."""

from pathlib import Path
from typing import Annotated

import typer

models = typer.Typer(
    help="Detectors that others published: pull their weights, check them, remove them.",
    epilog="""\b
assay models list                           what there is, under which licence
assay models show ferretnet                 its card: paper, training data, limits, addresses
assay models pull ferretnet                 shows the licence and asks; then fetches the weights
assay models pull sbi --from FFraw.tar      the same with a file that is here already
assay bench media/manifest.csv --calibrate ferretnet
                                            measure it on labelled media of yours; then it votes
assay models verify                         compare the weights with what was locked""",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@models.command("list")
def models_list(
    *, as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False
) -> None:
    """List the published detectors that can be pulled, and those that are here."""
    from service.cli import models as command

    raise typer.Exit(command.show(as_json=as_json))


@models.command("show")
def models_show(name: Annotated[str, typer.Argument()]) -> None:
    """Show the card of one: licence, paper, training data, limits, addresses."""
    from service.cli import models as command

    raise typer.Exit(command.card(name))


@models.command("pull")
def models_pull(
    name: Annotated[str, typer.Argument()],
    *,
    accept_licence: Annotated[
        bool, typer.Option("--accept-licence", help="Accept the licence without being asked.")
    ] = False,
    given: Annotated[
        list[Path] | None,
        typer.Option(
            "--from",
            metavar="FILE",
            help="Take this file instead of fetching; one for each file on the card.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
) -> None:
    """Fetch the weights of one, after its licence was accepted.

    What arrives must have the sha256 on the card or, where the card has none, that of the first
    pull, which is locked in the weights folder and checked at every load from then on. A pull that
    was interrupted resumes where it stopped. Checkpoints are read in the sandbox and kept as
    safetensors.

    \b
    assay models pull ferretnet
    assay models pull community-forensics --accept-licence
    assay models pull sbi --from FFraw.tar
    """
    from service.cli import models as command

    raise typer.Exit(command.pull(name, accept_licence=accept_licence, given=tuple(given or ())))


@models.command("verify")
def models_verify(
    names: Annotated[list[str] | None, typer.Argument(metavar="NAME...")] = None,
) -> None:
    """Compare pulled weights with what was locked. Exits with 1 when one differs."""
    from service.cli import models as command

    raise typer.Exit(command.verify(tuple(names or ())))


@models.command("remove")
def models_remove(
    name: Annotated[str, typer.Argument()],
    *,
    forget: Annotated[
        bool, typer.Option("--forget", help="Also what was locked: trust the next pull anew.")
    ] = False,
) -> None:
    """Delete the weights and the calibration of one."""
    from service.cli import models as command

    raise typer.Exit(command.remove(name, forget=forget))
