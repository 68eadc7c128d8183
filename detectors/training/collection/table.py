"""The committed table of what is collected: repositories at a commit, and files in them."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, TypeVar

FOLDER: Final = Path(__file__).parent
REPOSITORIES: Final = FOLDER / "repositories.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Repository:
    """A line of `repositories.csv`."""

    kind: str  # speech, image, ...
    repository: str  # OWNER/NAME
    commit: str
    licence: str  # what the repository says of itself
    era: str  # of its systems: "modern" or "classic"
    group: str  # repositories that share voices or systems, and so belong into one fold
    look: str = ""  # "photographs" where all generated pictures look like them


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A line of `speech.csv` and its siblings: one file."""

    repository: str
    path: str
    label: str  # as the manifests of the trainings have it: "bonafide" or "spoof", ...
    system: str  # what made it; "human", "camera" or "hand" for what is real
    sha256: str  # of the file as git has it


Row = TypeVar("Row", Repository, Entry)


def read(path: Path, kind: type[Row]) -> list[Row]:
    """All lines of a table. Raises `KeyError` for a missing column, `OSError` for a missing file."""
    names = [field.name for field in fields(kind)]
    with path.open(newline="", encoding="utf-8") as file:
        return [kind(**{name: row[name] for name in names}) for row in csv.DictReader(file)]


def write(path: Path, kind: type[Row], rows: Iterable[Row]) -> None:
    """Write a whole table, in the order given."""
    names = [field.name for field in fields(kind)]
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows([getattr(row, name) for name in names] for row in rows)


def files(kind: str) -> Path:
    """The table of files of one kind of media."""
    return FOLDER / f"{kind}.csv"
