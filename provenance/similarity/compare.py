"""Whether one picture is a copy of another, and what was done to it.

Two views are compared by their keypoints: mutually nearest codes give pairs of points, and RANSAC
(Fischler and Bolles, 1981) looks for one scaling, turn and shift that explains many of them. What
it finds must also make the small grey copies agree, block by block, so a shared logo or caption is
not enough. A picture with too few keypoints is a copy if PDQ and its grey copy say so.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from provenance.similarity.pictures import SIDE, SMALL_SIDE, View
from provenance.similarity.result import Box

CODE_DISTANCE: Final = 40
"""Bits of 128 in which the codes of one keypoint may differ between copies."""

MIN_POINTS: Final = 6
"""Pairs of keypoints that one placement must explain."""

PDQ_DISTANCE: Final = 31
"""Bits of 256 that PDQ's authors allow between copies."""

MIN_LIKENESS: Final = 0.93
"""Median correlation that blocks of the grey copies must reach, where one lies over the other."""

MIN_PLAIN_LIKENESS: Final = 0.97
"""The same, where no keypoints confirm it."""

BLOCK: Final = 16
"""Side, in pixels of the small copy, of the blocks that are compared."""

_TOLERANCE: Final = 4.0  # pixels of the reduced picture
_SMALLEST_SCALE: Final = 0.08
_MIN_OVERLAP: Final = 0.04  # of the original: less is a detail, not a copy
_CHANGED_CORRELATION: Final = 0.4
_CHANGED_RESIDUAL: Final = 14.0  # grey levels, after the tones were adapted
_CHANGED_LEVEL: Final = 24.0  # the same where there is no texture: clipped tones differ too
_TONE_STEP: Final = 16.0  # grey levels
_FEW: Final = 0.01  # of the pixels: fewer tell nothing of a tone
_FLAT: Final = 6.0  # grey levels of deviation below which correlation means nothing
_MOST_ALTERED: Final = 0.35  # of the blocks: more is another picture
_STRIDE: Final = 4  # pixels between blocks
_BLUR: Final = 1.2  # pixels, so that resampling does not count
_SHIFTS: Final = tuple((down, across) for down in (-1, 0, 1) for across in (-1, 0, 1))

_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]
_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Placement:
    """How one picture lies over its original. Shares are of areas, in [0, 1]."""

    likeness: float  # of the grey copies where they overlap, in [0, 1]
    points: int  # pairs of keypoints that agree; 0 where PDQ alone found it
    visible: float  # share of the original that is in this picture
    filled: float  # share of this picture that comes from the original
    scale: float  # reduced pixels of the original for one of this picture
    turned: float  # degrees, counter-clockwise
    altered: tuple[Box, ...]  # places of this picture that differ from the original


def place(view: View, original: View) -> Placement | None:
    """Lay a picture over its supposed original; None when it is no copy of it."""
    matrix, points = _agreeing(view, original)
    if matrix is None:
        if _pdq_distance(view, original) > PDQ_DISTANCE:
            return None
        matrix = _whole(view, original)
    blocks, seen = _blocks(matrix, view, original)
    if not len(blocks.top) or seen < _MIN_OVERLAP or blocks.differ.mean() > _MOST_ALTERED:
        return None
    if blocks.likeness < (MIN_LIKENESS if points else MIN_PLAIN_LIKENESS):
        return None
    area = abs(float(np.linalg.det(matrix[:, :2])))
    filled = seen * original.width * original.height / (area * view.width * view.height)
    return Placement(
        likeness=blocks.likeness,
        points=points,
        visible=seen,
        filled=min(1.0, filled),
        scale=math.sqrt(area),
        turned=-math.degrees(math.atan2(matrix[1, 0], matrix[0, 0])),
        altered=_altered(blocks, matrix, view, original),
    )


def _pdq_distance(view: View, original: View) -> int:
    if view.pdq is None or original.pdq is None:
        return 256
    one, other = (np.frombuffer(value, np.uint8) for value in (view.pdq, original.pdq))
    return int(np.bitwise_count(one ^ other).sum())


def _agreeing(view: View, original: View) -> tuple[_Matrix, int] | tuple[None, int]:
    """The placement that most keypoints agree on, from this picture's pixels to the original's."""
    one, other = _pairs(view.codes, original.codes)
    if len(one) < MIN_POINTS:
        return None, 0
    untyped: Any  # OpenCV gives None where it finds nothing, which its types leave out
    untyped, inliers = cv2.estimateAffinePartial2D(
        view.points[one],
        original.points[other],
        method=cv2.RANSAC,
        ransacReprojThreshold=_TOLERANCE,
        maxIters=500,
        confidence=0.999,
    )
    if untyped is None:
        return None, 0
    matrix = np.asarray(untyped, np.float64)
    scale = math.sqrt(abs(float(np.linalg.det(matrix[:, :2]))))
    kept = np.flatnonzero(np.asarray(inliers).ravel())
    places = np.unique(np.round(original.points[other][kept] / _TOLERANCE), axis=0)
    if len(places) < MIN_POINTS or not _SMALLEST_SCALE < scale < 1 / _SMALLEST_SCALE:
        return None, 0
    return matrix, len(places)


