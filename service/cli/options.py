"""Options that several commands share."""

from pathlib import Path
from typing import Annotated

import typer

ManifestOption = Annotated[
    Path | None,
    typer.Option(
        "--manifest",
        metavar="STORE.c2pa",
        help="Credentials kept outside the file, used instead of any inside.",
        exists=True,
        dir_okay=False,
    ),
]
FragmentOption = Annotated[
    list[Path] | None,
    typer.Option(
        help="A fragment of the video whose initialisation segment is the input; repeat it.",
        exists=True,
        dir_okay=False,
    ),
]
