"""Write the catalogue's template and bring the languages in line: `python -m deploy.messages`.

Sentences are found where they stand: in `_()`, `n_()`, `N_()` and `Words()`, in templates and scripts. Engines
know nothing of languages, and their sentences end in reports: those of `ENGINES` are read from the strings
and f-strings themselves, with a named place for each value. So are the titles of errors and what they are
raised with.
"""

import ast
import io
import re
import tomllib
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po, write_po
from jinja2.ext import extract_from_ast

from provenance.markers.catalogue import CATALOGUE
from service.cli.main import command
from service.cli.spoken_help import texts_of
from service.language.languages import Language
from service.language.spoken import FOLDER
from service.rendering.render import environment

ROOT: Final = Path(__file__).parents[1]
TEMPLATE: Final = FOLDER / "messages.pot"
WIDTH: Final = 100
HEADER: Final = """\
# Sentences of assay, by the English that stands in the sources.
# `python -m deploy.messages` brings this file in line with them."""

ENGINES: Final = (
    "provenance/advice.py",
    "provenance/consistency/*.py",
    "provenance/declared.py",
    "provenance/explain.py",
    "provenance/judge.py",
    "provenance/markers/*.py",
    "provenance/origin.py",
    "provenance/published.py",
    "provenance/statuses.py",
    "provenance/trust.py",
    "service/reporting/verdict.py",
    "detectors/audio/band.py",
    "detectors/audio/ensemble.py",
    "detectors/audio/windows.py",
    "detectors/faces/swap.py",
    "detectors/image/domain.py",
    "detectors/image/edits.py",
    "detectors/image/history.py",
    "detectors/image/published*.py",
    "detectors/image/views.py",
    "detectors/media/child.py",
    "detectors/media/containers.py",
    "detectors/media/decode_*.py",
    "detectors/media/film_clock.py",
    "detectors/media/notes.py",
    "detectors/media/pictures/jpeg.py",
    "detectors/media/pictures/survey.py",
    "detectors/media/pictures/tiff.py",
    "detectors/runner.py",
    "service/access/checkpoints.py",
    "service/cli/reviewed.py",
    "service/durations.py",
    "service/webhooks/sending.py",
    "service/webhooks/use_cases.py",
    "detectors/video/faces.py",
    "detectors/video/frames.py",
    "detectors/video/refusals.py",
    "service/analysis/classifier.py",
    "service/analysis/credentials.py",
    "service/analysis/looking/*.py",
    "service/analysis/media_index.py",
    "service/analysis/pipeline.py",
    "service/analysis/second_opinion.py",
    "service/analysis/watermarks.py",
    "service/db/batch_deaths.py",
    "service/db/deaths.py",
    "service/db/quarantine.py",
    "service/db/views.py",
    "service/names.py",
    "service/policies/decide.py",
    "service/scans/looking.py",
    "service/scans/self_test.py",
    "service/web/keeping.py",
    "service/web/notes.py",
)
"""Modules whose strings of several words are sentences for readers."""

NO_SENTENCES: Final = frozenset(
    f"provenance/markers/{name}.py"
    for name in ("camera", "catalogue", "generators", "iptc", "tools", "vendors")
)
"""Those of them that name makers and programs instead."""

UNSAID: Final = frozenset(
    {
        "Coding history",
        "legacy timestamp",
        "model card {name}: no map_threshold",
        "{name} is no cascade",
        "{name}: no fusion weights",
        "{name}: {key} needs {names} weights and a bias",
        "{name}: {setting} needs {count} numbers",
        "Label {label}, producer {value}",
        "Matroska info",
        "Matroska tag",
        "Matroska {info_texts}",
        "Ogg comment",
        "PNG hidden text",
        "PNG raw profile",
        "Photoshop resources",
        "Prepared | None",
        "ai generated image",
        "are not covered by the signature; nobody signed them",
        "iPhone 5[cs]",
        "last saved",
        "model card {name}: faces are judged by a FaceSwapDetector",
        "model card {name}: faces are encoded by a detector of pictures",
        "the child sent no thumbnails",
        "{container} Photoshop resources",
        "{container} tag {key}",
        "{name} tag {key}",
        " and {failed} more",
        "fast profile{names}",
        "Multi-Frame Image",
        "Premature end of JPEG file",
        "there is no file",
        "reviewed media",
        "{duration} has seconds",
    }
)
"""Strings of those modules that name places in a file or programs, or that no reader is told."""

