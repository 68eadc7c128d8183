"""Do thresholds fixed on short clips hold for longer recordings, and are short inserts found?

A recording is put together from held-out window scores of a few clips of one source, so that its
windows share page, microphone and codec as those of a long recording do, if not the voice; two
neighbouring windows of a synthetic clip of the same page stand for three inserted seconds.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.audio.pooling import INSERT, LEAST_WINDOWS, InsertRule, insert_score, pooled
from detectors.training.audio_bank import CLEAN
from detectors.training.audio_held import Held
from detectors.zoo.card import OperatingPoints

Floats = npt.NDArray[np.float64]

MINUTE: Final = 49  # windows of 2.4 s every 1.2 s in one minute
LENGTHS: Final = (LEAST_WINDOWS, 20, MINUTE, 150, 500)  # windows; the last is ten minutes
TRIALS: Final = 40  # recordings of each source and length
CLIPS: Final = 8  # of a source in one recording
LEAST: Final = 8  # real clips of a source
LENIENT: Final = 0.04
"""Share of real recordings that may pass the 5 % point because a stretch stands out."""
STRICT: Final = 0.002
"""The same of the 1 % point. Of some seventy sources 0.8 % is less than one; with that, 2.8 % of minutes
of sources held out passed it, with this 1.2 %."""


@dataclass(frozen=True, slots=True)
class Recordings:
    """Window scores of made-up recordings: of real speech, and some with an insert as well."""

    real: tuple[Floats, ...]
    inserted: tuple[Floats, ...]


def put_together(held: Held, raw: Floats, chosen: npt.NDArray[np.bool_]) -> Recordings:
    """Recordings of every length from the clean views among `chosen`."""
    rng = np.random.default_rng(7)
    rows = chosen & (held.view == CLEAN)
    sources = np.array([r.source for r in held.recordings])[held.item]
    real: list[Floats] = []
    inserted: list[Floats] = []
    for source in np.unique(sources[rows]):
        own = raw[rows & ~held.synthetic & (sources == source)]
        fakes = raw[rows & held.synthetic & (sources == source)]
        if own.size < LEAST:
            continue
        for length in np.repeat(LENGTHS, TRIALS):
            windows = rng.choice(rng.choice(own, CLIPS, replace=False), int(length))
            real.append(windows)
            if fakes.size:
                first = int(rng.integers(length - INSERT + 1))
                changed = windows.copy()
                changed[first : first + INSERT] = rng.choice(fakes)
                inserted.append(changed)
    return Recordings(tuple(real), tuple(inserted))


def fit_inserts(recordings: Recordings, points: OperatingPoints) -> InsertRule:
    """The rule by which real recordings pass each point no more often than allowed."""
    scores = np.array([insert_score(windows.astype(np.float32)) for windows in recordings.real])
    logs = np.log([windows.size for windows in recordings.real])
    tops = [np.quantile(scores[logs == log], 1 - LENIENT) for log in np.unique(logs)]
    growth = max(0.0, float(np.polyfit(np.unique(logs), tops, 1)[0]))
    lenient, strict = np.quantile(scores - growth * logs, [1 - LENIENT, 1 - STRICT])
    if points.fpr_1 is None:
        return InsertRule(1.0, points.fpr_5 - float(lenient), growth)
    slope = (points.fpr_1 - points.fpr_5) / max(float(strict - lenient), 1e-3)
    return InsertRule(slope, points.fpr_5 - slope * float(lenient), growth)


def long_recordings(held: Held, raw: Floats, points: OperatingPoints) -> Iterator[str]:
    """A sentence for each operating point, by rules fitted without the sources they judge."""
    real: list[tuple[int, float]] = []
    found: list[tuple[int, float]] = []
    for number in np.unique(held.fold):
        inside = held.fold == number
        rule = fit_inserts(put_together(held, raw, ~inside), points)
        unseen = put_together(held, raw, inside)
        real += [(windows.size, _score(rule, windows)) for windows in unseen.real]
        found += [(windows.size, _score(rule, windows)) for windows in unseen.inserted]
    for rate, point in ((5, points.fpr_5), (1, points.fpr_1)):
        if point is not None:
            yield (
                f"Over the {rate} % point are {_share(real, point, MINUTE):.1%} of minutes put "
                "together from held-out real clips of one source "
                f"({_share(real, point, LENGTHS[-1]):.1%} of ten minutes), and "
                f"{_share(found, point, MINUTE):.0%} of minutes with three synthetic seconds "
                "inside."
            )


def _score(rule: InsertRule, windows: Floats) -> float:
    scores = windows.astype(np.float32)
    insert = rule.score(scores)
    return pooled(scores) if insert is None else max(pooled(scores), insert)


def _share(scores: list[tuple[int, float]], point: float, length: int) -> float:
    return float(np.mean([score > point for size, score in scores if size == length]))
