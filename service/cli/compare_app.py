"""The options of `assay compare`."""

from pathlib import Path
from typing import Annotated, Final

import typer

from service.cli.exit_codes import MEANING, ExitCode
from service.cli.options import web_address
from service.cli.report_app import (
    FastOption,
    LanguageOption,
    OnlyOption,
    ThoroughOption,
    profile_of,
)
from service.language.languages import language

_CODES: Final = {
    ExitCode.NOTHING_FOUND: "nothing differs that was compared",
    ExitCode.FOUND: "something differs",
    ExitCode.NOT_ANALYSED: "one of the two could not be read or analysed",
}
EXIT_CODES: Final = "Exit codes:\n\n\b\n" + "\n".join(
    f"{code:>4}  {_CODES.get(code, MEANING[code])}"
    for code in ExitCode
    if code is not ExitCode.INCONCLUSIVE
)


def compare(
    first: Annotated[str, typer.Argument(metavar="A", help="A file, a report, or a scan's id.")],
    second: Annotated[str, typer.Argument(metavar="B", help="What it is compared with.")],
    *,
    only: OnlyOption = None,
    fast: FastOption = False,
    thorough: ThoroughOption = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print every line as JSON, in English.")
    ] = False,
    every: Annotated[bool, typer.Option("--all", help="Print what is the same, too.")] = False,
    picture: Annotated[
        Path | None,
        typer.Option(
            "--picture", metavar="OUT.jpg", help="Write a picture of where the pixels differ."
        ),
    ] = None,
    lang: LanguageOption = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="A and B are scans of this service.", callback=web_address
        ),
    ] = None,
    key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Its API key, or @FILE with the key in it.")
    ] = None,
) -> None:
    """Say what differs between two files: metadata, credentials, scores and pixels.

    Each may be a file, an address, - for standard input, or a report that assay check or assay show
    wrote, as JSON, PDF or HTML; files are analysed first. Pictures are laid over one another before their
    pixels are compared, so a copy that was scaled, cropped or saved anew shows what else was changed.
    A difference is no accusation: every program that saves a file changes something.

    \b
    assay compare original.jpg copy.jpg
    assay compare original.jpg copy.jpg --only provenance --picture where.jpg
    assay compare monday.json today.jpg --json | jq '.lines[] | select(.differs)'
    assay compare 01JD... 01JE... --server https://assay.example.org --key @key.txt
    """
    from service.cli import compare as command

    if key is not None and server is None:
        raise typer.BadParameter("--key goes with --server")
    if server is not None and (picture or only or fast or thorough):
        raise typer.BadParameter(
            "--picture, --only, --fast and --thorough are about files that are here"
        )
    raise typer.Exit(
        command.run(
            command.Asked(
                first=first,
                second=second,
                profile=profile_of(only, fast=fast, thorough=thorough),
                as_json=as_json,
                every=every,
                picture=picture,
                language=lang or language(),
                server=server,
                key=key,
            )
        )
    )