ERRORS: Final = (
    "detectors/errors.py",
    "provenance/errors.py",
    "service/access_errors.py",
    "service/cli/audit/parallel.py",
    "service/cli/audit/results_file.py",
    "service/cli/audit/server.py",
    "service/cli/audit/table.py",
    "service/errors.py",
    "service/scans/quarantine.py",
    "service/scans/refusals.py",
)
"""Modules of the errors that people are told of, by a title or by what an error was raised with."""

FOR_PROGRAMMERS: Final = frozenset(
    {"CardInvalid", "EngineUnsafe", "RequestInvalid", "WeightsUnfit", "WrongArithmetic"}
)
"""Those of them that mean a mistake in the product itself."""

HOLDING: Final = frozenset({"Failure", "Failure.of", "refusal", "typer.BadParameter"})
"""Variables that hold such a class, and what says the same of a command line."""

OF_VALUES: Final = (
    "service/api/filters.py",
    "service/db/retention_lifecycle.py",
    "service/durations.py",
    "service/scans/asked.py",
    "service/settings*.py",
)
"""Modules whose `ValueError` says to people what is wrong with a value they sent or set."""

OF_TIFF: Final = (
    *("white-is-zero", "grey", "RGB", "palette", "mask", "printing-colour", "YCbCr", "CIELAB"),
    *("ICC LAB", "ITU LAB", "raw sensor", "LogL", "LogLuv", "linear raw", "unnamed", "unknown"),
    *("whole-number", "whole-number with a sign", "floating-point", "a picture"),
)
"""What reasons of decoders name: the samples of a TIFF, and what a file is not."""

OF_THE_SYSTEM: Final = (
    "Is a directory",
    "No space left on device",
    "No such file or directory",
    "Permission denied",
    "Read-only file system",
)
"""What the operating system says of files that people named."""

CARDS: Final = ("detectors/zoo/cards", "detectors/zoo/public/cards")

PACKAGES: Final = ("detectors", "provenance", "service", "workers")
WITHOUT: Final = (
    "detectors/bench/",
    "detectors/training/",
    "detectors/zoo/public/",
    "service/client/",
)
"""Folders of what builders and programs use, whose errors are English."""

Message = str | tuple[str, str]

_FIGURE: Final = re.compile(r"(?<![\w.,/{-])\d+(?:,\d{3})*(?:\.\d+)?(?![\w}-])")
_OF_CODE: Final = re.compile(
    r"\b[a-z]\w*-[\w.-]*\d\w*|\b(?:mp3|opus)_\w+|(?<=laundered: )(?!handed on)[\w.-]+"
    r"|(?<=laundering: )\w+|(?<=by program, then )[\w.-]+|[\w-]+(?= against all photographs)|(?<=all but )[\w-]+"
)
_OF_KIND: Final = re.compile(r"(saved once|at random): ([\w ]+)$")
_SENTENCE: Final = re.compile(r"^[^\\^$*<>]*[a-z]{2,}[,;:]? [^\\^$*<>]*[a-z]{2,}[^\\^$*<>]*$")
_CODES: Final = re.compile(r"^\s*([a-z][\w-]*\.[\w.-]+\s*)+$")
_SAID: Final = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)+)"')
_MARKS: Final = frozenset({"_", "N_", "marked", "About", "no_such", "one_of", "some_of"})
_EXCEPTIONS: Final = frozenset({"ValueError", "RuntimeError", "TypeError"})


