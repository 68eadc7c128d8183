"""From a file of a repository to a clip for training: decoded by the product, cut to its speech."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from io import BytesIO
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soundfile
from scipy import signal

from detectors.audio.frontend import log_bands, spectrum
from detectors.audio.speech import SpeechFinder
from detectors.audio.windows import require_speech
from detectors.base import AUDIO_RATE
from detectors.errors import NotApplicable
from detectors.media.reader import MediaReader
from detectors.training.audio_cards import VAD
from detectors.training.collection.kinds import Facts, Kept, Kind, Make, Missing, Place

Floats = npt.NDArray[np.float32]

LONGEST: Final = 4.8  # seconds: three windows
_LIKE: Final = 0.9995  # cosine of two looks from which on the sounds themselves are compared
_SAME: Final = 0.98  # of the normalised cross-correlation: copies, also through a good codec
_ROWS: Final = 1000  # looks compared at once


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech of one recording: mono at 16 kHz, shape (samples,), and the rate it came at in Hz."""

    samples: Floats
    source_rate: int


def clip_of(content: bytes, reader: MediaReader, finder: SpeechFinder) -> Clip:
    """The longest stretch of speech, from its start, cut to `LONGEST`.

    Raises `MediaError` for what cannot be decoded and `NotApplicable` where nobody speaks.
    """
    audio = reader.audio(BytesIO(content))
    stretch = max(require_speech(finder, audio), key=lambda stretch: stretch.seconds)
    end = min(stretch.end, stretch.start + round(LONGEST * AUDIO_RATE))
    return Clip(audio.samples[stretch.start : end], audio.source_rate)


def write(clip: Clip, path: Path) -> None:
    """Keep a clip as FLAC, which holds nothing but the sound."""
    part = path.with_suffix(".part")
    soundfile.write(part, clip.samples, AUDIO_RATE, "PCM_16", format="FLAC")
    part.rename(path)


def read(path: Path) -> Floats:
    """Samples of a clip, shape (samples,)."""
    samples, _ = soundfile.read(path, dtype="float32")
    return np.asarray(samples, np.float32)


def look(samples: Floats) -> Floats:
    """What two copies of a recording have in common whatever their level, shape (160,), length 1."""
    bands = log_bands(spectrum(samples))
    found = np.concatenate([bands.mean(0) - bands.mean(), bands.std(0)])
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float32)


def repeats(paths: list[Path]) -> Iterator[tuple[int, int]]:
    """Pairs of clips (earlier, later) that are the same recording."""
    if not paths:
        return
    looks = np.stack([look(read(path)) for path in paths])
    for first in range(0, len(paths), _ROWS):
        likeness = looks[first : first + _ROWS] @ looks.T
        for row, column in zip(*np.nonzero(likeness > _LIKE), strict=True):
            earlier, later = int(first + row), int(column)
            if earlier < later and _same(read(paths[earlier]), read(paths[later])):
                yield earlier, later


def maker(reader: MediaReader) -> Make:
    """Writes the speech of recordings."""
    finder = SpeechFinder(Path(str(distribution(VAD.distribution).locate_file(VAD.file))))

    def make(content: bytes, path: Path) -> Facts | Missing:
        try:
            clip = clip_of(content, reader, finder)
        except NotApplicable:
            return Missing.NO_SPEECH
        write(clip, path)
        return {"source_sample_rate": str(clip.source_rate)}

    return make


def row(kept: Kept, place: Place, out: Path) -> tuple[object, ...]:
    """A line of the manifest that trainings of speech read."""
    entry, source = kept.entry, place.repository
    return (
        kept.path.relative_to(out),
        entry.label,
        entry.system,
        source.group,
        f"{entry.repository}@{source.commit}",
        entry.path,
        source.licence,
        entry.sha256,
        hashlib.sha256(kept.path.read_bytes()).hexdigest(),
        f"{soundfile.info(kept.path).frames / AUDIO_RATE:.2f}",
        kept.facts["source_sample_rate"],
        int(place.both),
        source.era,
    )


SPEECH: Final = Kind(
    suffix=".flac",
    facts=("source_sample_rate",),
    columns=(
        "path", "label", "system", "source", "repository", "source_path", "licence",
        "source_sha256", "sha256", "seconds", "source_sample_rate", "paired_source", "era",
    ),
    maker=maker,
    repeats=repeats,
    row=row,
    looked_at=lambda path, facts: path,
)  # fmt: skip


def _same(one: Floats, other: Floats) -> bool:
    short, long = sorted((one, other), key=lambda samples: samples.size)
    if short.size < 0.8 * long.size:
        return False
    found = signal.correlate(long, short, "full", "fft")
    scale = float(np.linalg.norm(long) * np.linalg.norm(short))
    return float(np.abs(found).max()) > _SAME * max(scale, 1e-9)
