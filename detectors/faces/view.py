"""The view of a face that the swap network sees: a square around its mesh at 160 px."""

from typing import Final

import cv2
import numpy as np

from detectors.faces.find import Pixels, Points

SIDE: Final = 160
"""A quarter of the cost of 224 px, and the faces of films hold no more."""
MARGIN: Final = 1.25
"""Side of the view over the longer side of the mesh's box: the blend's border and some skin."""


def face_view(
    pixels: Pixels, mesh: Points, *, margin: float = MARGIN, shift: tuple[float, float] = (0, 0)
) -> Pixels:
    """Cut a square around `mesh` out of an RGB picture and scale it to `SIDE`.

    `shift` moves its centre by shares of its side. It is moved inwards at the picture's edges and
    made smaller where the picture is.
    """
    low, high = mesh.min(axis=0), mesh.max(axis=0)
    side = int(min(round(float((high - low).max()) * margin), *pixels.shape[:2]))
    side = max(side, 2)
    centre = (low + high) / 2 + np.asarray(shift) * side
    limit = np.array([pixels.shape[1], pixels.shape[0]]) - side
    left, top = np.clip(np.round(centre - side / 2), 0, limit).astype(int)
    part = pixels[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=method), dtype=np.uint8)
