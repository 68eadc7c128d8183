"""Is this a photograph at all? Drawings, documents and screenshots are not judged as one."""

from collections.abc import Mapping
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.errors import NotApplicable
from detectors.result import Reason

Floats = npt.NDArray[np.float32]

BLOCK: Final = -1
"""Which of an encoder's blocks is asked: the highest, which tells paintings best."""


class Domain:
    """A linear model on the token statistics of the whole picture: above zero, no photograph."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """`weights`: "whole", shape (3 * width,), and "bias", with the threshold in it."""
        self._weights = weights["whole"]
        self._bias = float(weights["bias"])

    def require_photograph(self, statistics: Floats) -> None:
        """Raise `NotApplicable` for what is none; `statistics` as from `backbones.summary`."""
        if not float(np.vdot(self._weights, statistics[BLOCK])) + self._bias <= 0:
            raise NotApplicable(
                Reason.NO_PHOTOGRAPH,
                "This looks more like a drawing, a document or a screenshot than a photograph. The "
                "classifier was made for photographs.",
            )
