"""Write model cards: what a training leaves behind besides weights."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from textwrap import fill, indent
from typing import Any, Final

import numpy as np

from detectors.bench.metrics import Bools, Estimate, Floats, Metrics, Sample, measure
from detectors.zoo.card import Calibration, Measured, ModelCard, WeightFile

_LINE: Final = 100


def write_card(card: ModelCard, folder: Path) -> Path:
    """Write `card` as `folder`/cards/NAME.toml, readable by `ModelCard.read`."""
    path = folder / "cards" / f"{card.name}.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    fields = card.model_dump(mode="json", exclude_defaults=True, exclude={"name"})
    path.write_text("\n".join(_toml(fields, "")).strip() + "\n")
    return path


def weight_file(path: Path) -> WeightFile:
    """A file of the repository's weights, as cards name it."""
    with path.open("rb") as file:
        return WeightFile(file=path.name, sha256=hashlib.file_digest(file, "sha256").hexdigest())


def measured(on: str, raw: Floats, synthetic: Bools, line: Calibration) -> Measured:
    """One line of a card: held-out raw scores of both classes, their ratios by `line`."""
    slope, intercept = line.pairs[0]
    ratio = np.clip(slope * raw + intercept, line.lowest, line.highest)
    return measured_line(on, measure(Sample(synthetic=synthetic, raw=raw, ratio=ratio)))


def measured_line(on: str, found: Metrics) -> Measured:
    """One line of a card from what the bench measured. Raises `ValueError` without both classes."""
    return Measured(
        on=on,
        items=found.bona_fide + found.synthetic,
        auc=_value(found.auc),
        eer=_value(found.eer),
        tpr_at_fpr_1=_value(found.tpr_at_fpr_1),
        tpr_at_fpr_5=_value(found.tpr_at_fpr_5),
        cllr=_value(found.cllr),
    )


def _value(estimate: Estimate | None) -> float:
    if estimate is None:
        raise ValueError("a card needs a figure that takes calibrated scores of both classes")
    return estimate.value


def _toml(table: dict[str, Any], prefix: str) -> Iterator[str]:
    """Lines of one table: its values first, then tables and lists of tables."""
    nested = {key: value for key, value in table.items() if _is_nested(value)}
    for key, value in table.items():
        if key not in nested:
            yield f"{_key(key)} = {_literal(value)}"
    for key, value in nested.items():
        name = f"{prefix}{_key(key)}"
        for part in value if isinstance(value, list) else [value]:
            yield ""
            yield f"[[{name}]]" if isinstance(value, list) else f"[{name}]"
            yield from _toml(part, f"{name}.")


def _is_nested(value: object) -> bool:
    return isinstance(value, dict) or (
        isinstance(value, list) and bool(value) and isinstance(value[0], dict)
    )


def _key(key: str) -> str:
    bare = key.replace("_", "").replace("-", "").isalnum() and key.isascii()
    return key if bare else json.dumps(key)


def _literal(value: Any) -> str:  # noqa: ANN401 (any JSON value)
    """A TOML value. JSON's strings, numbers and booleans are TOML's too."""
    if not isinstance(value, list):
        return json.dumps(value, ensure_ascii=False)
    parts = [_literal(part) for part in value]
    short = f"[{', '.join(parts)}]"
    if len(short) < _LINE * 3 // 4:
        return short
    if all(isinstance(part, float | int) for part in value):
        return "[\n" + indent(fill(", ".join(parts), _LINE - 2), "  ") + ",\n]"
    return "[\n" + "".join(f"  {part},\n" for part in parts) + "]"
