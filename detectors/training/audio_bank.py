"""Every view of every recording that training needs, computed once and kept on disk.

A view is a recording as it came or after one of the fixed launderings. Kept are the inputs of both
experts, for the longest piece of speech in it.
"""

import csv
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from detectors.audio.encoder import Encoder
from detectors.audio.speech import SpeechFinder
from detectors.audio.statistics import statistics
from detectors.audio.windows import pieces, require_speech
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.training.audio_launder import LAUNDERINGS

Floats = npt.NDArray[np.float32]

CLEAN: Final = "none"
JUDGED: Final = (CLEAN, *LAUNDERINGS)
"""All views; each is scored when held out."""

_PARTS: Final = ("statistics", "embedding")


@dataclass(frozen=True, slots=True)
class Recording:
    """A line of the manifest."""

    path: str
    synthetic: bool
    source: str
    system: str
    era: str
    paired: bool


@dataclass(frozen=True, slots=True)
class Bank:
    """Views of all recordings side by side; row i of every array is one view."""

    recordings: tuple[Recording, ...]
    item: npt.NDArray[np.intp]  # index into recordings
    view: npt.NDArray[np.str_]
    statistics: Floats
    embedding: Floats

    @property
    def features(self) -> Floats:
        """What the kernel machine sees: embedding and statistics."""
        return np.hstack([self.embedding, self.statistics])

    @property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        return np.array([recording.synthetic for recording in self.recordings])[self.item]

    @property
    def source(self) -> npt.NDArray[np.str_]:
        return np.array([recording.source for recording in self.recordings])[self.item]


def read_manifest(manifest: Path) -> tuple[Recording, ...]:
    """Recordings in the order of the manifest. Raises `KeyError` for a missing column."""
    with manifest.open(newline="") as file:
        return tuple(
            Recording(
                path=row["path"],
                synthetic=row["label"] == "spoof",
                source=row["source"],
                system=row["system"],
                era=row["era"],
                paired=row["paired_source"] == "1",
            )
            for row in csv.DictReader(file)
        )


def build(manifest: Path, cache: Path, finder: Path, encoder: Path, *, jobs: int) -> Bank:
    """Compute the views that the cache lacks, then read all of them."""
    cache.mkdir(parents=True, exist_ok=True)
    recordings = read_manifest(manifest)
    missing = [r for r in recordings if not _kept(cache, r).exists()]
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(finder, encoder)) as pool:
        for recording, views in zip(
            missing,
            pool.map(_views, [(manifest.parent / r.path, r.path) for r in missing]),
            strict=True,
        ):
            part = _kept(cache, recording).with_suffix(".part.npz")
            np.savez(part, **views)  # type: ignore[arg-type] # savez's stub: allow_pickle: bool
            part.rename(_kept(cache, recording))
    return _read(cache, recordings)


def _read(cache: Path, recordings: tuple[Recording, ...]) -> Bank:
    item: list[int] = []
    view: list[str] = []
    parts: dict[str, list[Floats]] = {part: [] for part in _PARTS}
    for index, recording in enumerate(recordings):
        with np.load(_kept(cache, recording)) as kept:
            for name in sorted({key.split("/")[0] for key in kept.files}):
                item.append(index)
                view.append(name)
                for part in _PARTS:
                    parts[part].append(kept[f"{name}/{part}"])
    return Bank(
        recordings,
        np.asarray(item),
        np.asarray(view),
        np.stack(parts["statistics"]).astype(np.float32),
        np.stack(parts["embedding"]).astype(np.float32),
    )


def _kept(cache: Path, recording: Recording) -> Path:
    return cache / f"{Path(recording.path).stem}.npz"


_TOOLS: dict[str, tuple[SpeechFinder, Encoder]] = {}  # of this worker process


def _start(finder: Path, encoder: Path) -> None:
    torch.set_num_threads(1)
    _TOOLS["here"] = SpeechFinder(finder), Encoder.load(encoder)


def _views(task: tuple[Path, str]) -> Mapping[str, npt.NDArray[np.floating]]:
    """Inputs of the experts for every view of one recording in which there is speech."""
    file, name = task
    samples, rate = soundfile.read(file, dtype="float32")
    if rate != AUDIO_RATE or samples.ndim != 1:
        raise ValueError(f"{name}: training expects mono at {AUDIO_RATE} Hz")
    views = {CLEAN: samples}
    views |= {key: launder(samples) for key, launder in LAUNDERINGS.items()}
    found: dict[str, npt.NDArray[np.floating]] = {}
    for key, view in views.items():
        found |= {f"{key}/{part}": value for part, value in _inputs(view).items()}
    return found


def _inputs(samples: Floats) -> Mapping[str, npt.NDArray[np.floating]]:
    finder, encoder = _TOOLS["here"]
    try:
        speech = require_speech(
            finder, Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")
        )
    except NotApplicable:
        return {}
    piece = max(pieces(samples, speech), key=lambda piece: piece.samples.size)
    return {
        "statistics": statistics(piece)[0],
        "embedding": encoder.embed(piece)[0].astype(np.float16),
    }
