"""PDQ, the 256-bit hash of a picture that hash-sharing systems exchange, of a grey picture.

Written from its description (Facebook, "The TMK+PDQF Video-Hashing Algorithm and the PDQ
Image-Hashing Algorithm", 2019): a picture is smoothed twice by a box, sampled at 64 x 64 places,
and its 16 x 16 lowest frequencies, without the constant one, are compared with their median.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

SIDE: Final = 64
"""Places a side at which the smoothed picture is sampled."""

FREQUENCIES: Final = 16
"""Frequencies a side that are compared with their median."""

_WINDOWS: Final = 2 * SIDE  # as many windows of the smoothing box fit a side
_PASSES: Final = 2
_FULL_QUALITY: Final = 90  # sum of steps between neighbours, in percent, for 1 of quality

_Floats = npt.NDArray[np.float64]


def _cosines() -> _Floats:
    frequency = np.arange(1, FREQUENCIES + 1)[:, None]
    place = 2 * np.arange(SIDE) + 1
    return np.asarray(np.sqrt(2 / SIDE) * np.cos(np.pi / 2 / SIDE * frequency * place))


_COSINES: Final = _cosines()


@dataclass(frozen=True, slots=True)
class Hashes:
    """The hash of a picture and of its mirror image (left and right exchanged), 32 bytes each.

    `quality` in [0, 100] says how much detail there was; below 50 a hash means little.
    """

    plain: bytes
    mirrored: bytes
    quality: int


def pdq(grey: npt.NDArray[np.uint8]) -> Hashes:
    """Hash a grey picture of shape (height, width)."""
    height, width = grey.shape
    sampled = _sampling(height) @ grey.astype(np.float64) @ _sampling(width).T
    frequencies = _COSINES @ sampled @ _COSINES.T
    turned = frequencies * np.where(np.arange(FREQUENCIES) % 2, 1.0, -1.0)
    return Hashes(_bits(frequencies), _bits(turned), _quality(sampled))


@lru_cache(maxsize=64)
def _sampling(size: int) -> _Floats:
    """What smoothing and sampling make of a side, as a matrix of shape (SIDE, size).

    A box is cut off at the ends of its row, where the mean is taken of the part that is inside.
    """
    box = -(-size // _WINDOWS)
    ahead = (box + 2) // 2
    place, other = np.arange(size)[:, None], np.arange(size)
    inside = (other >= place + ahead - box) & (other < place + ahead)
    smoothing = inside / inside.sum(axis=1, keepdims=True)
    rows = ((np.arange(SIDE) + 0.5) * size / SIDE).astype(np.intp)
    return np.linalg.matrix_power(smoothing, _PASSES)[rows]


def _quality(sampled: _Floats) -> int:
    steps = (np.diff(sampled, axis=axis) * 100 / 255 for axis in (0, 1))
    return min(100, int(sum(np.abs(np.trunc(step)).sum() for step in steps)) // _FULL_QUALITY)


def _bits(frequencies: _Floats) -> bytes:
    """One bit for each frequency above the lower of the middle two, the highest frequency first."""
    middle = frequencies.size // 2 - 1
    median = np.partition(frequencies.ravel(), middle)[middle]
    return np.packbits(frequencies.ravel()[::-1] > median).tobytes()
