"""How the command line says that something is wrong: one sentence and a stable code, on stderr."""

from typing import Final

import typer

from detectors.errors import DetectorError
from provenance.errors import ProvenanceError
from service.errors import ServiceError
from service.language.languages import Language, language
from service.names import one_line

DELIBERATE: Final = (ServiceError, ProvenanceError, DetectorError, OSError)
"""Errors with an explanation for the user; anything else is a bug."""


def code_of(error: Exception) -> str:
    """The stable code of an error; `unreadable` for what the operating system refused."""
    if isinstance(error, ServiceError | ProvenanceError | DetectorError):
        return error.code
    return "unreadable" if isinstance(error, OSError) else "internal_error"


def sentence_of(error: Exception) -> str:
    """What went wrong, in one line without control characters."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    title = error.title if isinstance(error, ServiceError) else ""
    text = str(error) or title or type(error).__name__
    return one_line(text)


def complain(about: str, error: Exception) -> None:
    """Print `assay: ABOUT: sentence [code]`."""
    say(f"{about}: {told(sentence_of(error))} [{code_of(error)}]")


def told(sentence: str) -> str:
    """A sentence that was made in English, in the language of the command."""
    if language() is Language.ENGLISH:
        return sentence
    from service.language import reading  # Babel, only for those who read another language

    return reading.told(sentence)


def say(text: str) -> None:
    printable = "".join(c if c.isprintable() else "�" for c in text)
    typer.echo(f"assay: {printable}", err=True)
