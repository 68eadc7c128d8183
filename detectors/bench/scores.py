"""Scores of one detector over many items, as a CSV: what trainings export and the bench measures.

Columns: `path`, `label` and `raw` are needed; `source`, `generator`, `format`, `pair`,
`laundering`, `allowance`, `log10_lr`, `seconds` and `reason` may be absent or empty. An empty `raw` is an abstention.
"""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from detectors.bench.tables import read_table
from detectors.result import Claim

LABELS: Final = {
    "real": False,
    "bonafide": False,
    "bona_fide": False,
    "ai_generated": True,
    "synthetic": True,
    "spoof": True,
    "face_swap": True,
    "lip_sync": True,
    "reenactment": True,
    "edited": True,
}
"""Every word a manifest may use for what an item is, and whether that makes it synthetic."""

CLAIMED: Final = {
    Claim.GENERATED: frozenset({"ai_generated", "reenactment", "synthetic"}),
    Claim.FACE_SWAP: frozenset({"face_swap", "synthetic"}),
    Claim.LOCAL_EDIT: frozenset({"edited", "synthetic"}),
    Claim.SYNTHETIC_SPEECH: frozenset({"spoof", "synthetic"}),
}
"""The synthetic labels a detector that makes a claim has to find; others it is only shown."""

CLEAN: Final = "none"
"""The laundering of an item judged as it came."""

COLUMNS: Final = (
    "path",
    "label",
    "source",
    "generator",
    "format",
    "pair",
    "laundering",
    "raw",
    "allowance",
    "log10_lr",
    "seconds",
    "reason",
)


def claims(claim: Claim, label: str) -> bool | None:
    """Whether a detector that makes `claim` has to find items of this label, or to let them pass.

    None: they are synthetic, but not what it claims to find.
    """
    if label in CLAIMED[claim]:
        return True
    return None if LABELS[label] else False


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What one detector made of one item under one laundering.

    `source` is where the item was published: folds and resamples keep it together. `pair` names a
    source that holds both classes with one look and codec. `log10_lr` is the calibrated ratio if
    one was applied; `seconds` is CPU time; `reason` says why it abstained.
    """

    path: str
    label: str  # a key of LABELS
    raw: float | None  # None: the detector abstained
    source: str = ""
    generator: str = ""
    format: str = ""
    pair: str = ""
    laundering: str = CLEAN
    allowance: float | None = None  # added to the thresholds for this item; None: nothing
    log10_lr: float | None = None
    seconds: float | None = None
    reason: str = ""

    def __post_init__(self) -> None:
        require_label(self.label)
        if any(value is not None and not math.isfinite(value) for value in self._numbers):
            raise ValueError("numbers must be finite")

    @property
    def synthetic(self) -> bool:
        return LABELS[self.label]

    @property
    def _numbers(self) -> tuple[float | None, ...]:
        return (self.raw, self.allowance, self.log10_lr, self.seconds)


def write_scores(path: Path, scores: Iterable[Score]) -> None:
    """Write a scores file, replacing it. Use paths as the manifest has them, never absolute."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        for score in scores:
            writer.writerow([_cell(getattr(score, column)) for column in COLUMNS])


def require_label(label: str) -> None:
    """Raise `ValueError` unless a manifest may use this word."""
    if label not in LABELS:
        raise ValueError(f"unknown label {label!r}; known: {', '.join(LABELS)}")


def read_scores(path: Path) -> list[Score]:
    """Read a scores file. Raises `ManifestInvalid` naming the line that is wrong."""
    return read_table(path, ("path", "label", "raw"), _score)


def _score(cells: Mapping[str, str]) -> Score:
    return Score(
        path=cells["path"],
        label=cells["label"],
        raw=_number(cells["raw"]),
        allowance=_number(cells.get("allowance", "")),
        source=cells.get("source", ""),
        generator=cells.get("generator", ""),
        format=cells.get("format", ""),
        pair=cells.get("pair", ""),
        laundering=cells.get("laundering") or CLEAN,
        log10_lr=_number(cells.get("log10_lr", "")),
        seconds=_number(cells.get("seconds", "")),
        reason=cells.get("reason", ""),
    )


def _number(cell: str) -> float | None:
    return float(cell) if cell else None


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
