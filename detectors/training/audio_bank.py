"""The views of every recording that training needs, computed once and kept on disk.

A view is a recording as it came or after a laundering; which one, its digest decides. Kept are the
inputs of the experts, for the first window of the longest piece of speech in it, and for the last one
where that piece is much longer.
"""

import csv
import hashlib
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
import torch

from detectors.audio import condition
from detectors.audio.encoder import Encoder
from detectors.audio.speech import SpeechFinder, Stretch
from detectors.audio.statistics import statistics
from detectors.audio.windows import HOP, NARROW, WIDE, WINDOW, Band, Piece, pieces, require_speech
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.training.audio_launder import LAUNDERINGS, LINES

Floats = npt.NDArray[np.float32]

CLEAN: Final = "none"
JUDGED: Final = (CLEAN, *LAUNDERINGS)
"""All views; each is scored when held out, that of the telephone in the narrow band."""

WIDE_VIEWS: Final = tuple(view for view in JUDGED if view != condition.LINE)
"""Views that are judged in all of the band."""

LATER: Final = "later"
"""The last window of a long piece of speech, as it came; networks learn from it, none is judged by it."""

HEARD_VIEWS: Final = (*WIDE_VIEWS, LATER)
"""Views that the networks of the wide band learn from."""

_LONG: Final = 3 * WINDOW // 2  # frames of speech from which on there is a later window

MOST_MADE: Final = 12
"""Recordings of one system on one page that are used, at most."""

MOST_REAL: Final = 100
"""Real recordings of one page that are used, at most."""

_PARTS: Final = ("statistics", "embedding")
LINE: Final = "line"
"""The view that went through one of `LINES`; it is kept in the narrow band alone."""


@dataclass(frozen=True, slots=True)
class Recording:
    """A line of the manifest."""

    file: Path
    digest: str  # of the file it was published as
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
    line_item: npt.NDArray[np.intp]  # recordings that also went through one of `LINES` ...
    line_statistics: Floats  # ... and what the narrow band of what came out is like
    line_embedding: Floats

    @property
    def features(self) -> Floats:
        """What the kernel machine sees: embedding and statistics."""
        return np.hstack([self.embedding, self.statistics])

    @property
    def line_features(self) -> Floats:
        """What the kernel machine of the narrow band sees."""
        return np.hstack([self.line_embedding, self.line_statistics])

    @property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        return np.array([recording.synthetic for recording in self.recordings])[self.item]

    @property
    def line_synthetic(self) -> npt.NDArray[np.bool_]:
        return np.array([recording.synthetic for recording in self.recordings])[self.line_item]

    @property
    def source(self) -> npt.NDArray[np.str_]:
        return np.array([recording.source for recording in self.recordings])[self.item]

    @property
    def line_source(self) -> npt.NDArray[np.str_]:
        return np.array([recording.source for recording in self.recordings])[self.line_item]


def read_manifest(manifest: Path) -> tuple[Recording, ...]:
    """Recordings in the order of the manifest. Raises `KeyError` for a missing column."""
    with manifest.open(newline="") as file:
        return tuple(
            Recording(
                file=manifest.parent / row["path"],
                digest=row["source_sha256"],
                path=row["path"],
                synthetic=row["label"] == "spoof",
                source=row["source"],
                system=row["system"],
                era=row["era"],
                paired=row["paired_source"] == "1",
            )
            for row in csv.DictReader(file)
        )


def chosen(manifests: Iterable[Path]) -> tuple[Recording, ...]:
    """Recordings of several manifests, each once, the smallest digests of what there is most of."""
    once: dict[str, Recording] = {}
    for manifest in manifests:
        for recording in read_manifest(manifest):
            once.setdefault(recording.digest, recording)
    return tuple(
        few_of_each(
            once.values(),
            lambda one: (one.source, one.system if one.synthetic else ""),
            lambda one: MOST_MADE if one.synthetic else MOST_REAL,
        )
    )