def _pairs(codes: _Bytes, others: _Bytes) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Mutually nearest codes that are near enough."""
    if not len(codes) or not len(others):
        none = np.empty(0, np.intp)
        return none, none
    found = cv2.BFMatcher(cv2.NORM_HAMMING, crossCheck=True).match(codes, others)
    near = [pair for pair in found if pair.distance <= CODE_DISTANCE]
    one = np.array([pair.queryIdx for pair in near], np.intp)
    return one, np.array([pair.trainIdx for pair in near], np.intp)


def _whole(view: View, original: View) -> _Matrix:
    """The placement that lays all of one picture over all of the other."""
    across, down = original.width / view.width, original.height / view.height
    return np.array([[across, 0, 0], [0, down, 0]], np.float64)


@dataclass(frozen=True, slots=True)
class _Blocks:
    """What was measured in every block that lies wholly in the overlap, in row order."""

    top: npt.NDArray[np.intp]
    left: npt.NDArray[np.intp]
    correlation: _Floats  # at the best shift by up to a pixel
    residual: _Floats  # root mean square in grey levels, tones adapted
    deviation: _Floats  # in grey levels, of the one with more texture

    @property
    def differ(self) -> npt.NDArray[np.bool_]:
        """Blocks that show something else: no likeness in texture, and far apart in grey."""
        flat = self.deviation < _FLAT
        unlike = flat | (self.correlation < _CHANGED_CORRELATION)
        return unlike & (self.residual > np.where(flat, _CHANGED_LEVEL, _CHANGED_RESIDUAL))

    @property
    def likeness(self) -> float:
        """Median correlation of the blocks with texture: what covers one place hides no copy.

        0 where fewer than four blocks have any.
        """
        values = self.correlation[self.deviation > _FLAT]
        return max(0.0, float(np.median(values))) if len(values) >= 4 else 0.0


def _blocks(matrix: _Matrix, view: View, original: View) -> tuple[_Blocks, float]:
    """Compare the grey copies block by block; also the share of the original that is covered."""
    shrunk = matrix.copy()
    shrunk[:, 2] *= SMALL_SIDE / SIDE
    height, width = original.small.shape
    warped = cv2.warpAffine(view.small, shrunk, (width, height), flags=cv2.INTER_LINEAR)
    white = np.full_like(view.small, 255)
    mask = cv2.warpAffine(white, shrunk, (width, height), flags=cv2.INTER_NEAREST)
    inside = cv2.erode(mask, np.ones((BLOCK + 5, BLOCK + 5), np.uint8), borderValue=0) > 0
    top, left = np.nonzero(inside[::_STRIDE, ::_STRIDE])
    top, left = top * _STRIDE, left * _STRIDE
    picture, below = (
        cv2.GaussianBlur(item, (0, 0), _BLUR).astype(np.float32)
        for item in (warped, original.small)
    )
    picture = _toned(picture, below, mask > 0)
    correlation = np.full((height, width), -1, np.float32)
    residual = np.full((height, width), np.inf, np.float32)
    mean, spread = _moments(below)
    deviation = np.sqrt(spread)
    for down, across in _SHIFTS:
        moved = np.roll(picture, (down, across), (0, 1))
        moved_mean, moved_spread = _moments(moved)
        shared = _mean(moved * below) - moved_mean * mean
        likeness = shared / np.sqrt(np.maximum(moved_spread * spread, 1e-3))
        correlation = np.maximum(correlation, likeness)
        residual = np.minimum(residual, np.sqrt(np.maximum(_mean((moved - below) ** 2), 0)))
        if (down, across) == (0, 0):
            deviation = np.maximum(deviation, np.sqrt(moved_spread))
    measured = (item[top, left] for item in (correlation, residual, deviation))
    return _Blocks(top, left, *measured), float((mask > 0).mean())


def _mean(values: _Floats) -> _Floats:
    return np.asarray(cv2.blur(values, (BLOCK, BLOCK)), np.float32)


def _moments(values: _Floats) -> tuple[_Floats, _Floats]:
    """Mean and variance of the block around each pixel."""
    mean = _mean(values)
    return mean, np.maximum(_mean(values**2) - mean**2, 0)


def _toned(picture: _Floats, below: _Floats, mask: npt.NDArray[np.bool_]) -> _Floats:
    """The picture with its tones adapted to its original: brightness, contrast, gamma, clipping.

    Each sixteenth of the tones goes to the median of what the original has there, if enough
    pixels have it.
    """
    above, under = picture[mask], below[mask]
    step = (above / _TONE_STEP).astype(np.intp)
    known = [tone for tone in np.unique(step) if (step == tone).mean() > _FEW]
    if not known:
        return picture
    at = np.array([np.median(above[step == tone]) for tone in known])
    to = np.array([np.median(under[step == tone]) for tone in known])
    toned: _Floats = picture + np.interp(picture, at, to - at).astype(np.float32)
    return toned


def _altered(blocks: _Blocks, matrix: _Matrix, view: View, original: View) -> tuple[Box, ...]:
    """Connected places where the picture shows something else than its original."""
    marked = np.zeros(original.small.shape, np.uint8)
    for top, left in zip(blocks.top[blocks.differ], blocks.left[blocks.differ], strict=True):
        half = BLOCK // 4  # a block that differs is foreign at its centre
        marked[max(0, top - half) : top + half, max(0, left - half) : left + half] = 1
    count, _, boxes, _ = cv2.connectedComponentsWithStats(marked)
    back = np.asarray(cv2.invertAffineTransform(matrix), np.float64)
    found = [_box(boxes[number], back, view) for number in range(1, count)]
    return tuple(sorted(found, key=lambda box: (box.left, box.top)))


def _box(stats: npt.NDArray[np.int32], back: _Matrix, view: View) -> Box:
    """A rectangle of the original's grey copy as one of the picture."""
    left, top, width, height = (float(value) * SIDE / SMALL_SIDE for value in stats[:4])
    corners = np.array([[left, top, 1], [left + width, top + height, 1]])
    places = corners @ back.T / (view.width, view.height)
    low, high = np.clip(places.min(axis=0), 0, 1), np.clip(places.max(axis=0), 0, 1)
    return Box(left=float(low[0]), top=float(low[1]), right=float(high[0]), bottom=float(high[1]))
