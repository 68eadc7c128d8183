"""Which language a command speaks: what was asked for, ASSAY_LANGUAGE, or that of the system."""

from collections.abc import Mapping
from typing import Final

from service.language.languages import Language, named

VARIABLES: Final = ("ASSAY_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
"""The first of these that is set decides, as in POSIX; `de`, `de_AT.UTF-8` and `de-AT` are German."""


def language_of(environment: Mapping[str, str]) -> Language:
    """English where a language is set that nothing is written in."""
    wanted = next((value for name in VARIABLES if (value := environment.get(name))), "")
    return named(wanted.replace("_", "-").partition(".")[0]) or Language.ENGLISH
