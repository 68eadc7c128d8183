"""Cache CLIP token summaries of every view of every picture, so that heads train in seconds."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from detectors.training.image_data import CROP_VIEWS, WHOLE_VIEWS, Picture, render
from detectors.zoo.backbones import ClipEncoder, summary

log = logging.getLogger(__name__)

SHARD = 128
VIEWS = tuple(
    view for pair in zip((*WHOLE_VIEWS, "", ""), CROP_VIEWS, strict=True) for view in pair if view
)
"""In the order of their worth, so that an interrupted run leaves a usable cache."""


def cache(
    pictures: list[Picture], encoder: ClipEncoder, folder: Path, part: int, parts: int
) -> None:
    """Write every missing shard; `part` of `parts` processes share the work."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (view, start) in enumerate(_shards(len(pictures))):
        path = shard_path(folder, view, start)
        if number % parts != part or path.exists():
            continue
        chunk = pictures[start : start + SHARD]
        found = np.stack([summary(encoder.tokens(render(picture, view))) for picture in chunk])
        keys = np.array([picture.key for picture in chunk])
        partial = path.with_suffix(f".{part}.tmp")
        with partial.open("wb") as file:
            np.savez(file, keys=keys, features=found.astype(np.float16))
        partial.rename(path)
        log.info("cached %s", path.name)


def shard_path(folder: Path, view: str, start: int) -> Path:
    return folder / f"{view}-{start:05d}.npz"


def read_view(pictures: list[Picture], folder: Path, view: str) -> npt.NDArray[np.float16]:
    """Summaries of one view of all pictures: (pictures, blocks, 3, 768). Raises `OSError`."""
    parts = []
    for start in range(0, len(pictures), SHARD):
        with np.load(shard_path(folder, view, start)) as shard:
            expected = [picture.key for picture in pictures[start : start + SHARD]]
            if shard["keys"].tolist() != expected:
                raise OSError(f"{folder}: {view} {start} was cached for another manifest")
            parts.append(shard["features"])
    return np.concatenate(parts)


def _shards(pictures: int) -> Iterator[tuple[str, int]]:
    for view in VIEWS:
        for start in range(0, pictures, SHARD):
            yield view, start
