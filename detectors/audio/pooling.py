"""From window scores to one score for a recording, whatever its length."""

import math

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]


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
