"""What is wrong with a command line, in the language of whoever typed it; typer says it in English."""

import os
from typing import Final

import typer
from typer import TyperException

from service.cli.exit_codes import ExitCode
from service.cli.languages import language_of
from service.cli.spoken_help import USAGE, framed
from service.language.languages import Language, speaking
from service.language.spoken import N_, _

OF_THE_LIBRARY: Final = (
    N_("Missing command."),
    N_("Missing argument {named}."),
    N_("Missing option {named}."),
    N_("No such command {name}."),
    N_("No such command {name}. Did you mean {named}?"),
    N_("No such option: {name}"),
    N_("No such option: {name} (Possible options: {choices})"),
    N_("Got unexpected extra argument(s) ({text})"),
    N_("Option {name} requires an argument."),
    N_("Option {name} does not take a value."),
    N_("Invalid value: {why}"),
    N_("Invalid value for {named}: {why}"),
    N_("path {path} does not exist."),
    N_("file {file} does not exist."),
    N_("file {file} is a directory."),
    N_("path {path} is not readable."),
    N_("file {file} is not readable."),
)
"""Its sentences, as far as commands can meet them."""


def refused(error: TyperException) -> int:
    """Say how the command is called and what is wrong with it; returns the exit status."""
    from service.cli.complain import told

    context: typer.Context | None = getattr(error, "ctx", None)
    asked = context.find_root().params.get("lang") if context is not None else None
    with speaking(Language(asked) if asked else language_of(os.environ)):
        sentence = error.format_message()
        if sentence.startswith(_(USAGE)):  # a group that was named without a command shows its help
            typer.echo(sentence, err=True)
            return ExitCode.USAGE
        if context is not None:
            typer.echo(framed(context.get_usage()), err=True)
            command = f"{context.command_path} {context.help_option_names[-1]}"
            typer.echo(_("Try '{command}' for help.", command=command) + "\n", err=True)
        typer.echo(_("Error: {sentence}", sentence=told(sentence)), err=True)
    return ExitCode.USAGE


def broken_off() -> int:
    """Somebody answered a question with Ctrl-C or not at all."""
    with speaking(language_of(os.environ)):
        typer.echo(_("Aborted!"), err=True)
    return ExitCode.FOUND
