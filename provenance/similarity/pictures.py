"""Describe a picture so that its copies are found after re-encoding, scaling, cropping and flipping.

A picture is reduced to the same size as every other, and its strongest SIFT keypoints (Lowe, 2004)
are kept as RootSIFT (Arandjelovic and Zisserman, 2012). Each keypoint becomes

- a visual word for the inverted index: the halves of its descriptor, each quantised to one of
  4,096 centres, name a cell of 16.8 million (the inverted multi-index of Babenko and Lempitsky,
  2012), and
- a code of 128 bits, one for each component above its usual value, for the check of geometry.

Beside them stand the PDQ hash of the whole picture, for pictures with too little texture for
keypoints and for exchange with other systems, and a small grey copy, in which the check looks for
places that were changed.

Mirroring a picture permutes the components of a SIFT descriptor, so the mirrored description costs
no second detection.
"""

import hashlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

from provenance.similarity.pdq import pdq

SIDE: Final = 384
"""Longer side, in pixels, of the picture that keypoints are looked for in."""

POINTS: Final = 120
"""Keypoints kept of one picture, the strongest."""

SMALL_SIDE: Final = 160
"""Longer side of the small grey copy."""

MIN_SIDE: Final = 32
"""A picture with a shorter side below this many pixels is not described."""

CENTRES: Final = 4096
"""Centres of each half of the vocabulary."""

PDQ_QUALITY: Final = 50
"""Below this, says PDQ's documentation, a picture has too little detail for its hash."""

VOCABULARY_SHA256: Final = "2f8a98646931435a0fd772a4001c643df873029f1ee203b074d106a55b398754"

_CONTRAST: Final = 0.01  # a quarter of what OpenCV asks of a keypoint, for dim pictures
_EDGE: Final = 12.0
_SMALLEST: Final = 3.0  # diameter of a keypoint: finer ones do not survive scaling
_UNIT: Final = np.float32(1 / 512)  # of the centres and usual values, which are stored as bytes

_Bytes = npt.NDArray[np.uint8]
_Floats = npt.NDArray[np.float32]
_Ints = npt.NDArray[np.int64]


def _mirrored_components() -> _Ints:
    """Where the components of a descriptor come from when its picture is mirrored.

    A descriptor has 4 x 4 cells, in the frame of the keypoint's own direction, with 8 directions
    each. A mirror turns that frame's rows around and its directions to their opposites.
    """
    place = np.arange(128).reshape(4, 4, 8)
    return place[::-1][:, :, -np.arange(8) % 8].reshape(-1)


_MIRRORED: Final = _mirrored_components()


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One picture as it is compared with others.

    `points` are positions in pixels of the reduced picture, shape (n, 2); `codes` are their bits,
    shape (n, 16); `small` is grey, its longer side `SMALL_SIDE`. `pdq` is None where the picture
    has too little detail.
    """

    width: int  # of the reduced picture
    height: int
    points: _Floats
    codes: _Bytes
    pdq: bytes | None
    small: _Bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Described:
    """A picture's view, and its descriptors, of which words are made."""

    view: View
    descriptors: _Floats  # RootSIFT, shape (n, 128), the strongest keypoint first
    mirrored_pdq: bytes | None

    def mirrored(self) -> "Described":
        """What the mirrored picture would give."""
        view, descriptors = self.view, self.descriptors[:, _MIRRORED]
        points = view.points.copy()
        points[:, 0] = view.width - 1 - points[:, 0]
        return Described(
            view=View(
                width=view.width,
                height=view.height,
                points=points,
                codes=_codes(descriptors),
                pdq=self.mirrored_pdq,
                small=np.ascontiguousarray(view.small[:, ::-1]),
            ),
            descriptors=descriptors,
            mirrored_pdq=view.pdq,
        )

    def words(self, count: int, nearest: int) -> _Ints:
        """The words of the `count` strongest keypoints, each in its `nearest` cells; all distinct."""
        return np.unique(_cells(self.descriptors[:count], nearest))


