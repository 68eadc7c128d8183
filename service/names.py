"""Strangers' names and texts, shown harmlessly; the known name that was probably meant."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final

SHOWN: Final = 40
"""Characters of an unknown name that are repeated."""
_FORMULA: Final = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def one_line(untrusted: str) -> str:
    """Without control characters, ends of lines and rows of blanks."""
    return " ".join("".join(c if c.isprintable() else " " for c in untrusted).split())


def as_cell(untrusted: str) -> str:
    """One line that no spreadsheet takes for a formula, in its wide forms neither."""
    text = one_line(untrusted)
    return f"'{text}" if text.startswith(_FORMULA) else text


def no_such(what: str, untrusted_name: str, known: Iterable[str]) -> str:
    """`there is no field 'fiel'; did you mean file?`, or what there is if nothing is alike."""
    names = sorted(known)
    near = get_close_matches(untrusted_name[: 2 * SHOWN].lower(), names, n=1)
    if near:
        hint = f"did you mean {near[0]}?"
    else:
        hint = f"there are {', '.join(names)}" if names else "none is known here"
    return f"there is no {what} {untrusted_name[:SHOWN]!a}; {hint}"
