"""Parts of a picture that repeat: keypoints that match others of the same picture, moved alike.

After Amerini et al., "A SIFT-based forensic method for copy-move attack detection" (2011).
"""

from collections.abc import Iterator
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import Pixels, as_jpeg, fitted, where
from service.reporting.wording import count_of

SIDE: Final = 1600
POINTS: Final = 5000
_RATIO: Final = 0.6  # of the distances to the nearest and the next point elsewhere
_APART: Final = 40.0  # pixels: nearer points are of one thing
_TOLERANCE: Final = 6.0  # pixels by which moves may differ
_LEAST: Final = 6  # pairs that move alike
_SPREAD: Final = 8.0  # pixels over which they must extend both ways: lines repeat by nature
_MOST: Final = 6  # groups that are drawn
_COLOURS: Final = (
    (255, 96, 48), (64, 160, 255), (255, 220, 64), (96, 220, 128), (220, 120, 255), (255, 255, 255),
)  # fmt: skip

_Points = npt.NDArray[np.float32]
_Pairs = tuple[_Points, _Points]


def clones(pixels: Pixels) -> Drawn:
    """The picture in grey, with a line from each repeated place to its twin."""
    small = fitted(pixels, SIDE)
    grey = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY), np.uint8)
    canvas = np.asarray(cv2.cvtColor(grey // 2 + 20, cv2.COLOR_GRAY2RGB), np.uint8)
    found = list(_groups(*_twins(grey)))[:_MOST]
    sentences = []
    for (here, there), colour in zip(found, _COLOURS, strict=False):
        for start, end in zip(here, there, strict=True):
            ends = [tuple(int(value) for value in point) for point in (start, end)]
            cv2.line(canvas, ends[0], ends[1], colour, 1, cv2.LINE_AA)
            for place in ends:
                cv2.circle(canvas, place, 4, colour, 2, cv2.LINE_AA)
        sentences.append(_in_words(here, there, small.shape))
    if not found:
        sentences.append("No part was found that repeats another one.")
    return as_jpeg(canvas, *sentences)


def _twins(grey: Pixels) -> _Pairs:
    """Places that look alike and lie apart, as two arrays of (x, y)."""
    nothing = np.zeros((0, 2), np.float32)
    keypoints, codes = cv2.SIFT.create(nfeatures=POINTS).detectAndCompute(grey, None)
    if codes is None or len(keypoints) < 2 * _LEAST:
        return nothing, nothing
    places = np.array([point.pt for point in keypoints], np.float32)
    here, there = [], []
    for near in cv2.BFMatcher(cv2.NORM_L2).knnMatch(codes, codes, k=min(8, len(keypoints))):
        own = places[near[0].queryIdx]
        apart = [it for it in near if np.hypot(*(places[it.trainIdx] - own)) > _APART]
        if len(apart) > 1 and apart[0].distance < _RATIO * apart[1].distance:
            here.append(own)
            there.append(places[apart[0].trainIdx])
    return (np.array(here), np.array(there)) if here else (nothing, nothing)


def _groups(here: _Points, there: _Points) -> Iterator[_Pairs]:
    """Pairs that move alike, the largest group first; each pair once, downwards or rightwards."""
    moves = there - here
    forward = (moves[:, 1] > 0) | ((moves[:, 1] == 0) & (moves[:, 0] > 0))
    here, there, moves = here[forward], there[forward], moves[forward]
    while len(moves) >= _LEAST:
        near = np.linalg.norm(moves[:, None] - moves[None], axis=2) < _TOLERANCE
        own = near[int(near.sum(axis=1).argmax())]
        if own.sum() < _LEAST:
            return
        if np.linalg.svd(here[own] - here[own].mean(axis=0), compute_uv=False)[1] > _SPREAD:
            yield here[own], there[own]
        here, there, moves = here[~own], there[~own], moves[~own]


def _in_words(here: _Points, there: _Points, shape: tuple[int, ...]) -> str:
    height, width = shape[:2]
    ends = [points.mean(axis=0) / (width, height) for points in (here, there)]
    names = [where(float(y), float(x)) for x, y in ends]
    return (
        f"{count_of(len(here), 'point')} in the {names[0]} look like points in the {names[1]}, "
        "moved alike."
    )