def messages() -> Iterator[tuple[str, Message]]:
    """Every message with the file that it stands in, as it is looked up."""
    for path in sorted((ROOT / "service").rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        yield from ((name, found) for found in said_in(_tree(path)))
    yield from errors()
    for pattern in ENGINES:
        for path in sorted(ROOT.glob(pattern)):
            name = path.relative_to(ROOT).as_posix()
            if name not in NO_SENTENCES:
                found = sentences_in(_tree(path), own=name.startswith("service"))
                yield from ((name, text) for text in found)
    yield from (("service/cli/spoken_help.py", text) for text in texts_of(command()))
    yield from of_cards()
    yield from (("provenance/markers/catalogue.py", entry.note) for entry in CATALOGUE.values())
    for path in sorted((ROOT / "service/rendering/templates").glob("*.html")):
        name = path.relative_to(ROOT).as_posix()
        tree = environment().parse(path.read_text())
        for _line, function, message in extract_from_ast(tree, ("_", "n_")):
            texts = (message,) if isinstance(message, str) else tuple(message or ())
            yield name, (str(texts[0]), str(texts[1])) if function == "n_" else str(texts[0])
    for path in sorted((ROOT / "service/rendering/static").glob("*.js")):
        name = path.relative_to(ROOT).as_posix()
        yield from ((name, found) for found in _SAID.findall(path.read_text()))


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def of_cards() -> Iterator[tuple[str, str]]:
    """What model cards say, with places for figures and codes: a training changes little else."""
    for folder in CARDS:
        for path in sorted((ROOT / folder).glob("*.toml")):
            name, card = path.relative_to(ROOT).as_posix(), tomllib.loads(path.read_text())
            texts = [card["summary"], card["trained_on"], *card["limits"]]
            texts += [line["on"] for line in card.get("measured", ())]
            if " " in card["architecture"]:  # else it is a name
                texts.append(card["architecture"])
            for text in texts:
                kind = _OF_KIND.search(text)
                if kind is not None:
                    yield name, kind[2]
                yield name, with_figures(_OF_KIND.sub(r"\1: {kind}", text))


def with_figures(text: str) -> str:
    """A sentence of a card with a place for each figure and for each code of a laundering."""
    found: Counter[str] = Counter()

    def place(name: str) -> str:
        found[name] += 1
        return f"{{{name}{found[name] if found[name] > 1 else ''}}}"

    named = _OF_CODE.sub(lambda _: place("name"), text)
    return _FIGURE.sub(lambda _: place("figure"), named)


def errors() -> Iterator[tuple[str, str]]:
    """What people are told of errors: the titles of their classes, and what they are made with."""
    yield from (("service/cli/complain.py", text) for text in OF_THE_SYSTEM)
    yield from (("detectors/media/pictures/tiff.py", text) for text in OF_TIFF)
    classes = set(HOLDING)
    for name in ERRORS:
        for node in ast.walk(_tree(ROOT / name)):
            if isinstance(node, ast.ClassDef) and node.name not in FOR_PROGRAMMERS:
                classes.add(node.name)
                yield from ((name, title) for title in _titles(node))
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = path.relative_to(ROOT).as_posix()
            if not name.startswith(WITHOUT):
                found = _made_with(_tree(path), classes)
                yield from ((name, text) for text in found if text not in UNSAID)
    for pattern in OF_VALUES:
        for path in sorted(ROOT.glob(pattern)):
            name, found = path.relative_to(ROOT).as_posix(), _made_with(_tree(path), {"ValueError"})
            yield from ((name, text) for text in found if text not in UNSAID)


def _titles(node: ast.ClassDef) -> Iterator[str]:
    for item in node.body:
        if isinstance(item, ast.Assign) and ast.unparse(item.targets[0]) == "title":
            yield _text(item.value)
        if isinstance(item, ast.AnnAssign) and ast.unparse(item.target) == "title" and item.value:
            yield _text(item.value)


def _made_with(tree: ast.Module, classes: set[str]) -> Iterator[str]:
    """Sentences that errors of these classes are made with."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in classes:
            for arg in node.args:
                text = _with_places(arg) if isinstance(arg, ast.JoinedStr) else _text(arg)
                yield from filter(_SENTENCE.match, [text])


def said_in(tree: ast.Module) -> Iterator[Message]:
    """Messages that a module names as such."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Subscript):
            continue
        function = node.func.value if isinstance(node.func, ast.Subscript) else node.func
        name = function.id if isinstance(function, ast.Name) else ""
        texts = [text for arg in node.args[:2] if (text := _text(arg))]
        if name in _MARKS and texts:
            yield texts[0]
        elif name in {"n_", "n_marked"} and len(texts) == 2:
            yield texts[0], texts[1]
        elif name == "Words":
            yield from _values(node.args[0])


def sentences_in(tree: ast.Module, *, own: bool) -> Iterator[str]:
    """Sentences of a module that does not mark them; the service's own errors are told elsewhere."""
    skipped = {id(part) for node in ast.walk(tree) for part in _no_sentence(node)}
    if own:
        raised = (node for node in ast.walk(tree) if isinstance(node, ast.Raise))
        skipped |= {id(part) for node in raised for part in ast.walk(node)}
    for text in _found_in(tree, skipped):
        if text not in UNSAID and not _CODES.match(text) and ":," not in text:
            yield text


def _found_in(tree: ast.Module, skipped: set[int]) -> Iterator[str]:
    for node in ast.walk(tree):
        if id(node) in skipped:
            continue
        if isinstance(node, ast.JoinedStr):
            yield from filter(_SENTENCE.match, [_with_places(node)])
            for part in ast.walk(node):
                if isinstance(part, ast.IfExp):
                    yield from filter(None, map(_text, (part.body, part.orelse)))
        elif _SENTENCE.match(_text(node)):
            yield _text(node)


def template() -> Catalog:
    """The catalogue of English sentences."""
    made = Catalog(project="assay", charset="utf-8", creation_date=datetime(2026, 1, 1, tzinfo=UTC))
    for name, message in messages():
        made.add(message, locations=[(name, 0)])
    return made


def written(catalogue: Catalog) -> bytes:
    """A catalogue as a file: without line numbers, which change with every edit."""
    catalogue.header_comment = HEADER
    catalogue.project, catalogue.version = "assay", "1"
    catalogue.copyright_holder = catalogue.msgid_bugs_address = ""
    catalogue.last_translator = catalogue.language_team = "assay"
    catalogue.fuzzy = False
    out = io.BytesIO()
    write_po(
        out,
        catalogue,
        width=WIDTH,
        omit_header=False,
        sort_output=True,
        ignore_obsolete=True,
        include_lineno=False,
    )
    return out.getvalue()


def updated(language: Language, english: Catalog) -> Catalog:
    """A language's catalogue with the messages there are now; new ones are empty."""
    path = FOLDER / f"{language}.po"
    if not path.exists():
        path.write_bytes(written(Catalog(locale=language.value, project="assay", charset="utf-8")))
    with path.open("rb") as file:
        found = read_po(file, locale=language.value)
    found.update(english, no_fuzzy_matching=True)
    found.creation_date = found.revision_date = datetime(2026, 1, 1, tzinfo=UTC)
    return found


def _values(node: ast.expr) -> Iterator[str]:
    """The words of a table, and not its keys."""
    if isinstance(node, ast.Dict):
        for value in node.values:
            yield from _values(value)
    elif isinstance(node, ast.Tuple):
        for item in node.elts:
            yield from _values(item)
    elif isinstance(node, ast.Call):
        for arg in node.args:
            yield from _values(arg)
    elif text := _text(node):
        yield text


def _text(node: ast.AST) -> str:
    """The string that a node is; empty where it is none."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _no_sentence(node: ast.AST) -> Iterator[ast.AST]:
    """What stands in a node and is for programmers: docstrings, pieces of strings, errors, logs."""
    if isinstance(node, ast.Module | ast.ClassDef):
        yield from (it.value for it in node.body if isinstance(it, ast.Expr))
    elif isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr):
        yield node.body[0].value
    elif isinstance(node, ast.JoinedStr):
        yield from (part for part in ast.walk(node) if part is not node)
    elif isinstance(node, ast.Call):
        name = ast.unparse(node.func)
        if name in _EXCEPTIONS or name.startswith(("log.", "re.", "Words", "_", "n_", "N_")):
            yield from (part for part in ast.walk(node) if part is not node)


def _with_places(node: ast.JoinedStr) -> str:
    text, taken = "", []
    for part in node.values:
        if isinstance(part, ast.FormattedValue):
            name = _named(part.value)
            taken.append(name)
            again = taken.count(name)
            text += f"{{{name}{again if again > 1 else ''}}}"
        else:
            text += str(part.value)  # type: ignore[attr-defined]
    return text


def _named(node: ast.expr) -> str:
    """What a value is called in the sentence: after the last name in its expression."""
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Call(func=function, args=args):
            return (
                _named(args[0])
                if args and not isinstance(args[0], ast.GeneratorExp)
                else _named(function)
            )
        case ast.Subscript(value=value) | ast.BinOp(left=value) | ast.IfExp(test=value):
            return _named(value)
        case ast.Compare(left=value):
            return _named(value)
        case ast.JoinedStr():
            return "named"
        case _:
            return "value"


if __name__ == "__main__":
    english = template()
    TEMPLATE.write_bytes(written(english))
    for chosen in Language:
        if chosen is not Language.ENGLISH:
            (FOLDER / f"{chosen}.po").write_bytes(written(updated(chosen, english)))
