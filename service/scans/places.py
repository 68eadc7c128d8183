"""Files that the service reads where they lie: folders that an operator shares with a tenant."""

import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from service.errors import PlaceRefused
from service.scans.intake import CHUNK_BYTES, Receiver

LONGEST: Final = 4096
"""Most bytes of a path, as the kernel has it."""
_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE: Final = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
"""A pipe or device would block, or become our terminal, before it is seen that it is none."""


class Places:
    """What each tenant may have read by its path, as the service sees it."""

    def __init__(self, folders: Mapping[str, tuple[Path, ...]] | None = None) -> None:
        self._folders = folders or {}

    def receive(self, tenant: str, untrusted_path: str, into: Receiver) -> None:
        """Copy a file of a folder of this tenant. Raises `PlaceRefused` and what `into` does.

        Nothing is followed that is a link, at any depth below the folder, and each part of the path
        is opened within the one before, so nobody can exchange one for a link meanwhile.
        """
        folder, parts = self._found(tenant, untrusted_path)
        try:
            with _opened(folder, parts) as file:
                while chunk := file.read(CHUNK_BYTES):
                    into.write(chunk)
        except OSError as error:
            raise PlaceRefused("no file can be read there") from error

    def _found(self, tenant: str, untrusted_path: str) -> tuple[Path, tuple[str, ...]]:
        """The folder that holds the path, and the parts below it."""
        if not untrusted_path.isprintable() or len(untrusted_path.encode()) > LONGEST:
            raise PlaceRefused("this is no path of printable text")
        path = PurePosixPath(untrusted_path)
        if not path.is_absolute() or ".." in path.parts:
            raise PlaceRefused("give the whole path, without ..")
        for folder in self._folders.get(tenant, ()):
            if path.is_relative_to(folder) and path != PurePosixPath(folder):
                return folder, path.relative_to(folder).parts
        raise PlaceRefused("it is in no folder that is shared with you")


def _opened(folder: Path, parts: tuple[str, ...]) -> BinaryIO:
    """A regular file below a folder. Raises `OSError`, `PlaceRefused`."""
    with ExitStack() as stack:
        held = os.open(folder, _FOLDER & ~os.O_NOFOLLOW)  # where it is, is the operator's choice
        stack.callback(os.close, held)
        for part in parts[:-1]:
            held = os.open(part, _FOLDER, dir_fd=held)
            stack.callback(os.close, held)
        file = os.open(parts[-1], _FILE, dir_fd=held)
    if not stat.S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise PlaceRefused("no file can be read there")
    return os.fdopen(file, "rb")
