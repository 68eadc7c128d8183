"""The view of a face that is judged: a square around its mesh, as large as the picture encoder takes."""

from typing import Final

import cv2
import numpy as np

from detectors.faces.find import Pixels, Points

SIDE: Final = 224
MARGIN: Final = 1.3
"""Side of the view over the longer side of the mesh's box: the blend's border and some skin."""


def face_view(pixels: Pixels, mesh: Points) -> Pixels:
    """Cut a square around `mesh` out of an RGB picture and scale it to `SIDE`.

    It is moved inwards at the picture's edges and made smaller where the picture is.
    """
    low, high = mesh.min(axis=0), mesh.max(axis=0)
    side = int(min(round(float((high - low).max()) * MARGIN), *pixels.shape[:2]))
    side = max(side, 2)
    centre = (low + high) / 2
    limit = np.array([pixels.shape[1], pixels.shape[0]]) - side
    left, top = np.clip(np.round(centre - side / 2), 0, limit).astype(int)
    part = pixels[top : top + side, left : left + side]
    method = cv2.INTER_AREA if side > SIDE else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=method), dtype=np.uint8)
