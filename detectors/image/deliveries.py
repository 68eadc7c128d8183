"""What a picture goes through when it is sent on once more: an accusation has to survive that."""

from collections.abc import Callable
from typing import Final

import cv2
import numpy as np

from detectors.image.views import SIDE, Pixels

QUALITY: Final = 80
REDUCED: Final = 0.75  # of each side
KEPT: Final = 0.8  # of each side, in the middle


def reduced(pixels: Pixels) -> Pixels:
    """Three quarters of each side, never under the side of a view, through one JPEG."""
    height, width = pixels.shape[:2]
    factor = min(1.0, max(REDUCED, SIDE / min(height, width)))
    size = (round(width * factor), round(height * factor))
    return _saved(np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8))


def cropped(pixels: Pixels) -> Pixels:
    """The middle of the picture off the grid of its JPEG, through another one."""
    height, width = pixels.shape[:2]
    top, left = round(height * (1 - KEPT) / 2) | 1, round(width * (1 - KEPT) / 2) | 1
    return _saved(pixels[top : height - top, left : width - left])


DELIVERIES: Final[tuple[Callable[[Pixels], Pixels], ...]] = (reduced, cropped)


def _saved(pixels: Pixels) -> Pixels:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    coded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
