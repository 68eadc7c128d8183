"""An audit as CSV, for people who live in spreadsheets."""

import csv
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from service.cli.audit.results_file import Line

COLUMNS: Final = (
    "path",
    "sha256",
    "kind",
    "verdict",
    "log10_lr",
    "error",
    "duplicate_of",
    "seconds",
)


def write_table(lines: Iterable[Line], path: Path) -> None:
    """One row a file. Paths begin with ./, so that no spreadsheet takes a name for a formula.

    Raises `OSError`.
    """
    with path.open("w", encoding="utf-8", errors="surrogateescape", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for line in lines:
            row = {name: getattr(line, name) for name in COLUMNS}
            for name in ("path", "duplicate_of"):
                row[name] = f"./{row[name]}" if row[name] else None
            writer.writerow(row.values())
