"""The preview in a picture's metadata against the picture itself.

Cameras put a small copy of the picture into EXIF. Who edits the picture and leaves the copy alone
leaves the earlier state in it. Compared is brightness, after blurring both and after the fit that
serves the preview best: some have bars above and below, some are cut at the sides, some stand
upright while the picture was turned. Contrast and colour may differ; the objects may not.
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from provenance.consistency.catalogue import trace
from provenance.declared import Trace

GRID: Final = 48
"""Both are compared at this many pixels of the longer side: less than any preview has."""

SAME: Final = 0.5
"""Correlation below which two are taken for different pictures; figures: docs/decisions/consistency.md."""

FLAT: Final = 8.0
"""Standard deviation, of 255, below which a picture has too little in it to be compared."""

_SHORTEST: Final = 32
_Pixels = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]


def compare(picture: _Pixels, preview: _Pixels) -> tuple[Trace, ...]:
    """A trace if the preview shows something else. Both are RGB, uint8, (height, width, 3)."""
    agreement = likeness(picture, preview)
    if agreement is None or agreement >= SAME:
        return ()
    return (
        trace(
            "thumbnail.other",
            "The preview in the metadata shows another picture, or another part of it. Their likeness "
            f"is {max(agreement, 0):.2f} of 1. Copies of one picture reach at least {SAME}.",
        ),
    )


def likeness(picture: _Pixels, preview: _Pixels) -> float | None:
    """Correlation in [-1, 1] under the best fit; None where one of them is small or flat."""
    if min(preview.shape[:2]) < _SHORTEST or min(picture.shape[:2]) < _SHORTEST:
        return None
    whole, small = _grey(picture), _grey(preview)
    best = -1.0
    for turned in range(4):
        for view, window in _fits(np.rot90(whole, turned), small):
            found = _correlation(view, window)
            if found is None:
                return None
            best = max(best, found)
        if best >= SAME:
            break
    return best


def _grey(pixels: _Pixels) -> _Floats:
    """Brightness, at no more than four times the size that is compared."""
    height, width = pixels.shape[:2]
    share = min(1.0, 4 * GRID / max(height, width))
    if share < 1:
        size = (max(1, round(width * share)), max(1, round(height * share)))
        pixels = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32), np.float32)


def _fits(picture: _Floats, preview: _Floats) -> Iterator[tuple[_Floats, _Floats]]:
    """The whole of both; the preview without bars; the picture without what a preview cuts off."""
    wide, wanted = _aspect(picture), _aspect(preview)
    if abs(wide / wanted - 1) < 0.05:
        yield picture, preview
        return
    yield picture, _middle(preview, wide)
    yield _middle(picture, wanted), preview


def _aspect(grey: _Floats) -> float:
    return float(grey.shape[1] / grey.shape[0])


def _middle(grey: _Floats, aspect: float) -> _Floats:
    """The largest part around the centre that is `aspect` times as wide as high."""
    height, width = grey.shape
    high, wide = min(height, round(width / aspect)), min(width, round(height * aspect))
    top, left = (height - high) // 2, (width - wide) // 2
    return grey[top : top + max(high, 1), left : left + max(wide, 1)]


def _correlation(one: _Floats, other: _Floats) -> float | None:
    share = GRID / max(other.shape)
    size = (max(8, round(other.shape[1] * share)), max(8, round(other.shape[0] * share)))
    left, right = (_blurred(grey, size) for grey in (one, other))
    if min(left.std(), right.std()) < FLAT:
        return None
    return float(np.corrcoef(left.ravel(), right.ravel())[0, 1])


def _blurred(grey: _Floats, size: tuple[int, int]) -> _Floats:
    small = cv2.resize(np.ascontiguousarray(grey), size, interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0), np.float32)
