"""Do thresholds fixed on short clips hold for a minute of speech, and are short inserts found?

A minute is put together from held-out window scores of one source, so that its windows share page,
microphone and codec as those of a long recording do; two neighbouring windows of a synthetic clip
of the same page stand for three inserted seconds.
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np
import numpy.typing as npt

from detectors.audio.pooling import pooled
from detectors.training.audio_bank import CLEAN
from detectors.zoo.card import OperatingPoints

if TYPE_CHECKING:
    from detectors.training.audio_cards import Held

Floats = npt.NDArray[np.float64]

WINDOWS: Final = 49  # of 2.4 s every 1.2 s in one minute
INSERTED: Final = 2
TRIALS: Final = 40  # minutes of each source
LEAST: Final = 5  # real clips of a source


def long_recordings(held: "Held", raw: Floats, points: OperatingPoints) -> Iterator[str]:
    """A sentence for each operating point, for the limits of a card."""
    real, inserted = _minutes(held, raw)
    for rate, point in ((5, points.fpr_5), (1, points.fpr_1)):
        if point is not None:
            yield (
                f"Over the {rate} % point are {np.mean(real > point):.1%} of minutes put together "
                "from held-out real clips of one source, and "
                f"{np.mean(inserted > point):.0%} of them with three synthetic seconds inside."
            )


def _minutes(held: "Held", raw: Floats) -> tuple[Floats, Floats]:
    """File scores of real minutes and of those with an insert."""
    rng = np.random.default_rng(7)
    clean, synthetic = held.view == CLEAN, held.synthetic
    sources = np.array([r.source for r in held.recordings])[held.item]
    real, inserted = [], []
    for source in np.unique(sources):
        own = raw[clean & ~synthetic & (sources == source)]
        fakes = raw[clean & synthetic & (sources == source)]
        if own.size < LEAST:
            continue
        for _ in range(TRIALS):
            minute = rng.choice(own, WINDOWS).astype(np.float32)
            real.append(pooled(minute))
            if fakes.size:
                minute[:INSERTED] = rng.choice(fakes)
                inserted.append(pooled(minute))
    return np.asarray(real), np.asarray(inserted)
