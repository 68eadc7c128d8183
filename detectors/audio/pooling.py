"""From window scores to one score for a recording, whatever its length."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]

INSERT: Final = 2
"""Windows of the shortest insert that is looked for: 3.6 s of which one may be half outside."""

LEAST_WINDOWS: Final = 8
"""Windows (10.8 s of speech) from which on a stretch can stand out from its recording."""


def pooled(windows: Floats) -> float:
    """Natural log likelihood ratio of a recording from those of its windows, shape (windows,).

    Two ways to be synthetic are given equal weight: all of it, judged by the mean log ratio (the
    windows share speaker, room and codec, so they are not independent), or one stretch anywhere,
    judged by the mean ratio over all places. The second never exceeds a threshold t by chance more
    often than 1 / t however many windows there are (Markov's inequality), so long recordings raise
    no more false alarms than short ones.
    """
    ratios = np.asarray(windows, np.float64)
    throughout = float(ratios.mean())
    somewhere = float(np.logaddexp.reduce(ratios)) - math.log(ratios.size)
    return float(np.logaddexp(throughout, somewhere)) - math.log(2.0)


def insert_score(windows: Floats) -> float:
    """How far the highest stretch of `INSERT` neighbouring windows stands out, shape (windows,).

    Half of the recording's median is taken off, which the voice, the room and the codec of all of
    it move. The expected maximum grows with the number of places, by about the same for every
    doubling; `InsertRule` takes that off too.
    """
    ratios = np.asarray(windows, np.float64)
    means = np.convolve(ratios, np.full(INSERT, 1 / INSERT), "valid")
    return float(means.max() - np.median(ratios) / 2)


@dataclass(frozen=True, slots=True)
class InsertRule:
    """From how far a stretch stands out to the scale of file scores.

    Fixed so that recordings of real speech pass each threshold by this rule no more often than the
    card says, whatever their length.
    """

    slope: float
    offset: float
    growth: float  # of `insert_score` with the natural logarithm of the number of windows

    def score(self, windows: Floats) -> float | None:
        """None for recordings too short to stand out from."""
        if windows.size < LEAST_WINDOWS:
            return None
        plain = insert_score(windows) - self.growth * math.log(windows.size)
        return self.slope * plain + self.offset
