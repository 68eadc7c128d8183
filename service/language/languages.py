"""Which language a person reads: chosen for a request or a command, English where nobody chose."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from enum import StrEnum
from typing import Final


class Language(StrEnum):
    """A language that all of the product's sentences are written in."""

    ENGLISH = "en"
    GERMAN = "de"
    SPANISH = "es"


NAMES: Final[Mapping[Language, str]] = {
    Language.ENGLISH: "English",
    Language.GERMAN: "Deutsch",
    Language.SPANISH: "Español",
}
"""Each language by its own name."""

_language: ContextVar[Language] = ContextVar("language", default=Language.ENGLISH)


def named(untrusted: str) -> Language | None:
    """The language of a tag such as `de` or `de-AT`; None for those that nothing is written in."""
    short = untrusted.strip().lower().partition("-")[0]
    return next((language for language in Language if language == short), None)


def language() -> Language:
    """The language in which sentences are said now."""
    return _language.get()


@contextmanager
def speaking(chosen: Language) -> Iterator[None]:
    """Say sentences in this language until the block ends."""
    before = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(before)
