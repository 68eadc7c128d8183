"""What an audit needs of an archive, whether a folder or a bucket."""

from collections.abc import Iterator, Mapping
from typing import Protocol

from detectors.base import Kind
from service.analysis.source import Source
from service.cli.audit.walk import Entry


class Archive(Protocol):
    """Files by name, always in the same order."""

    @property
    def excluded(self) -> int:
        """How many files and folders the patterns left out, when last asked for entries."""
        ...

    def entries(self) -> Iterator[Entry]:
        """Each file once, as it is named in the results. Raises `OSError`, `StorageUnavailable`."""
        ...

    def open(self, entry: Entry, limits: Mapping[Kind, int]) -> Source:
        """The file of an entry. Raises `OSError`, and what intake refuses with."""
        ...

    def answers(self) -> bool:
        """Whether the archive as a whole can be got at, when one file could not."""
        ...
