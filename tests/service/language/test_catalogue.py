"""Nothing that a person reads is missing from the catalogue, and nothing else stands in it."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Message
from babel.messages.pofile import read_po

from deploy.messages import TEMPLATE, template
from service.language.languages import Language
from service.language.spoken import catalogue

OTHERS = tuple(language for language in Language if language is not Language.ENGLISH)
PLACE = re.compile(r"\{(\w+)\}")
WORD = re.compile(r"[^\W\d_]{3,}")
GERMAN = re.compile(r"\b(und|nicht|wird|ist|der|die|das|eine?|wurden?|kein|Sie)\b")
SAME = {"ICC LAB", "ITU LAB", "{error}: {name}"}
"""Translations that are names in every language."""
COMMANDS = Path(__file__).parents[3] / "service" / "cli"
TELLS = re.compile(r"(say|typer\.(echo|confirm)|Table|.*\.(print|add_column))$")
TEMPLATES = Path(__file__).parents[3] / "service" / "rendering" / "templates"
PIECES = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<(?:[^<>{}]|\{\{.*?\}\}|\{%.*?%\})*>", re.S)
SPOKEN = re.compile(r'\b(?:aria-label|alt|placeholder|title)="([^"{}]*[A-Za-z]{2}[^"{}]*)"')
NAMES = {"assay", "j", "k", "Enter", "SHA-256", "API", "AUC", "EER", "Cllr", "kHz"}

JARGON = (
    *("backend", "blob", "boolean", "cardinality", "cryptographic", "daemon", "dataset"),
    *(
        "deserialise",
        "embedding",
        "endpoint",
        "enum",
        "exception",
        "ground truth",
        "hyperparameter",
    ),
    *("inference", "ingest", "instance", "invalid", "job", "latency", "logit", "malformed", "null"),
    *("parameter", "parse", "payload", "pipeline", "posterior", "queue", "regex", "render"),
    *("schema", "semantic", "softmax", "stack", "string", "submit", "tensor", "thread", "timeout"),
    *("token", "tokenise", "tuple", "URI", "utilise", "validate", "vector"),
)
"""Words of those who build such things; the technical details of a report hold codes in their place."""


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


def test_commands_say_no_words_that_pass_by_the_catalogue() -> None:
    said = {
        path.relative_to(COMMANDS).as_posix(): passing_by(ast.parse(path.read_text()))
        for path in COMMANDS.rglob("*.py")
    }
    assert {name: texts for name, texts in said.items() if texts} == {}


def test_no_language_says_in_many_words_what_another_one_does() -> None:
    """A sentence that was copied from one file of translations into the next is told by its words."""
    german, spanish = (dict(sentences(language)) for language in OTHERS)
    same = {german[english] for english in german if german[english] == spanish[english]}
    assert {text for text in same if len(WORD.findall(PLACE.sub("", text))) > 1} <= SAME
    assert [text for text in spanish.values() if GERMAN.search(text)] == []


def sentences(language: Language) -> Iterator[tuple[object, str]]:
    for message in catalogue(language):
        if message.id and message.string:
            string = message.string
            yield message.id, string if isinstance(string, str) else " ".join(string)


def passing_by(tree: ast.Module) -> list[str]:
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    told = [call for call in calls if TELLS.match(ast.unparse(call.func))]
    return [text for call in told for arg in call.args for text in english_in(arg)]


def english_in(node: ast.AST) -> Iterator[str]:
    """Words in an argument that stand outside `_()`; codes in brackets, paths and keys are none."""
    if isinstance(node, ast.Call):
        return
    if isinstance(node, ast.Subscript):
        yield from english_in(node.value)
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        bare = re.sub(r"\[\w+\]|sha256|https?:|/\S+", "", node.value).strip(" :")
        if bare not in NAMES and re.search(r"[a-z]{2}", bare):
            yield node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from english_in(part)
    else:
        for child in ast.iter_child_nodes(node):
            yield from english_in(child)


@pytest.mark.parametrize("word", JARGON)
def test_pages_speak_to_a_sub_editor_and_not_to_a_programmer(word: str) -> None:
    said = re.compile(rf"\b{word}(s|es|d|ed)?\b", re.IGNORECASE)
    with TEMPLATE.open("rb") as file:
        shown = [message for message in read_po(file) if is_on_pages(message)]
    texts = [text for message in shown for text in forms_of(message)]
    assert len(texts) > 300
    assert [text for text in texts if said.search(PLACE.sub("", text))] == []


def is_on_pages(message: Message) -> bool:
    return bool(message.id) and any(
        place.startswith(("service/rendering/", "service/web/pages.py"))
        for place, _ in message.locations
    )


def forms_of(message: Message) -> list[str]:
    return [message.id] if isinstance(message.id, str) else list(message.id)
