"""Everything below a folder, always in the same order, symbolic links not followed."""

import os
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class Skip(StrEnum):
    """Why an audit has nothing to say about a file."""

    NOT_MEDIA = "not_media"
    SYMLINK = "symlink"
    SPECIAL_FILE = "special_file"  # a pipe, socket or device: reading one could block for ever
    FOLDER = "folder"  # named where files are listed


class Entry(NamedTuple):
    """One path: a file to look at, or why it is not one."""

    path: str
    refused: OSError | None = None
    skipped: Skip | None = None


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
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield Entry(prefix or ".", error)
        return
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield path
        else:
            yield Entry(path, skipped=_skip(entry))


def _skip(entry: os.DirEntry[str]) -> Skip | None:
    if entry.is_symlink():
        return Skip.SYMLINK
    return None if entry.is_file(follow_symlinks=False) else Skip.SPECIAL_FILE
