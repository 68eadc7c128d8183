"""Whose a printed report is, and the paper it is made for."""

from dataclasses import dataclass
from enum import StrEnum


class Paper(StrEnum):
    """What a document is printed on."""

    A4 = "a4"
    LETTER = "letter"


@dataclass(frozen=True, slots=True)
class Imprint:
    """The name at the head of a document, and its paper."""

    organisation: str = ""
    paper: Paper = Paper.A4
