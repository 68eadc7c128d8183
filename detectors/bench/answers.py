"""Answers of whole reports as a CSV: what `assay bench --verdict` keeps, and measures again."""

import csv
import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from detectors.base import Kind
from detectors.bench.scores import require_label
from detectors.bench.tables import read_table
from detectors.bench.verdicts import Answered

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
    return read_table(path, COLUMNS, _answer)


def _answer(cells: Mapping[str, str]) -> Answered:
    require_label(cells["label"])
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
