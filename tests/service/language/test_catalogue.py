"""Nothing that a person reads is missing from the catalogue, and nothing else stands in it."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from deploy.messages import TEMPLATE, template
from service.language.languages import Language
from service.language.spoken import catalogue

OTHERS = tuple(language for language in Language if language is not Language.ENGLISH)
PLACE = re.compile(r"\{(\w+)\}")
TEMPLATES = Path(__file__).parents[3] / "service" / "rendering" / "templates"
PIECES = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<(?:[^<>{}]|\{\{.*?\}\}|\{%.*?%\})*>", re.S)
SPOKEN = re.compile(r'\b(?:aria-label|alt|placeholder|title)="([^"{}]*[A-Za-z]{2}[^"{}]*)"')
NAMES = {"assay", "j", "k", "Enter", "SHA-256", "API", "AUC", "EER", "Cllr", "kHz"}


def test_the_template_of_the_catalogue_is_what_the_sources_say() -> None:
    """`python -m deploy.messages` writes it."""
    with TEMPLATE.open("rb") as file:
        written = read_po(file)
    assert {message.id for message in written} == {message.id for message in template()}


@pytest.mark.parametrize("language", OTHERS)
def test_every_sentence_is_said_in_every_language_and_none_that_nobody_says(
    language: Language,
) -> None:
    said = {message.id: message.string for message in catalogue(language) if message.id}
    assert set(said) == {message.id for message in template() if message.id}
    for english, string in said.items():
        forms = [string] if isinstance(string, str) else list(string or ())
        assert forms, english
        assert all(form.strip() for form in forms), english
        first = english if isinstance(english, str) else english[1]
        for form in forms[1:] or forms:
            assert set(PLACE.findall(form)) == set(PLACE.findall(first)), english


@pytest.mark.parametrize("name", sorted(path.name for path in TEMPLATES.glob("*.html")))
def test_templates_hold_no_words_that_pass_by_the_catalogue(name: str) -> None:
    text = re.sub(r"<!doctype html>|<pre.*?</pre>", "", (TEMPLATES / name).read_text(), flags=re.S)
    found = [piece.strip() for piece in PIECES.split(text)]
    assert {piece for piece in found if re.search(r"[A-Za-z]{2}", piece)} <= NAMES
    assert set(SPOKEN.findall(text)) <= {"https://"}
