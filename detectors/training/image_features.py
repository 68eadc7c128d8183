"""Cache what frozen networks see in every view of every picture, so that heads train in seconds."""

import hashlib
import logging
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.image.views import Pixels
from detectors.training.image_data import Picture, render
from detectors.zoo.threads import side_by_side

log = logging.getLogger(__name__)

Describe = Callable[[Pixels], npt.NDArray[np.float32]]
Render = Callable[[Picture, str], Pixels]

SHARD: Final = 128  # pictures a file


def folder_of(names: Iterable[str], folder: Path) -> Path:
    """A folder below `folder` for what is made from these inputs alone: others get another."""
    return folder / hashlib.sha256("\n".join(names).encode()).hexdigest()[:12]


def cache(
    chosen: list[Picture], view: str, describe: Describe, folder: Path, render: Render = render
) -> None:
    """Describe one view of the pictures that the folder lacks, in shards that keep their order.

    A run that was stopped goes on where it was, and more pictures can be added later.
    """
    folder.mkdir(parents=True, exist_ok=True)
    known = {key for path in _shards(folder, view) for key in _keys(path)}
    missing = [picture for picture in chosen if picture.key not in known]
    count = len(_shards(folder, view))
    for number, start in enumerate(range(0, len(missing), SHARD), count):
        part = missing[start : start + SHARD]
        found = np.stack(side_by_side(lambda picture: describe(render(picture, view)), part))
        path = folder / f"{view}-{number:05d}.npz"
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            np.savez(
                file, keys=[picture.key for picture in part], features=found.astype(np.float16)
            )
        partial.rename(path)
        log.info("cached %s", path.name)


def cached(chosen: list[Picture], view: str, folder: Path) -> npt.NDArray[np.float32]:
    """Features of one view of all pictures: (pictures, features).

    Raises `OSError` when the cache lacks some of them.
    """
    places = {picture.key: index for index, picture in enumerate(chosen)}
    found: npt.NDArray[np.float32] | None = None
    seen: set[str] = set()
    for path in _shards(folder, view):
        with np.load(path) as shard:
            keys, rows = shard["keys"].tolist(), shard["features"]
        if found is None:
            found = np.zeros((len(chosen), rows[0].size), np.float32)
        for key, row in zip(keys, rows, strict=True):
            if key in places:
                found[places[key]] = row.ravel()
                seen.add(key)
    if found is None or len(seen) < len(places):
        raise OSError(f"{folder}: {len(places) - len(seen)} pictures lack the view {view}")
    return found


def _shards(folder: Path, view: str) -> list[Path]:
    return sorted(folder.glob(f"{view}-[0-9]*.npz"))


def _keys(path: Path) -> list[str]:
    with np.load(path) as shard:
        return [str(key) for key in shard["keys"]]
