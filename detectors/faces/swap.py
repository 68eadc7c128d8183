"""Was a face in this picture swapped in? Every face is judged by itself."""

from collections.abc import Callable, Mapping
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import onnxruntime

from detectors.base import Image, Judge, Observation, Patch
from detectors.errors import NotApplicable
from detectors.faces.find import Face, FaceFinder, Pixels
from detectors.faces.view import face_view
from detectors.result import Reason
from detectors.zoo.card import ModelCard
from detectors.zoo.sessions import session
from detectors.zoo.sharing import Once
from detectors.zoo.weights import verified

LEAST_SIDE: Final = 48
"""Side of a face in px below which there is nothing to see: training had none smaller."""


class FaceSwapDetector:
    """Score = log of the mean odds over all faces that are large enough.

    Any one of them may be the swapped one, so the odds of the picture are the mean of theirs, as
    with equal prior weight on each.
    """

    def __init__(
        self, finder: FaceFinder, network: Callable[[], onnxruntime.InferenceSession]
    ) -> None:
        """`network` is called when the first face has been found: most pictures show none.

        What it gives turns uint8 "views" of faces (n, side, side, 3) into log odds (n,).
        """
        self._finder = finder
        self._network = Once(network)

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Face detector (weights 0), mesh (1) and swap network (2), verified when loaded."""
        del parts
        finder = FaceFinder(verified(card, 0), verified(card, 1))
        return cls(finder, lambda: session(verified(card, 2), "views"))

    def load_all(self) -> None:
        """As `LoadsLate.load_all`."""
        self._network()

    def observe(self, media: Image) -> Observation:
        """Raw log odds before calibration. Raises `NotApplicable` without a face to judge."""
        faces = usable(self.find(media.pixels))
        odds = self.odds(media.pixels, faces)
        return Observation(
            raw=float(np.logaddexp.reduce(odds) - np.log(odds.size)),
            patches=tuple(
                _patch(face, float(score), media.pixels)
                for face, score in zip(faces, odds, strict=True)
            ),
            facts={"faces": float(len(faces)), "largest_face_px": round(faces[0].side)},
        )

    def find(self, pixels: Pixels) -> tuple[Face, ...]:
        """Faces of an RGB picture, of any size, largest first."""
        return self._finder.find(pixels)

    def odds(self, pixels: Pixels, faces: tuple[Face, ...]) -> npt.NDArray[np.float64]:
        """Log odds of each face of an RGB picture, shape (faces,)."""
        views = np.stack([face_view(pixels, face.mesh) for face in faces])
        return np.asarray(self._network().run(None, {"views": views})[0], np.float64)


def usable(faces: tuple[Face, ...]) -> tuple[Face, ...]:
    """The faces that can be judged. Raises `NotApplicable` when there is none."""
    if not faces:
        raise NotApplicable(Reason.NO_FACE, "No face was found in the picture.")
    large = tuple(face for face in faces if face.side >= LEAST_SIDE)
    if not large:
        raise NotApplicable(
            Reason.TOO_SMALL,
            f"The largest face is {faces[0].side:.0f} px wide. At least {LEAST_SIDE} are needed.",
        )
    return large


def _patch(face: Face, raw: float, pixels: Pixels) -> Patch:
    height, width = pixels.shape[:2]
    left, top, right, bottom = face.box
    return Patch(
        left=min(max(left / width, 0.0), 1.0),
        top=min(max(top / height, 0.0), 1.0),
        right=min(max(right / width, 0.0), 1.0),
        bottom=min(max(bottom / height, 0.0), 1.0),
        raw=raw,
    )
