"""Is this a photograph at all? Documents, screens and charts are not judged, drawings with more doubt."""

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
    """Two linear models on the token statistics of the whole picture: is it drawn, is it a page."""

    def __init__(self, weights: Mapping[str, Floats]) -> None:
        """`weights`: "whole" and "pages", shape (3 * width,); "bias" and "pages_bias", with the
        thresholds in them. Above zero it is drawn, or a page.
        """
        self._drawn, self._drawn_bias = weights["whole"], float(weights["bias"])
        self._page, self._page_bias = weights["pages"], float(weights["pages_bias"])

    def drawn(self, statistics: Floats) -> float:
        """From 0, a photograph, to 1: how much it looks drawn; `statistics` as `backbones.summary`.

        Raises `NotApplicable` for documents, screens and charts.
        """
        found = statistics[BLOCK]
        drawn = float(np.vdot(self._drawn, found)) + self._drawn_bias
        page = float(np.vdot(self._page, found)) + self._page_bias
        if not (page <= 0 or drawn <= 0):
            raise NotApplicable(
                Reason.NO_PHOTOGRAPH,
                "This looks more like a document, a screenshot or a chart than a photograph. "
                "Those are not judged.",
            )
        return min(max(drawn, 0.0), 1.0)


def require_photograph(drawn: float) -> None:
    """Raise `NotApplicable` for what looks drawn at all."""
    if drawn > 0:
        raise NotApplicable(
            Reason.NO_PHOTOGRAPH,
            "This looks more like a drawing, a document or a screenshot than a photograph. The "
            "classifier was made for photographs.",
        )
