"""Which files an audit looks at, and what each is called: folders, lists, patterns."""

import os
import stat
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from service.cli.audit.walk import Entry, Skip, walk

STDIN: Final = "-"


@dataclass(slots=True)
class Selection:
    """What the command line names. `excluded` counts what the patterns left out.

    With one folder and no list, paths are relative to the folder; otherwise they are as given.
    """

    folders: tuple[Path, ...]
    listed: str | None = None  # a file of paths, or - for standard input
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    own: tuple[Path, ...] = ()  # what the audit itself writes
    excluded: int = 0
    _own: set[str] = field(default_factory=set)

    @property
    def root(self) -> Path:
        """What the paths of the entries are relative to."""
        return self.folders[0] if self._alone else Path()

    def entries(self) -> Iterator[Entry]:
        """Each path once, as it is named in the results. Raises `OSError` for the list."""
        self._own = {os.path.realpath(path) for path in self.own}
        seen: set[str] = set()
        for entry in self._found():
            if not self._alone:  # folders may overlap, and a list may repeat itself
                if entry.path in seen:
                    continue
                seen.add(entry.path)
            if os.path.realpath(self.root / entry.path) in self._own:
                continue
            if entry.refused is None and not self._wanted(entry.path):
                self.excluded += 1
                continue
            yield entry._replace(path=_named(entry.path))

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
            yield from map(_entry, _paths(self.listed))

    def _enters(self, folder: str) -> bool:
        entered = not any(_matches(folder, pattern) for pattern in self.exclude)
        self.excluded += not entered
        return entered

    def _wanted(self, path: str) -> bool:
        if any(_matches(path, pattern) for pattern in self.exclude):
            return False
        return not self.include or any(_matches(path, pattern) for pattern in self.include)


def _matches(path: str, pattern: str) -> bool:
    """Without a slash a pattern is about the name, with one about the path; case is ignored."""
    name = path if "/" in pattern else path.rpartition("/")[2]
    return fnmatchcase(name.lower(), pattern.lower())


def _named(path: str) -> str:
    """The path, safe as an argument and as a cell of a table: no dash or sign of a formula first."""
    return path if path[:1].isalnum() or path[:1] in {"/", ".", "_"} else f"./{path}"


def _paths(listed: str) -> list[str]:
    """The paths in a list, separated by NUL where there is one, else by lines."""
    raw = sys.stdin.buffer.read() if listed == STDIN else Path(listed).read_bytes()
    parts = raw.split(b"\0") if b"\0" in raw else raw.splitlines()
    return [os.fsdecode(part) for part in parts if part]


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
