"""A language that says every sentence in English between marks, and what of a page stands outside."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

import pytest
from babel.messages.pofile import read_po

from deploy.messages import TEMPLATE, written
from service.language import reading, spoken
from service.language.languages import Language

OPEN, CLOSE = "⟦", "⟧"
SPOKEN_ATTRIBUTES: Final = ("alt", "aria-label", "placeholder", "title")
UNSPOKEN: Final = frozenset({"bdi", "code", "pre", "script", "style", "time"})
VOID: Final = frozenset(
    {"br", "hr", "img", "input", "link", "meta", "source", "track", "wbr", "rect", "circle"}
)

WORD: Final = re.compile(r"[A-Za-z]{2,}")


@contextmanager
def marking(folder: Path) -> Iterator[Language]:
    """Put the marked sentences in the place of German ones until the block ends."""
    with TEMPLATE.open("rb") as file:
        catalogue = read_po(file)
    for message in catalogue:
        if isinstance(message.id, str):
            message.string = f"{OPEN}{message.id}{CLOSE}" if message.id else message.string
        else:
            message.string = tuple(f"{OPEN}{form}{CLOSE}" for form in message.id)
    (folder / "de.po").write_bytes(written(catalogue))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spoken, "FOLDER", folder)
        _forget()
        yield Language.GERMAN
    _forget()


def _forget() -> None:
    """Nothing that was said before is said again."""
    spoken.catalogue.cache_clear()
    for kept in (reading._known, reading._patterns, reading._sequence, reading._one):
        kept.cache_clear()


def outside(text: str) -> str:
    """What of a text stands outside the marks."""
    return "".join(piece for piece, depth in _pieces(text, 0) if depth == 0)


def _pieces(text: str, depth: int) -> Iterator[tuple[str, int]]:
    for piece in re.split(f"([{OPEN}{CLOSE}])", text):
        depth += (piece == OPEN) - (piece == CLOSE)
        if piece not in {OPEN, CLOSE}:
            yield piece, depth


class Unmarked(HTMLParser):
    """The pieces of a page that no catalogue said: text and attributes outside the marks."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: set[str] = set()
        self._depth = 0
        self._open: list[bool] = []  # of each open tag, whether what is in it is in no language
        self.feed(page)
        assert (self._depth, self._open) == (0, [])

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)
        if tag not in VOID:
            foreign = tag in UNSPOKEN or (tag != "html" and "lang" in dict(attrs))
            self._open.append(foreign or bool(self._open and self._open[-1]))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._attributes(attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            self._open.pop()

    def handle_data(self, data: str) -> None:
        for piece, depth in _pieces(data, self._depth):
            self._depth = depth
            if depth == 0 and self._open[-1:] != [True]:
                self._keep(piece)

    def _attributes(self, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in SPOKEN_ATTRIBUTES and value:
                self._keep(outside(value))

    def _keep(self, piece: str) -> None:
        if WORD.search(piece):
            self.found.add(" ".join(piece.split()))