def few_of_each(
    recordings: Iterable[Recording],
    group: Callable[[Recording], Hashable],
    most: Callable[[Recording], int],
) -> list[Recording]:
    """Of each group at most so many, those with the smallest digests; in the order of their digests."""
    counts: Counter[Hashable] = Counter()
    found = []
    for recording in sorted(recordings, key=lambda recording: recording.digest):
        counts[group(recording)] += 1
        if counts[group(recording)] <= most(recording):
            found.append(recording)
    return found


def build(
    recordings: tuple[Recording, ...], cache: Path, finder: Path, encoder: Path, *, jobs: int
) -> Bank:
    """Compute the views that the cache lacks, then read all of them."""
    cache.mkdir(parents=True, exist_ok=True)
    missing = [r for r in recordings if not _kept(cache, r).exists()]
    with ProcessPoolExecutor(jobs, initializer=_start, initargs=(finder, encoder)) as pool:
        for recording, views in zip(
            missing,
            pool.map(_views, missing),
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
    items, views = np.asarray(item), np.asarray(view)
    statistics_, embedding = (np.stack(parts[part]).astype(np.float32) for part in _PARTS)
    lines = views == LINE
    return Bank(
        recordings,
        items[~lines],
        views[~lines],
        statistics_[~lines],
        embedding[~lines],
        items[lines],
        statistics_[lines],
        embedding[lines],
    )


def _kept(cache: Path, recording: Recording) -> Path:
    return cache / f"{recording.digest}.npz"


_TOOLS: dict[str, tuple[SpeechFinder, Encoder]] = {}  # of this worker process


def _start(finder: Path, encoder: Path) -> None:
    torch.set_num_threads(1)
    _TOOLS["here"] = SpeechFinder(finder), Encoder.load(encoder)


def _views(recording: Recording) -> Mapping[str, npt.NDArray[np.floating]]:
    """Inputs of the experts for every view of one recording in which there is speech."""
    samples, rate = soundfile.read(recording.file, dtype="float32")
    if rate != AUDIO_RATE or samples.ndim != 1:
        raise ValueError(f"{recording.path}: training expects mono at {AUDIO_RATE} Hz")
    finder, encoder = _TOOLS["here"]
    speech = _longest(finder, samples)
    if speech is None:
        return {}
    first = replace(speech, end=min(speech.end, speech.start + WINDOW * HOP))
    launder, line = laundered_as(recording)
    views = [
        (CLEAN, samples, WIDE, first),
        (launder, LAUNDERINGS[launder](samples), WIDE, first),
        (LINE, LINES[line](samples), NARROW, first),
    ]
    if speech.end - speech.start >= _LONG * HOP:
        last = replace(speech, start=speech.end - WINDOW * HOP)
        views.append((LATER, samples, WIDE, last))
    found: dict[str, npt.NDArray[np.floating]] = {}
    for name, view, band, stretch in views:
        piece = _piece(view, stretch, band)
        found[f"{name}/statistics"] = statistics(piece)[0]
        found[f"{name}/embedding"] = encoder.embed(piece)[0].astype(np.float16)
    return found


def laundered_as(recording: Recording) -> tuple[str, str]:
    """Which of `LAUNDERINGS` and which of `LINES` a recording goes through."""
    number = int(hashlib.sha256(recording.digest.encode()).hexdigest(), 16)
    names, lines = list(LAUNDERINGS), list(LINES)
    return names[number % len(names)], lines[number // len(names) % len(lines)]


def _longest(finder: SpeechFinder, samples: Floats) -> Stretch | None:
    """The longest stretch of speech; None where there is none."""
    audio = Audio(samples=samples, source_rate=AUDIO_RATE, container="wav")
    try:
        speech = require_speech(finder, audio)
    except NotApplicable:
        return None
    return max(speech, key=lambda stretch: stretch.end - stretch.start)


def _piece(samples: Floats, stretch: Stretch, band: Band) -> Piece:
    (piece,) = pieces(samples, [stretch], band)
    return piece
