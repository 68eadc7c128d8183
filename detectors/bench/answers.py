"""Answers of whole reports as a CSV: what `assay bench --verdict` keeps, and measures again."""

import csv
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from detectors.base import Kind
from detectors.bench.scores import LABELS, require_columns
from detectors.bench.verdicts import Answered
from detectors.errors import ManifestInvalid

COLUMNS: Final = (
    "path",
    "kind",
    "label",
    "source",
    "laundering",
    "verdict",
    "suspected",
    "ratio",
    "parts",
)
"""`parts` has DETECTOR=RATIO for each detector with a vote that answered, with spaces between."""


def write_answers(path: Path, answers: Iterable[Answered]) -> None:
    """Write an answers file, replacing it."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for item in answers:
            parts = (f"{name}={ratio:.6g}" for name, ratio in item.parts.items())
            ratio = "" if item.ratio is None else f"{item.ratio:.6g}"
            known = (item.path, item.kind, item.label, item.source, item.laundering, item.verdict)
            writer.writerow((*known, int(item.suspected), ratio, " ".join(parts)))


def read_answers(path: Path) -> list[Answered]:
    """Read an answers file. Raises `ManifestInvalid` naming the line that is wrong."""
    with path.open(newline="") as file:
        reader = csv.DictReader(file, restkey="")
        require_columns(path, reader.fieldnames, COLUMNS)
        answers = []
        for row in reader:
            try:
                answers.append(_answer(row))
            except ValueError as error:
                raise ManifestInvalid(f"{path.name}, line {reader.line_num}: {error}") from error
    if not answers:
        raise ManifestInvalid(f"{path.name} has no rows")
    return answers


def _answer(row: dict[str, str | None]) -> Answered:
    if "" in row or None in row.values():
        raise ValueError("the number of cells differs from the header")
    cells = {key: value or "" for key, value in row.items()}
    if cells["label"] not in LABELS:
        raise ValueError(f"unknown label {cells['label']!r}; known: {', '.join(LABELS)}")
    parts = (part.rpartition("=") for part in cells["parts"].split())
    return Answered(
        path=cells["path"],
        kind=Kind(cells["kind"]),
        label=cells["label"],
        source=cells["source"],
        laundering=cells["laundering"],
        verdict=cells["verdict"],
        suspected=cells["suspected"] == "1",
        ratio=_ratio(cells["ratio"]) if cells["ratio"] else None,
        parts={name: _ratio(ratio) for name, _, ratio in parts},
    )


def _ratio(cell: str) -> float:
    ratio = float(cell)
    if not math.isfinite(ratio):
        raise ValueError("numbers must be finite")
    return ratio
