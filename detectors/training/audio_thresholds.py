"""How much higher genuine speech scores in each condition, so that thresholds can follow.

Linear quantile regression (Koenker and Bassett 1978) of genuine speech's scores on the estimated
probabilities of the conditions: what a threshold is raised by for each.
"""

from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import QuantileRegressor

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

QUANTILE: Final = 0.97  # between the two operating points, 95 % and 99 %


def fit_allowances(raw: Floats, likeness: Floats) -> Floats:
    """Allowance of each condition from genuine speech alone, shape (conditions,); the first is 0.

    `likeness` holds the probability of each condition, shape (views, conditions).
    """
    model = QuantileRegressor(quantile=QUANTILE, alpha=0.0, fit_intercept=False, solver="highs")
    levels = np.asarray(model.fit(likeness, raw).coef_, np.float64)
    return np.asarray(levels - levels[0], np.float64)


def held_out_allowances(
    raw: Floats, likeness: Floats, real: Bools, fold: npt.NDArray[np.intp]
) -> Floats:
    """Allowance of every view by a fit without its fold, shape (views,)."""
    found = np.empty(raw.size)
    for number in np.unique(fold):
        inside = fold == number
        fitted = fit_allowances(raw[real & ~inside], likeness[real & ~inside])
        found[inside] = likeness[inside] @ fitted
    return found
