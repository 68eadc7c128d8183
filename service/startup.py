"""What every process does first: read the settings, and end with one sentence where they lead nowhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from service.errors import ServiceError, SettingsInvalid

MISCONFIGURED: Final = 2
"""Exit status of a process whose settings make no sense: starting it again would not help."""

ALONE: Final = "--alone"
"""Argument of a process that listens on loopback, for one person."""


@contextmanager
def explained() -> Iterator[None]:
    """End the process with a sentence for each thing that is wrong, and never with a traceback."""
    try:
        yield
    except SettingsInvalid as error:
        _end(*(f"{sentence} [{error.code}]" for sentence in error.sentences))
    except ServiceError as error:
        _end(f"{error} [{error.code}]")


def check(*, alone: bool) -> None:
    """Build the service once and let go of it again: the database is brought up to date by it.

    `alone` says that it will listen on loopback, for one person.
    """
    from service.entrance import build_entrance
    from service.settings import read_settings
    from service.wiring import build_scans, open_database

    with explained():
        settings = read_settings()
        database = open_database(settings)
        build_entrance(settings, database, alone=alone)
        build_scans(settings, database=database).close()


def _end(*sentences: str) -> None:
    for sentence in sentences:
        printable = "".join(letter if letter.isprintable() else " " for letter in sentence)
        sys.stderr.write(f"assay: {printable}\n")
    raise SystemExit(MISCONFIGURED)


if __name__ == "__main__":
    check(alone=ALONE in sys.argv[1:])