def describe(pixels: _Bytes) -> Described | None:
    """Describe RGB pixels of shape (height, width, 3); None for a picture below `MIN_SIDE`."""
    if min(pixels.shape[:2]) < MIN_SIDE:
        return None
    reduced = np.asarray(cv2.cvtColor(_scaled(pixels, SIDE), cv2.COLOR_RGB2GRAY), np.uint8)
    points, descriptors = _keypoints(reduced)
    hashes = pdq(reduced)
    enough = hashes.quality >= PDQ_QUALITY
    return Described(
        view=View(
            width=reduced.shape[1],
            height=reduced.shape[0],
            points=points,
            codes=_codes(descriptors),
            pdq=hashes.plain if enough else None,
            small=_scaled(reduced, SMALL_SIDE),
        ),
        descriptors=descriptors,
        mirrored_pdq=hashes.mirrored if enough else None,
    )


def _scaled(pixels: _Bytes, side: int) -> _Bytes:
    height, width = pixels.shape[:2]
    factor = side / max(width, height)
    size = max(1, round(width * factor)), max(1, round(height * factor))
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, size, interpolation=how), np.uint8)


def _keypoints(grey: _Bytes) -> tuple[_Floats, _Floats]:
    """Positions and RootSIFT descriptors of the strongest keypoints."""
    sift = cv2.SIFT.create(contrastThreshold=_CONTRAST, edgeThreshold=_EDGE)
    found, raw = sift.detectAndCompute(grey, None)
    if not found:
        return np.empty((0, 2), np.float32), np.empty((0, 128), np.float32)
    size = np.array([point.size for point in found])
    strength = np.array([point.response for point in found]) * np.sqrt(size) * (size >= _SMALLEST)
    best = np.argsort(-strength, kind="stable")[:POINTS]
    best = best[strength[best] > 0]
    places = np.array([found[index].pt for index in best], np.float32).reshape(-1, 2)
    chosen = np.asarray(raw, np.float32)[best]
    rooted = np.sqrt(chosen / (chosen.sum(axis=1, keepdims=True) + 1e-9))
    return places, rooted.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    centres: tuple[_Floats, _Floats]  # of the descriptor's halves, shape (CENTRES, 64)
    usual: _Floats  # median of each component, shape (128,)


@cache
def _vocabulary() -> _Vocabulary:
    data = Path(__file__).with_name("vocabulary.safetensors").read_bytes()
    if hashlib.sha256(data).hexdigest() != VOCABULARY_SHA256:
        raise RuntimeError("vocabulary.safetensors is not the one this version was made with")
    parts = {name: values.astype(np.float32) * _UNIT for name, values in load(data).items()}
    return _Vocabulary((parts["upper"], parts["lower"]), parts["usual"])


def _codes(descriptors: _Floats) -> _Bytes:
    return np.packbits(descriptors > _vocabulary().usual, axis=1)


def _cells(descriptors: _Floats, nearest: int) -> _Ints:
    """The nearest cells of each descriptor: pairs of one of the best centres of each half."""
    if not len(descriptors):
        return np.empty((0,), np.int64)
    upper, lower = (
        _nearest(descriptors[:, half * 64 : (half + 1) * 64], centres, nearest)
        for half, centres in enumerate(_vocabulary().centres)
    )
    pairs = (upper[0][:, :, None] * CENTRES + lower[0][:, None, :]).reshape(len(descriptors), -1)
    far = (upper[1][:, :, None] + lower[1][:, None, :]).reshape(len(descriptors), -1)
    best = np.argsort(far, axis=1, kind="stable")[:, :nearest]
    return np.take_along_axis(pairs, best, axis=1)


def _nearest(half: _Floats, centres: _Floats, count: int) -> tuple[_Ints, _Floats]:
    """Numbers of the nearest centres and their squared distances but for a constant."""
    far = (centres**2).sum(axis=1) - 2 * half @ centres.T
    row = np.arange(len(half))
    numbers, distances = [], []
    for _ in range(count):  # for a few, sooner than sorting
        best = far.argmin(axis=1)
        numbers.append(best)
        distances.append(far[row, best])
        far[row, best] = np.inf
    return np.stack(numbers, axis=1), np.stack(distances, axis=1)
