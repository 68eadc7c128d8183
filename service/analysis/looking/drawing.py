"""What every view is drawn with: colours, encoding, and the bounds of a picture."""

import math
from collections.abc import Sequence
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.analysis.looking.catalogue import Drawn

WIDEST: Final = 1600
"""Longer side in px of a view that need not show native pixels."""

QUALITY: Final = 88
CELL: Final = 256  # px that a picture of a sheet is wide or high at most
_COLUMNS: Final = 6
_GAP: Final = 6  # px
_LABEL: Final = 22  # px

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def as_jpeg(pixels: Pixels, *sentences: str, quality: int = QUALITY) -> Drawn:
    """RGB as a JPEG without chroma subsampling."""
    how = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    return Drawn(_encoded(".jpg", pixels, how), "image/jpeg", sentences)


def as_png(pixels: Pixels, *sentences: str) -> Drawn:
    """RGB as a PNG, for pictures of which every pixel counts."""
    return Drawn(_encoded(".png", pixels, []), "image/png", sentences)


def _encoded(suffix: str, pixels: Pixels, how: list[int]) -> bytes:
    done, encoded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), how)
    if not done:
        raise RuntimeError(f"OpenCV could not encode a view as {suffix}")
    return encoded.tobytes()


def fitted(pixels: Pixels, widest: int = WIDEST) -> Pixels:
    """Reduced to this longer side, or as it is."""
    height, width = pixels.shape[:2]
    scale = min(1.0, widest / max(height, width))
    if scale == 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def sheet(pictures: Sequence[Pixels], labels: Sequence[str]) -> Pixels:
    """Pictures in reading order, each reduced to a cell with its label, in ASCII, below."""
    small = [fitted(picture, CELL) for picture in pictures]
    height, width = (max(it.shape[side] for it in small) for side in (0, 1))
    columns = min(len(small), _COLUMNS)
    step = (width + _GAP, height + _LABEL + _GAP)
    rows = math.ceil(len(small) / columns)
    made = np.full((rows * step[1] + _GAP, columns * step[0] + _GAP, 3), 18, np.uint8)
    for number, (picture, label) in enumerate(zip(small, labels, strict=True)):
        down, across = divmod(number, columns)
        left, top = across * step[0] + _GAP, down * step[1] + _GAP
        made[top : top + picture.shape[0], left : left + picture.shape[1]] = picture
        place = (left, top + height + _LABEL - 7)
        font = cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(made, label, place, font, 0.45, (230, 230, 230), 1, cv2.LINE_AA)
    return made


def heat(values: Floats) -> Pixels:
    """Shares of 1 from black by violet and orange to white, lighter always meaning more."""
    grey = np.clip(values * 255, 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    )


def percent(share: float, digits: int = 0) -> str:
    """ "12 %" for 0.12."""
    return f"{100 * share:.{digits}f} %"


def where(top: float, left: float) -> str:
    """In words where a point lies, given as shares of height and width."""
    level = ("upper", "middle", "lower")[min(int(top * 3), 2)]
    side = ("left", "centre", "right")[min(int(left * 3), 2)]
    return "centre" if (level, side) == ("middle", "centre") else f"{level} {side}"
