"""Read tables whose every line has to be right: manifests, scores and answers."""

import csv
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from detectors.errors import ManifestInvalid

Row = TypeVar("Row")


def read_table(
    path: Path, needed: tuple[str, ...], parsed: Callable[[Mapping[str, str]], Row]
) -> list[Row]:
    """What `parsed` makes of the cells of each line of a CSV with these columns.

    Raises `ManifestInvalid`, naming the line of which it raises `OSError` or `ValueError`.
    """
    rows = []
    with path.open(newline="") as file:
        reader = csv.DictReader(file, restkey="")
        missing = [column for column in needed if column not in (reader.fieldnames or ())]
        if missing:
            raise ManifestInvalid(f"{path.name}, line 1: no column {', '.join(missing)}")
        for row in reader:
            try:
                if "" in row or None in row.values():
                    raise ValueError("the number of cells differs from the header")
                rows.append(parsed(row))
            except (OSError, ValueError) as error:
                raise ManifestInvalid(f"{path.name}, line {reader.line_num}: {error}") from error
    if not rows:
        raise ManifestInvalid(f"{path.name} has no rows")
    return rows
