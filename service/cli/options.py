"""Options that several commands share, and the checks of options that take one of a few words."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer

from service.names import no_such

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
        help="A fragment of the video whose initialisation segment is the input; may be repeated.",
        exists=True,
        dir_okay=False,
    ),
]


def web_address(value: str | None) -> str | None:
    """Check an option that names an address. Raises a usage error."""
    if value is not None and not value.lower().startswith(("http://", "https://")):
        raise typer.BadParameter("an address begins with http:// or https://")
    return value


def one_of(what: str, known: Iterable[str]) -> Callable[[str | None], str | None]:
    """A check that an option is one of these words, in any case; a wrong one names them all."""
    words = {word.lower(): word for word in map(str, known)}

    def check(value: str | None) -> str | None:
        if value is None or value.lower() in words:
            return value if value is None else words[value.lower()]
        choices, trouble = ", ".join(words.values()), no_such(what, value, words.values())
        raise typer.BadParameter(f"{trouble} (one of {choices})")

    return check


def some_of(what: str, known: Iterable[str]) -> Callable[[str | None], str | None]:
    """A check of words with commas between them; returns them in the same way."""
    check = one_of(what, known)
    return lambda value: (
        value and ",".join(str(check(word.strip())) for word in value.split(",") if word.strip())
    )


PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        metavar="FILE|NAME",
        help="Say what to do about each file: allow, review or block; see assay policy.",
    ),
]


def checked_answers(value: str | None) -> str | None:
    """Check a list of verdicts and actions, or the word none. Raises a usage error."""
    if value is None:
        return None
    from service.reporting.decision import PolicyAction
    from service.reporting.report import Verdict  # pydantic, only where it is asked for

    return some_of("verdict or action", ("none", *Verdict, *PolicyAction))(value)
