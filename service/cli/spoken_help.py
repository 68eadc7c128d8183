"""`--help` in the language of whoever asks: its texts stand in English where commands are defined.

Nothing is looked up unless a help text is shown in another language, so English costs nothing.
"""

import inspect
import os
import re
from collections.abc import Callable, Iterator
from typing import Final, cast

import typer
from typer.core import TyperCommand, TyperGroup

from service.cli.languages import language_of
from service.language.languages import Language, language, speaking

Command = TyperCommand | TyperGroup
Said = Callable[[str], str]

UNWRAPPED: Final = "\b"
"""Begins a paragraph that keeps its lines: examples, and tables of codes and what they mean."""

_MEANING: Final = re.compile(r"^( *\S+ {2,}|.*\S +# )(.+)$")
USAGE: Final = "Usage:"
_FRAME: Final = (USAGE, "Arguments:", "Options:", "Commands:")
_OPTION_OF_HELP: Final = "Show this message and exit."
_DEFAULT: Final = "default:"
_REQUIRED: Final = "required"
LIBRARY: Final = (*_FRAME, _OPTION_OF_HELP, _DEFAULT, _REQUIRED)
"""What typer itself puts around the texts of commands."""

_AROUND: Final = re.compile(
    rf"^(?:{'|'.join(_FRAME)})|{re.escape(_OPTION_OF_HELP)}|(?<=\[){_DEFAULT}|\b{_REQUIRED}(?=\])",
    re.MULTILINE,
)


class SpokenContext(typer.Context):
    """Shows a command's help in the language that was asked for before the command, or the system's."""

    def get_help(self) -> str:
        asked = self.find_root().params.get("lang")
        with speaking(Language(asked) if asked else language_of(os.environ)):
            if language() is Language.ENGLISH:
                return super().get_help()
            from service.language.spoken import _

            translate(cast(Command, self.command), _)
            return framed(super().get_help())


def framed(text: str) -> str:
    """What typer put around the texts of a command, in the language of the context."""
    if language() is Language.ENGLISH:
        return text
    from service.language.spoken import _

    return _AROUND.sub(lambda found: _(found[0]), text)


def spoken(command: Command) -> Command:
    """This command and all below it, with help in other languages."""
    command.context_class = SpokenContext
    for below in _below(command):
        spoken(below)
    return command


def texts_of(command: Command) -> Iterator[str]:
    """Every text that the help of a command, and of all below it, is made of."""
    found: list[str] = [*LIBRARY]

    def taken(text: str) -> str:
        found.append(text)
        return text

    for one in (command, *_all_below(command)):
        translate(one, taken)
    yield from dict.fromkeys(found)


def translate(command: Command, said: Said) -> None:
    """Put the texts of a command's own help into other words, in place."""
    command.help, command.epilog = (_paragraphs(it, said) for it in (command.help, command.epilog))
    for parameter in command.params:
        text = getattr(parameter, "help", None)
        if text:
            parameter.help = said(text)  # type: ignore[attr-defined]
        default = getattr(parameter, "show_default", None)
        if isinstance(default, str):
            parameter.show_default = said(default)  # type: ignore[attr-defined]
    for below in _below(command):
        below.help = _paragraphs(below.help, said)


def _paragraphs(text: str | None, said: Said) -> str | None:
    if not text:
        return text
    return "\n\n".join(_paragraph(it, said) for it in inspect.cleandoc(text).split("\n\n"))


def _paragraph(text: str, said: Said) -> str:
    if not text.startswith(UNWRAPPED):
        return said(" ".join(text.split()))
    lines = (_MEANING.match(line) for line in text.split("\n"))
    return "\n".join(
        line if found is None else found[1] + said(found[2])
        for line, found in zip(text.split("\n"), lines, strict=True)
    )


def _below(command: Command) -> Iterator[Command]:
    if isinstance(command, TyperGroup):
        yield from (it for it in command.commands.values() if isinstance(it, Command))


def _all_below(command: Command) -> Iterator[Command]:
    for below in _below(command):
        yield below
        yield from _all_below(below)
