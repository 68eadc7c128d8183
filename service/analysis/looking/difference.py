"""Two pictures laid over one another, and where they differ.

Keypoints that match give a homography by RANSAC (Fischler and Bolles, 1981); pictures of one shape
that nearly agree as they are need none. Tones are adapted before values are compared.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import Floats, Pixels, as_jpeg, fitted, heat, percent, where
from service.errors import NothingToShow

SIDE: Final = 1280
_ALIKE: Final = 12.0  # grey levels on average: laid over one another already
_POINTS: Final = 4000
_RATIO: Final = 0.75
_LEAST: Final = 12  # pairs that one placement explains
_TOLERANCE: Final = 3.0  # pixels
_VISIBLE: Final = 12.0  # grey levels that count as a difference
_FULL: Final = 96.0  # grey levels drawn at full strength
_LARGEST_SCALE: Final = 12.0

_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Laid:
    """The second picture in the frame of the first, and which pixels of the frame it covers."""

    pixels: Pixels
    covered: npt.NDArray[np.bool_]
    how: str


def differences(first: Pixels, second: Pixels) -> Drawn:
    """Drawn in the frame of the first. Raises `NothingToShow` if nothing shows how they align."""
    base = fitted(first, SIDE)
    laid = _laid(base, fitted(second, SIDE))
    difference = _difference(base, laid)
    picture = heat(difference / _FULL)
    hatched = np.add.outer(np.arange(base.shape[0]), np.arange(base.shape[1])) % 12 < 3
    picture[~laid.covered] = 24
    picture[~laid.covered & hatched] = 96
    return as_jpeg(picture, laid.how, *_in_words(difference, laid.covered))


def _laid(base: Pixels, second: Pixels) -> Laid:
    height, width = base.shape[:2]
    if abs(second.shape[1] / second.shape[0] - width / height) < 0.01:
        size = (width, height)
        scaled = np.asarray(cv2.resize(second, size, interpolation=cv2.INTER_AREA), np.uint8)
        if np.abs(_grey(scaled) - _grey(base)).mean() < _ALIKE:
            everywhere = np.ones((height, width), np.bool_)
            return Laid(scaled, everywhere, "They fit over one another as they are.")
    matrix, points = _placed(base, second)
    over = cv2.warpPerspective(second, matrix, (width, height), flags=cv2.INTER_AREA)
    mask = cv2.warpPerspective(np.full(second.shape[:2], 255, np.uint8), matrix, (width, height))
    covered = cv2.erode(mask, np.ones((3, 3), np.uint8)) == 255
    if covered.mean() < 0.02:
        raise NothingToShow("the pictures do not overlap")
    how = f"The second was laid over the first by {points} places that agree."
    return Laid(np.asarray(over, np.uint8), np.asarray(covered), how)


def _placed(base: Pixels, second: Pixels) -> tuple[_Matrix, int]:
    finder = cv2.SIFT.create(nfeatures=_POINTS)
    found = [finder.detectAndCompute(_grey(it).astype(np.uint8), None) for it in (second, base)]
    (points, codes), (base_points, base_codes) = found
    if codes is None or base_codes is None or min(len(points), len(base_points)) < _LEAST:
        raise NothingToShow("one of the pictures has too little detail to be laid over the other")
    pairs = [
        near[0]
        for near in cv2.BFMatcher(cv2.NORM_L2).knnMatch(codes, base_codes, k=2)
        if len(near) == 2 and near[0].distance < _RATIO * near[1].distance
    ]
    if len(pairs) < _LEAST:
        raise NothingToShow("too few places of the two pictures look alike")
    here = np.array([points[it.queryIdx].pt for it in pairs], np.float32)
    there = np.array([base_points[it.trainIdx].pt for it in pairs], np.float32)
    cv2.setRNGSeed(0)  # the same two pictures are always laid in the same way
    matrix, agrees = cv2.findHomography(here, there, cv2.RANSAC, _TOLERANCE)
    count = 0 if agrees is None else int(agrees.sum())
    if matrix is None or count < _LEAST or not _sane(np.asarray(matrix, np.float64)):
        raise NothingToShow("no one placement explains what the two pictures have in common")
    return np.asarray(matrix, np.float64), count


def _sane(matrix: _Matrix) -> bool:
    """Whether it neither folds the picture nor makes a point of it."""
    scale = abs(float(np.linalg.det(matrix[:2, :2])))
    flat = float(np.abs(matrix[2, :2]).max()) < 2e-3
    return (
        bool(np.isfinite(matrix).all()) and flat and _LARGEST_SCALE**-2 < scale < _LARGEST_SCALE**2
    )


def _difference(base: Pixels, laid: Laid) -> Floats:
    """Grey levels, after brightness and contrast of the second were adapted to the first."""
    ours, theirs = _grey(base), _grey(laid.pixels)
    inside = laid.covered
    spread = max(float(theirs[inside].std()), 1.0)
    gain = float(np.clip(ours[inside].std() / spread, 0.5, 2.0))
    adapted = (theirs - theirs[inside].mean()) * gain + ours[inside].mean()
    blurred = [cv2.GaussianBlur(it, (0, 0), 1.2) for it in (ours, adapted)]
    return np.where(inside, np.abs(blurred[0] - blurred[1]), 0).astype(np.float32)


def _grey(pixels: Pixels) -> Floats:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)


def _in_words(difference: Floats, covered: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    share = float((difference > _VISIBLE)[covered].mean())
    seen = (
        f"{percent(1 - float(covered.mean()))} of the first is not in the second."
        if not covered.all()
        else ""
    )
    if share < 0.001:
        return tuple(filter(None, ("Nothing that can be seen differs.", seen)))
    smooth = cv2.resize(difference, (9, 9), interpolation=cv2.INTER_AREA)
    row, column = divmod(int(smooth.argmax()), 9)
    place = where((row + 0.5) / 9, (column + 0.5) / 9)
    words = f"{percent(share, 1)} of what both show differs visibly, most in the {place}."
    return tuple(filter(None, (words, seen)))
