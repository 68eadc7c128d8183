"""From a file of a repository to a film for training: kept as it was compressed, decoded to be sure."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Video
from detectors.media.reader import HANDLER, FrameBudget, MediaReader
from detectors.media.sandbox import Sandbox
from detectors.training.collection.kinds import Facts, Kept, Kind, Make, Missing, Place

Floats = npt.NDArray[np.float32]

SHORTEST: Final = 0.6  # seconds
FEWEST: Final = 8  # frames of the film
SMALLEST: Final = 136  # pixels on the short side; less is not judged
LONGEST_SHAPE: Final = 2.5  # long side by short side; more is several films side by side
PLAIN: Final = 4.0  # standard deviation of brightness up to which there is nothing to see
_LOOKED_AT: Final = FrameBudget(frames=3, short_side=144)
_LOOK: Final = 16  # pixels a side of what two frames are compared by
_SAME: Final = 0.995  # cosine of two looks from which on they are one film


def maker(reader: MediaReader) -> Make:
    """Keeps films byte for byte: another encoding would hide what tells them apart."""

    def make(content: bytes, path: Path) -> Facts | Missing:
        probe = reader.probe(BytesIO(content))
        if probe.width is None or probe.height is None or not probe.fps or not probe.seconds:
            return Missing.UNDECODABLE
        short, long = sorted((probe.width, probe.height))
        film = reader.video(BytesIO(content), _LOOKED_AT)
        if (
            short < SMALLEST
            or long > LONGEST_SHAPE * short
            or probe.seconds < SHORTEST
            or (probe.frames or FEWEST) < FEWEST
            or float(film.frames.std()) < PLAIN
        ):
            return Missing.NO_FILM
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.rename(path)
        return {
            "width": str(probe.width),
            "height": str(probe.height),
            "fps": f"{probe.fps:.3f}",
            "seconds": f"{probe.seconds:.2f}",
            "codec": probe.codec,
        }

    return make


def look(film: Video) -> Floats:
    """What two copies of a film have in common whatever their size, shape (values,), length 1."""
    small = [
        cv2.resize(frame, (_LOOK, _LOOK), interpolation=cv2.INTER_AREA) for frame in film.frames
    ]
    small += small[-1:] * (_LOOKED_AT.frames - len(small))
    found = np.stack(small).astype(np.float32).reshape(-1)
    found -= found.mean()
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float32)


def repeats(paths: list[Path]) -> Iterator[tuple[int, int]]:
    """Pairs of films (earlier, later) that are the same film."""
    if not paths:
        return
    with Sandbox(handler=HANDLER) as sandbox:
        reader = MediaReader(sandbox)
        looks = np.stack([_look_at(path, reader) for path in paths])
    for earlier, later in zip(*np.nonzero(np.triu(looks @ looks.T > _SAME, 1)), strict=True):
        yield int(earlier), int(later)


def row(kept: Kept, place: Place, out: Path) -> tuple[object, ...]:
    """A line of the manifest that trainings of films read."""
    entry, source, facts = kept.entry, place.repository, kept.facts
    return (
        kept.path.relative_to(out),
        entry.label,
        entry.system if entry.label != "real" else "",
        source.group,
        "",
        source.group if place.both else "0",
        source.commit,
        entry.path,
        source.licence,
        entry.sha256,
        hashlib.sha256(kept.path.read_bytes()).hexdigest(),
        *(facts[column] for column in FILMS.facts),
    )


def _look_at(path: Path, reader: MediaReader) -> Floats:
    with path.open("rb") as file:
        return look(reader.video(file, _LOOKED_AT))


FILMS: Final = Kind(
    suffix=".film",
    facts=("width", "height", "fps", "seconds", "codec"),
    columns=(
        "path", "label", "generator", "source_repo", "pair", "paired_source", "commit",
        "source_path", "licence", "source_sha256", "sha256", "width", "height", "fps", "seconds",
        "codec",
    ),
    maker=maker,
    repeats=repeats,
    row=row,
    looked_at=lambda path, facts: path,
)  # fmt: skip
