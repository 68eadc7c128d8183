"""The views of a picture that models see: the whole at 224 px, and crops at native resolution.

Training cuts its views with the same functions, so that a model meets at run time what it learned.
"""

import math
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from detectors.errors import NotApplicable
from detectors.result import Reason

Pixels = npt.NDArray[np.uint8]

SIDE = 224
MIN_SIDE = 112
"""Below, next to nothing is known; down to it a classifier of films still reached AUC 0.80."""

FLAT_RANGE = 4  # grey levels within an 8 px block of the resized view
FLAT_SHARE = 0.9  # one of 1,814 real and none of 1,392 generated training pictures has more
THUMBNAIL_QUALITY = 80  # the training thumbnails were stored like that, for both classes


def require_size(pixels: Pixels) -> None:
    """Raise `NotApplicable` for pictures under `MIN_SIDE` on one side."""
    short = min(pixels.shape[:2])
    if short < MIN_SIDE:
        raise NotApplicable(
            Reason.TOO_SMALL,
            f"The picture is {short} px on its short side. At least {MIN_SIDE} are needed.",
        )


def smallness(pixels: Pixels) -> float:
    """How far a picture lacks the pixels of a view: 0 from `SIDE` px on, 1 at 144 px and below."""
    return min(max((SIDE - int(min(pixels.shape[:2]))) / (SIDE - 144), 0.0), 1.0)


def require_texture(view: Pixels) -> None:
    """Raise `NotApplicable` where the resized view is nearly all flat: paper, gradients, logos."""
    grey = cv2.cvtColor(view, cv2.COLOR_RGB2GRAY)
    blocks = grey.reshape(SIDE // 8, 8, SIDE // 8, 8)
    share = float((np.ptp(blocks, axis=(1, 3)) <= FLAT_RANGE).mean())
    if share > FLAT_SHARE:
        flat = f"{100 * share:.0f} %"
        raise NotApplicable(
            Reason.OUT_OF_DOMAIN, f"{flat} of the picture is flat: there is nothing to judge."
        )


def resized(pixels: Pixels) -> Pixels:
    """The whole picture at 224 px on its short side, through one JPEG, cut to its middle square."""
    height, width = pixels.shape[:2]
    factor = SIDE / min(height, width)
    size = (max(SIDE, round(width * factor)), max(SIDE, round(height * factor)))
    return crop(_reduced(pixels, size), 0.5, 0.5)


def squeezed(pixels: Pixels) -> Pixels:
    """The whole picture pressed into a 224 px square, so that a map made on it covers it all."""
    return _reduced(pixels, (SIDE, SIDE))


def crop(pixels: Pixels, x: float, y: float, side: int = SIDE) -> Pixels:
    """A native square of `side` px whose centre lies at the shares `x`, `y` of width and height.

    It is moved inwards at the edges; a picture smaller than it is first extended by reflection.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < side:
        down, right = max(0, side - height), max(0, side - width)
        edges = (down // 2, down - down // 2, right // 2, right - right // 2)
        pixels = np.asarray(
            cv2.copyMakeBorder(pixels, *edges, borderType=cv2.BORDER_REFLECT_101), dtype=np.uint8
        )
        height, width = pixels.shape[:2]
    top = min(max(round(y * height - side / 2), 0), height - side)
    left = min(max(round(x * width - side / 2), 0), width - side)
    return np.ascontiguousarray(pixels[top : top + side, left : left + side])


@dataclass(frozen=True, slots=True)
class Cell:
    """One rectangle of a grid over the picture; edges are shares of width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def centre(self) -> tuple[float, float]:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def grid(width: int, height: int, *, side: int, most: int) -> tuple[Cell, ...]:
    """Cells that tile the picture: at most `most`, each at least `side` px where it is that big."""
    rows = min(max(1, round(math.sqrt(most * height / width))), most, max(1, height // side))
    columns = min(most // rows, max(1, width // side))
    return tuple(
        Cell(column / columns, row / rows, (column + 1) / columns, (row + 1) / rows)
        for row in range(rows)
        for column in range(columns)
    )


def _reduced(pixels: Pixels, size: tuple[int, int]) -> Pixels:
    """Resize to (width, height) and through one JPEG, as the training thumbnails were."""
    if min(pixels.shape[1] / size[0], pixels.shape[0] / size[1]) > 3:
        middle = (size[0] * 3, size[1] * 3)  # in two steps 12 megapixels take under 20 ms
        pixels = np.asarray(cv2.resize(pixels, middle, interpolation=cv2.INTER_AREA), np.uint8)
    method = cv2.INTER_AREA if pixels.shape[0] > size[1] else cv2.INTER_CUBIC
    small = cv2.resize(pixels, size, interpolation=method)
    settings = [cv2.IMWRITE_JPEG_QUALITY, THUMBNAIL_QUALITY]
    coded = cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR), settings)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), dtype=np.uint8)
