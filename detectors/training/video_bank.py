"""Cache what the encoder sees in a few frames of every film, so that a head trains in seconds."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.base import Video
from detectors.bench.manifest import Item
from detectors.errors import MediaError
from detectors.image.views import crop, resized
from detectors.media.reader import SHORT_SIDE_KEPT, FrameBudget, MediaReader
from detectors.video.frames import normalised
from detectors.zoo.backbones import TokenEncoder, summaries

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]

FRAMES: Final = 3
"""Frames of a film, spread over it: neighbours are much alike, other films are not."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Statistics of the frames of one film: whole views and middle crops, (frames, blocks, 3, width)."""

    whole: Floats
    crop: Floats
    side: int  # short side of the frames as they are judged, in pixels

    @classmethod
    def read(cls, path: Path) -> Self:
        """From a file that `cache` wrote."""
        with np.load(path) as kept:
            whole, detail = (kept[name].astype(np.float32) for name in ("whole", "crop"))
            return cls(whole, detail, int(kept["side"]))


def cache(items: Iterable[Item], encoder: TokenEncoder, reader: MediaReader, folder: Path) -> None:
    """Write what is missing, a file a film; a run that was stopped goes on where it was.

    Films that cannot be decoded are left out, and logged.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for item in items:
        path = place(item, folder)
        if path.exists():
            continue
        try:
            with item.file.open("rb") as file:
                film = reader.video(file, FrameBudget(frames=FRAMES, short_side=SHORT_SIDE_KEPT))
        except MediaError as error:
            log.warning("%s: %s", item.name, error)
            continue
        seen = of(film, encoder)
        part = path.with_suffix(".part")
        with part.open("wb") as out:
            np.savez(
                out,
                whole=seen.whole.astype(np.float16),
                crop=seen.crop.astype(np.float16),
                side=seen.side,
            )
        part.rename(path)


def of(film: Video, encoder: TokenEncoder) -> Seen:
    """The statistics of one film."""
    frames = [normalised(frame) for frame in film.frames]
    return Seen(
        whole=np.concatenate([summaries(encoder, [resized(frame)]) for frame in frames]),
        crop=np.concatenate([summaries(encoder, [crop(frame, 0.5, 0.5)]) for frame in frames]),
        side=min(frames[0].shape[:2]),
    )


def place(item: Item, folder: Path) -> Path:
    """Where the statistics of a film are kept."""
    return folder / f"{item.sha256[:16]}.npz"
