"""What differs between kinds of media when they are collected: decoding, columns, repeats."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from detectors.media.reader import MediaReader
from detectors.training.collection.table import Entry, Repository

Facts = Mapping[str, str]
"""What is known of a file of the folder beside its line in the table, by column."""


class Missing(StrEnum):
    """Why a line of the table gave nothing."""

    CLONE = "repository not in the mirror"
    FILE = "file not in the clone"
    DIGEST = "another digest than in the table"
    UNDECODABLE = "cannot be decoded"
    NO_SPEECH = "no second of speech"
    NO_PICTURE = "an icon, a banner or a plain area"
    NO_FILM = "a moment, a strip of several films or a plain area"
    REPEAT = "the same as another"
    UNSURE = "the same as another with another label"
    KNOWN = "the same as one of the other folder"


@dataclass(frozen=True, slots=True)
class Kept:
    """A file in the folder, with the line it came from."""

    entry: Entry
    path: Path
    facts: Facts


@dataclass(frozen=True, slots=True)
class Place:
    """What a manifest says of the repository of a file."""

    repository: Repository
    both: bool  # whether files of its group have both labels


Make = Callable[[bytes, Path], Facts | Missing]
"""Writes what training needs of a file to a path; says what is known of it, or why not.

Raises `MediaError` for what cannot be decoded."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of media."""

    suffix: str  # of the files of the folder
    facts: tuple[str, ...]  # columns that are noted when a file is made
    columns: tuple[str, ...]  # of the manifest
    maker: Callable[[MediaReader], Make]
    repeats: Callable[[list[Path]], Iterator[tuple[int, int]]]
    """Pairs (earlier, later) of the same recording or picture."""
    row: Callable[[Kept, Place, Path], tuple[object, ...]]
    """The line of the manifest, for the folder given."""
    looked_at: Callable[[Path, Facts], Path]
    """The file that repeats are found by."""
