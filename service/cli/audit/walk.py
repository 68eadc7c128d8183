"""Every regular file below a folder, always in the same order, symbolic links not followed."""

import os
from collections.abc import Iterator
from pathlib import Path


def walk(root: Path) -> Iterator[tuple[str, OSError | None]]:
    """Paths relative to `root`, sorted by name within each folder; a folder that cannot be
    opened comes with its error. Special files are left out: reading one could block for ever.
    """
    yield from _below(root, "")


def _below(root: Path, prefix: str) -> Iterator[tuple[str, OSError | None]]:
    try:
        with os.scandir(root / prefix) as found:
            entries = sorted(found, key=lambda entry: entry.name)
    except OSError as error:
        yield prefix or ".", error
        return
    for entry in entries:
        path = f"{prefix}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _below(root, f"{path}/")
        elif entry.is_file(follow_symlinks=False):
            yield path, None
