"""Bounded, printable text from untrusted files, and the base of every result that holds it."""

import unicodedata
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints

MAX_TEXT: Final = 512
"""Longest string, in characters, that is copied out of an untrusted file."""

Text = Annotated[str, StringConstraints(max_length=MAX_TEXT)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


def clean(untrusted: object, limit: int = MAX_TEXT) -> str:
    """Make text from a file safe to show: printable, one line, no bidi controls, bounded.

    Cut text ends in an ellipsis. Anything that is not a string becomes the empty string.
    """
    if not isinstance(untrusted, str):
        return ""
    cut = untrusted[: 4 * limit]
    if cut.isascii() and cut.isprintable():
        text = cut
    else:
        text = "".join(c if unicodedata.category(c)[0] != "C" else " " for c in cut)
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1] + "…"


class Closed(BaseModel):
    """Base of every result: frozen, no unknown field, no NaN or infinity."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
