"""`--help` in other languages: every text of every command, and nothing loaded for English."""

import os
import re
import subprocess
import sys

import pytest
from typer.core import TyperGroup

from service.cli.main import command
from service.cli.spoken_help import LIBRARY, UNWRAPPED, texts_of, translate
from service.language.languages import Language, speaking
from service.language.spoken import _, catalogue

OTHERS = tuple(it for it in Language if it is not Language.ENGLISH)


def helped(*arguments: str, language: str = "") -> str:
    chosen = {"ASSAY_LANGUAGE": language, "COLUMNS": "100"}
    ran = subprocess.run(
        [sys.executable, "-m", "service.cli", *arguments],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **chosen},
    )
    return ran.stdout


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_of_every_command_is_said_in_every_language(language: Language) -> None:
    texts = list(texts_of(command()))
    assert len(texts) > 250
    said = catalogue(language)
    unsaid = [text for text in texts if (found := said.get(text)) is None or not found.string]
    assert unsaid == []


def test_nothing_of_a_help_is_left_out_of_what_is_translated() -> None:
    """In a language that blanks what it knows, only names, defaults and examples are left."""
    built = command()
    translate(built, lambda _text: "·")
    assert built.help == "·"
    assert {getattr(it, "help", None) or "·" for it in built.params} == {"·"}
    assert isinstance(built, TyperGroup)
    helps = [part for it in built.commands.values() for part in (it.help or "").split("\n\n")]
    assert {part for part in helps if not part.startswith(UNWRAPPED)} == {"·"}
    lines = (built.epilog or "").split("\n")
    assert [line for line in lines if re.search("[a-z]{3}", line)] == []


def test_a_language_is_chosen_before_the_command_or_by_the_system() -> None:
    german = helped("--lang", "de", "check", "--help", language="es")
    spanish = helped("trust", "--help", language="es_MX.UTF-8")
    with speaking(Language.GERMAN):
        assert _("Report on files. For whole folders, use assay audit.") in german
        assert _("What to look at; - is standard input.") in german
        assert all(_(it) in german for it in (*LIBRARY[:3], "Exit codes:"))
    with speaking(Language.SPANISH):
        assert _("Stop trusting a list.") in spanish
        assert _(LIBRARY[4]) in spanish
    assert "Report on files" not in german
    assert "assay check photo.jpg" in german


def test_english_help_reads_no_catalogue() -> None:
    show = "import atexit, sys; atexit.register(lambda: print('BABEL', 'babel' in sys.modules))"
    run = f"{show}; sys.argv = ['assay', 'check', '--help']; import service.cli.__main__"
    for language, reads in (("en", False), ("de", True)):
        ran = subprocess.run(
            [sys.executable, "-c", f"{run}; service.cli.__main__.main()"],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "ASSAY_LANGUAGE": language},
        )
        assert f"BABEL {reads}" in ran.stdout
