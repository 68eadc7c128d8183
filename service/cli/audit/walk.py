"""Every regular file below a folder, always in the same order, symbolic links not followed."""

import os
from collections.abc import Iterator
from pathlib import Path

Found = tuple[str, OSError | None]


def walk(root: Path) -> Iterator[Found]:
    """Paths relative to `root`, sorted by name within each folder; a folder that cannot be
    opened comes with its error. Special files are left out: reading one could block for ever.

    Folders may lie deeper than Python's calls may nest.
    """
    open_folders = [_entries(root, "")]
    while open_folders:
        found = next(open_folders[-1], None)
        if found is None:
            open_folders.pop()
        elif isinstance(found, str):
            open_folders.append(_entries(root, found))
        else:
            yield found


def _entries(root: Path, prefix: str) -> Iterator[Found | str]:
    """The files of one folder, and its folders as the prefix of what lies in them."""
    try:
        with os.scandir(root / prefix) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield prefix or ".", error
        return
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield f"{path}/"
        elif entry.is_file(follow_symlinks=False):
            yield path, None
