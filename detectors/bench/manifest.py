"""Lists of labelled media to measure on: a CSV beside the files it names.

Columns `path` (relative to the CSV) and `label` (a key of `LABELS`) are needed. Known under any of
their names and optional: source, generator, format, pair, sha256.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Final

from detectors.base import Kind
from detectors.bench.scores import require_label
from detectors.bench.tables import read_table
from detectors.media.sniff import HEAD_BYTES, sniff

COLUMN_NAMES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "source": ("source", "source_repo"),
        "generator": ("generator", "system"),
        "format": ("format", "source_format", "source_codec", "codec"),
        "pair": ("pair", "paired_source"),
    }
)
"""What a fact about an item may be called; the first name with a value wins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One labelled file. `name` is its path as the manifest has it; `sha256` was computed."""

    file: Path
    name: str
    kind: Kind
    label: str
    sha256: str
    source: str
    generator: str
    format: str
    pair: str


def read_manifest(path: Path) -> list[Item]:
    """The items of a manifest, each file once. Raises `ManifestInvalid` naming the line.

    Every file is hashed, and compared with the `sha256` column where there is one.
    """
    found = read_table(path, ("path", "label"), partial(_item, path.parent))
    items: dict[str, Item] = {}
    for item in found:
        items.setdefault(item.name, item)
    return list(items.values())


def _item(folder: Path, cells: Mapping[str, str]) -> Item:
    require_label(cells["label"])
    with (folder / cells["path"]).open("rb") as file:
        kind = sniff(file.read(HEAD_BYTES)).kind
        file.seek(0)
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if kind is None:
        raise ValueError(f"{cells['path']} is no photo, video or recording")
    if cells.get("sha256") not in (None, "", digest):
        raise ValueError(f"{cells['path']} is not the file the manifest describes")
    facts = {
        fact: next((cells[name] for name in names if cells.get(name)), "")
        for fact, names in COLUMN_NAMES.items()
    }
    return Item(
        file=folder / cells["path"],
        name=cells["path"],
        kind=kind,
        label=cells["label"],
        sha256=digest,
        **{**facts, "pair": "" if facts["pair"] == "0" else facts["pair"]},
    )
