"""Which files an audit looks at, and what each is called: folders, lists, patterns."""

import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO, Final

from detectors.base import Kind
from service.analysis.source import Source
from service.cli.audit.on_disk import NumbersByText
from service.cli.audit.patterns import Patterns, named
from service.cli.audit.walk import Entry, Skip, walk
from service.scans.intake import source_from_path

STDIN: Final = "-"
CHUNK_BYTES: Final = 64 * 1024


@dataclass(slots=True)
class Selection:
    """What the command line names. `excluded` counts what the patterns left out.

    With one folder and no list, paths are relative to the folder; otherwise they are as given.
    """

    folders: tuple[Path, ...]
    listed: str | None = None  # a file of paths, or - for standard input
    patterns: Patterns = Patterns()  # noqa: RUF009 (frozen)
    own: tuple[Path, ...] = ()  # what the audit itself writes
    excluded: int = 0
    _own: set[str] = field(default_factory=set)
    _own_names: set[str] = field(default_factory=set)
    _spool: BinaryIO | None = None  # of standard input

    @property
    def root(self) -> Path:
        """What the paths of the entries are relative to."""
        return self.folders[0] if self._alone else Path()

    def entries(self) -> Iterator[Entry]:
        """Each path once, as it is named in the results. Raises `OSError` for the list."""
        self._own = {os.path.realpath(path) for path in self.own}
        self._own_names = {os.path.basename(path) for path in self._own}  # noqa: PTH119 (text)
        self.excluded = 0
        with closing(NumbersByText()) as seen:
            for entry in self._found():
                # Folders may overlap, and a list may repeat itself.
                if self._alone or seen.add(entry.path):
                    yield from self._kept(entry)

    def _kept(self, entry: Entry) -> Iterator[Entry]:
        if self._is_own(entry):
            return
        if entry.refused is None and not self.patterns.takes(entry.path):
            self.excluded += 1
            return
        yield entry._replace(path=named(entry.path))

    def _is_own(self, entry: Entry) -> bool:
        """Whether the audit writes it. Only a link can lead to a file of another name."""
        name = entry.path.rpartition("/")[2]
        if name not in self._own_names and entry.skipped is not Skip.SYMLINK:
            return False
        return os.path.realpath(self.root / entry.path) in self._own

    @property
    def _alone(self) -> bool:
        return len(self.folders) == 1 and self.listed is None

    def _found(self) -> Iterator[Entry]:
        if self._alone:
            yield from walk(self.root, self._enters)
            return
        for folder in self.folders:
            yield from walk(Path(), self._enters, f"{os.path.normpath(folder)}/")
        if self.listed is not None:
            yield from map(_entry, self._paths(self.listed))

    def _paths(self, listed: str) -> Iterator[str]:
        """The paths in a list, separated by NUL where there is one, else by lines.

        What can be read only once, a pipe, is kept in a temporary file: it is asked for twice.
        """
        if listed != STDIN and not Path(listed).is_fifo():
            with Path(listed).open("rb") as file:
                yield from _parts(file)
            return
        if self._spool is None:
            self._spool = tempfile.TemporaryFile()  # noqa: SIM115 (lives as long as the selection)
            with ExitStack() as stack:
                pipe = sys.stdin.buffer
                if listed != STDIN:
                    pipe = stack.enter_context(Path(listed).open("rb"))
                shutil.copyfileobj(pipe, self._spool)
        yield from _parts(self._spool)

    def open(self, entry: Entry, limits: Mapping[Kind, int]) -> Source:
        return source_from_path(self.root / entry.path, limits)

    def answers(self) -> bool:
        return True

    def _enters(self, folder: str) -> bool:
        entered = self.patterns.enters(folder)
        self.excluded += not entered
        return entered


def _parts(file: BinaryIO) -> Iterator[str]:
    file.seek(0)
    by_nul = any(b"\0" in chunk for chunk in iter(partial(file.read, CHUNK_BYTES), b""))
    file.seek(0)
    parts = _split_at_nul(file) if by_nul else chain.from_iterable(map(bytes.splitlines, file))
    return (os.fsdecode(part) for part in parts if part)


def _split_at_nul(file: BinaryIO) -> Iterator[bytes]:
    rest = b""
    while chunk := file.read(CHUNK_BYTES):
        *whole, rest = (rest + chunk).split(b"\0")
        yield from whole
    yield rest


def _entry(path: str) -> Entry:
    try:
        mode = os.lstat(path).st_mode
    except (OSError, ValueError) as error:
        refused = error if isinstance(error, OSError) else OSError("not a path")
        return Entry(path, refused)
    if stat.S_ISREG(mode):
        return Entry(path)
    if stat.S_ISDIR(mode):
        return Entry(path, skipped=Skip.FOLDER)
    return Entry(path, skipped=Skip.SYMLINK if stat.S_ISLNK(mode) else Skip.SPECIAL_FILE)
