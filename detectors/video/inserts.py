"""Is a part of a film generated? The highest stretch of frames, judged as a maximum."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STRETCH: Final = 6
"""Neighbouring frames whose mean is looked at: six seconds of a film that has one frame a second."""

LEAST: Final = 12
"""Judged frames from which on one stretch can be told from the rest."""


def highest(scores: Floats) -> float:
    """The highest mean of `STRETCH` neighbours, scores of shape (frames,) in the order of time."""
    return float(np.convolve(scores, np.full(STRETCH, 1 / STRETCH), "valid").max())


@dataclass(frozen=True, slots=True)
class InsertRule:
    """From the highest stretch to the scale of film scores.

    The highest of many places is high by chance, and the higher the more places there are: `growth`
    takes off what each doubling adds in real films. `offset` is fixed so that real films made of
    many clips pass the 5 % point by this rule no more often than 5 %.
    """

    offset: float
    growth: float  # with the natural logarithm of the number of frames

    def score(self, scores: Floats) -> float | None:
        """None for films too short to hold a stretch and a rest."""
        if scores.size < LEAST:
            return None
        return highest(scores) - self.growth * math.log(scores.size / LEAST) + self.offset
