"""The views of a picture that models see: the whole at 224 px, and crops at native resolution.

Training cuts its views with the same functions, so that a model meets at run time what it learned.
"""

import cv2
import numpy as np
import numpy.typing as npt

from detectors.errors import NotApplicable
from detectors.result import Reason

Pixels = npt.NDArray[np.uint8]

SIDE = 224
MIN_SIDE = 128
THUMBNAIL_QUALITY = 80  # the training thumbnails were stored like that, for both classes


def require_usable(pixels: Pixels) -> None:
    """Raise `NotApplicable` for pictures under `MIN_SIDE` on one side."""
    short = min(pixels.shape[:2])
    if short < MIN_SIDE:
        raise NotApplicable(
            Reason.TOO_SMALL, f"The picture is {short} px on its short side; {MIN_SIDE} are needed."
        )


def resized(pixels: Pixels) -> Pixels:
    """The whole picture at 224 px on its short side, through one JPEG, cut to its middle square."""
    height, width = pixels.shape[:2]
    factor = SIDE / min(height, width)
    size = (max(SIDE, round(width * factor)), max(SIDE, round(height * factor)))
    if factor < 1 / 3:  # an area filter on the way down keeps a 12-megapixel picture under 20 ms
        middle = (size[0] * 3, size[1] * 3)
        pixels = np.asarray(
            cv2.resize(pixels, middle, interpolation=cv2.INTER_AREA), dtype=np.uint8
        )
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    small = cv2.resize(pixels, size, interpolation=method)
    coded = cv2.imencode(
        ".jpg",
        cv2.cvtColor(small, cv2.COLOR_RGB2BGR),
        [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY],
    )[1]
    decoded = cv2.cvtColor(cv2.imdecode(coded, cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
    return crop(np.asarray(decoded, dtype=np.uint8), 0.5, 0.5)


def crop(pixels: Pixels, x: float, y: float) -> Pixels:
    """A native 224 px square whose centre lies at the shares `x`, `y` of width and height.

    It is moved inwards at the edges; a side under 224 px is first extended by reflection.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < SIDE:
        down, right = max(0, SIDE - height), max(0, SIDE - width)
        edges = (down // 2, down - down // 2, right // 2, right - right // 2)
        pixels = np.asarray(
            cv2.copyMakeBorder(pixels, *edges, borderType=cv2.BORDER_REFLECT_101), dtype=np.uint8
        )
        height, width = pixels.shape[:2]
    top = min(max(round(y * height - SIDE / 2), 0), height - SIDE)
    left = min(max(round(x * width - SIDE / 2), 0), width - SIDE)
    return np.ascontiguousarray(pixels[top : top + SIDE, left : left + SIDE])
