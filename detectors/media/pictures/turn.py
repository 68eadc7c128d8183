"""Turn pictures upright, as EXIF orientation asks."""

from collections.abc import Callable
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

RGB = npt.NDArray[np.uint8]

_TURNS: Final[dict[int, Callable[[RGB], Any]]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


def turned(pixels: RGB, orientation: int) -> RGB:
    """Upright pixels for an EXIF orientation of 1 to 8; every other number asks for nothing."""
    return np.asarray(_TURNS.get(orientation, np.asarray)(pixels), np.uint8)
