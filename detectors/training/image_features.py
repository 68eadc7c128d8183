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
    """Write the missing shards of one view; a run that was stopped goes on where it was."""
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(chosen), SHARD):
        path = _shard(folder, view, start)
        if path.exists():
            continue
        part = chosen[start : start + SHARD]
        found = np.stack([describe(render(picture, view)) for picture in part])
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            np.savez(
                file, keys=[picture.key for picture in part], features=found.astype(np.float16)
            )
        partial.rename(path)
        log.info("cached %s", path.name)


def cached(chosen: list[Picture], view: str, folder: Path) -> npt.NDArray[np.float32]:
    """Features of one view of all pictures: (pictures, features).

    Raises `OSError` when the cache lacks them or was made from other pictures.
    """
    parts = []
    for start in range(0, len(chosen), SHARD):
        with np.load(_shard(folder, view, start)) as shard:
            if shard["keys"].tolist() != [p.key for p in chosen[start : start + SHARD]]:
                raise OSError(f"{folder}: {view} was cached for another manifest")
            parts.append(shard["features"].astype(np.float32))
    return np.concatenate(parts).reshape(len(chosen), -1)


def _shard(folder: Path, view: str, start: int) -> Path:
    return folder / f"{view}-{start:05d}.npz"
