"""Is a part of a film generated? The stretch of frames that stands out most, judged as a maximum."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

STRETCH: Final = 6
"""Neighbouring frames whose mean is looked at: six seconds of a film that has one frame a second."""

LEAST: Final = 24
"""Judged frames from which on a part is looked for: in shorter films it only added false alarms."""

_USUAL: Final = 0.5  # share of the median that is no sign of a part
_STEADY: Final = 0.5  # log odds added to the spread, or a still film would divide by nothing


def stands_out(scores: Floats) -> float:
    """How far the highest mean of `STRETCH` neighbours lies above the film, by the film's own spread.

    Scores have shape (frames,), in the order of time. A film of one look moves little, so a part of
    another look is seen; one cut together from many looks has high stretches without any.
    """
    low, middle = np.quantile(scores, [0.25, 0.5])
    means = np.convolve(scores, np.full(STRETCH, 1 / STRETCH), "valid")
    return float((means.max() - _USUAL * middle) / (_STEADY + 2 * (middle - low)))


@dataclass(frozen=True, slots=True)
class InsertRule:
    """From how far a stretch stands out to the scale of film scores.

    The highest of many places is high by chance, and the higher the more places there are: `growth`
    takes off what that adds in real films. `offset` is fixed so that real films pass the 5 % point by
    this rule in 5 % of cases.
    """

    offset: float
    growth: float  # with the natural logarithm of the number of frames

    def score(self, scores: Floats) -> float | None:
        """None for films too short to hold a stretch and a rest."""
        if scores.size < LEAST:
            return None
        return stands_out(scores) - self.growth * math.log(scores.size / LEAST) + self.offset
