"""The language of commands: asked for, set, or the system's; codes and JSON are the same in all."""

import json
from pathlib import Path

import pytest

from service.cli.languages import language_of
from service.language.languages import Language
from tests import media
from tests.service.command_line import assay


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "en"),
        ({"LANG": "de_AT.UTF-8"}, "de"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "es_ES@euro"}, "es"),
        ({"LANG": "de_DE.UTF-8", "LC_ALL": "C"}, "en"),
        ({"LC_ALL": "de", "ASSAY_LANGUAGE": "es"}, "es"),
        ({"LC_ALL": "", "LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_first_variable_that_is_set_decides(
    environment: dict[str, str], language: Language
) -> None:
    assert language_of(environment) == language


def test_a_command_explains_itself_in_the_language_and_keeps_its_codes(tmp_path: Path) -> None:
    missing, text = tmp_path / "0.jpg", tmp_path / "0.txt"
    german = assay("--lang", "de", "check", missing, data=tmp_path)
    assert german.err.strip() == f"assay: {missing}: Datei oder Ordner nicht vorhanden [unreadable]"
    text.write_text("words")
    spanish = assay("check", text, data=tmp_path, more={"ASSAY_LANGUAGE": "es"})
    assert "por su contenido, el archivo es text/plain [unsupported_kind]" in spanish.err
    assert german.code == spanish.code == assay("check", text, data=tmp_path).code
    listed = assay("--lang", "de", "trust", "list", data=tmp_path)
    assert "bürgt für Unterzeichner" in listed.out


def test_a_report_is_written_in_english_whatever_the_language(tmp_path: Path) -> None:
    photo = tmp_path / "0.jpg"
    photo.write_bytes(media.jpeg(media.photo_like(64, 48)))
    asked = ("check", "--json", "--only", "provenance", photo)
    english, german = (
        json.loads(assay(*spoken, *asked, data=tmp_path).out) for spoken in ((), ("--lang", "de"))
    )
    assert german["headline"] == english["headline"]
    assert german["not_checked"] == english["not_checked"]


def test_commands_of_operators_answer_in_the_language(tmp_path: Path) -> None:
    said = {
        ("expire",): "0 von 0 Prüfungen sind über ihre Aufbewahrungsfrist hinaus",
        ("keys", "list"): "in Gebrauch",
        ("index", "stats"): "es gibt noch keinen Index",
        ("policy", "put", "newsroom"): "entscheidet von jetzt an beim Mandanten default",
    }
    for command, sentence in said.items():
        ran = assay("--lang", "de", *command, data=tmp_path)
        assert sentence in ran.out + ran.err
