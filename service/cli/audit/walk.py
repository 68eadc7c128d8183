"""Everything below a folder, always in the same order, symbolic links not followed."""

import os
from collections.abc import Callable, Iterator
from contextlib import closing
from enum import IntEnum, StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Final, NamedTuple

from service.cli.audit.on_disk import NumbersByText
from service.language.spoken import Words


class Skip(StrEnum):
    """Why an audit has nothing to say about a file."""

    NOT_MEDIA = "not_media"
    UNSUPPORTED_KIND = "unsupported_kind"  # a picture, film or recording that is not read here
    SYMLINK = "symlink"
    SPECIAL_FILE = "special_file"  # a pipe, socket or device: reading one could block for ever
    FOLDER = "folder"  # named where files are listed


SKIPS: Final = Words[str, str](
    {
        Skip.NOT_MEDIA: "no picture, film or recording",
        Skip.UNSUPPORTED_KIND: "of a kind that is not read here",
        Skip.SYMLINK: "a symbolic link",
        Skip.SPECIAL_FILE: "a special file",
        Skip.FOLDER: "a folder",
    }
)


class _Sort(IntEnum):
    FILE = 0
    FOLDER = 1
    SYMLINK = 2
    SPECIAL_FILE = 3


_SKIPPED: Final = {_Sort.SYMLINK: Skip.SYMLINK, _Sort.SPECIAL_FILE: Skip.SPECIAL_FILE}
MANY: Final = 4096
"""Names in one folder that are sorted in memory; more are sorted in a temporary file."""


class Entry(NamedTuple):
    """One path: a file to look at, or why it is not one."""

    path: str
    refused: OSError | None = None
    skipped: Skip | None = None
    size: int = 0  # in bytes, where listing tells it

    @property
    def is_file(self) -> bool:
        """Whether there is something to open."""
        return self.refused is None and self.skipped is None


def walk(
    root: Path, enters: Callable[[str], bool] = lambda path: True, prefix: str = ""
) -> Iterator[Entry]:
    """Paths relative to `root` below `prefix`, sorted by name within each folder.

    A folder that cannot be opened comes with its error; one that `enters` refuses is left out.
    Folders may lie deeper than Python's calls may nest.
    """
    open_folders = [_entries(root, prefix)]
    while open_folders:
        found = next(open_folders[-1], None)
        if found is None:
            open_folders.pop()
        elif isinstance(found, Entry):
            yield found
        elif enters(found):
            open_folders.append(_entries(root, f"{found}/"))


def _entries(root: Path, prefix: str) -> Iterator[Entry | str]:
    """The files of one folder, and the paths of its folders."""
    try:
        with os.scandir(root / prefix) as found:
            listed = _sorted(found)
            first = next(listed, None)
    except OSError as error:
        yield Entry(prefix or ".", error)
        return
    for name, sort in chain(() if first is None else (first,), listed):
        path = f"{prefix}{name}"
        yield path if sort is _Sort.FOLDER else Entry(path, skipped=_SKIPPED.get(sort))


def _sorted(found: Iterator[os.DirEntry[str]]) -> Iterator[tuple[str, _Sort]]:
    """By name; `found` is read to its end before the first one comes. Raises `OSError`."""
    some = [(entry.name, _sort(entry)) for entry in islice(found, MANY)]
    if len(some) < MANY:
        yield from sorted(some)
        return
    with closing(NumbersByText()) as names:
        for name, sort in chain(some, ((entry.name, _sort(entry)) for entry in found)):
            names.add(name, sort)
        del some
        for name, number in names.sorted():
            yield name, _Sort(number)


def _sort(entry: os.DirEntry[str]) -> _Sort:
    if entry.is_symlink():
        return _Sort.SYMLINK
    if entry.is_dir(follow_symlinks=False):
        return _Sort.FOLDER
    return _Sort.FILE if entry.is_file(follow_symlinks=False) else _Sort.SPECIAL_FILE
