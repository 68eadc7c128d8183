"""Was a face in this picture swapped in? Every face is judged by itself."""

from collections.abc import Mapping
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.base import Image, Judge, Observation, Patch
from detectors.errors import CardInvalid, NotApplicable
from detectors.faces.find import Face, FaceFinder, Pixels
from detectors.faces.view import face_view
from detectors.result import Reason
from detectors.zoo.backbones import Floats, Summarises
from detectors.zoo.card import ModelCard
from detectors.zoo.weights import read_arrays, verified

LEAST_SIDE: Final = 48
"""Side of a face in px below which there is nothing to see: training had none smaller."""

MARGIN: Final = 0.25
"""Log odds by which the encoder's arithmetic alone moves the score of a face, in 95 of 100 cases.

Of 70 faces with one bit of the view changed 95 % move by less than 0.25, the farthest by 0.35; scores spread by 2.9.
"""


class FaceSwapDetector:
    """Score of a face = a weighted sum of what the picture encoder makes of its view.

    Score of the picture = log of the mean odds over all faces that are large enough. Any one of them may
    be the swapped one, so the odds of the picture are the mean of theirs, as with equal prior weight on
    each.
    """

    def __init__(self, finder: FaceFinder, encoder: Summarises, head: Mapping[str, Floats]) -> None:
        """`head` has "weights" of the shape of a view's summary, (blocks, 3, width), and a "bias"."""
        self._finder = finder
        self._encoder = encoder
        self._weights, self._bias = head["weights"], float(head["bias"])

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Face detector (weights 0), mesh (1) and head (2), all verified; the encoder is that of the
        detector in `parts`. Raises `CardInvalid` where that has none.
        """
        (judge,) = parts.values()
        if not isinstance(judge, Summarises):
            raise CardInvalid(
                f"model card {card.name}: faces are encoded by a detector of pictures"
            )
        finder = FaceFinder(verified(card, 0), verified(card, 1))
        return cls(finder, judge, read_arrays(verified(card, 2)))

    def observe(self, media: Image) -> Observation:
        """Raw log odds before calibration. Raises `NotApplicable` without a face to judge."""
        faces = usable(self.find(media.pixels))
        odds = self.odds(media.pixels, faces)
        return Observation(
            raw=float(np.logaddexp.reduce(odds) - np.log(odds.size)),
            margin=MARGIN,
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
        views = [face_view(pixels, face.mesh) for face in faces]
        found = self._encoder.summaries_of(views)
        return np.array([np.vdot(self._weights, one) + self._bias for one in found], np.float64)


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
