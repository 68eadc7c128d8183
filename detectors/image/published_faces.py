"""A published face-swap detector as pulled: its network on the crops that its authors cut."""

from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final, Self

import cv2
import numpy as np
import torch
from torch import nn

from detectors.base import Image, Observation, Patch
from detectors.errors import NotApplicable, WeightsUnfit
from detectors.image.views import Pixels
from detectors.result import Reason
from detectors.zoo.card import ModelCard, WeightSource
from detectors.zoo.public.build import built
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import number
from detectors.zoo.weights import verified

MARGIN: Final = 1 / 8
"""Room on each side of a face's box, as a share of its side (Shiohara & Yamasaki 2022, testing)."""

LEAST_SIDE: Final = 64  # px of the smallest face that is looked for
_LONGEST: Final = 1280  # px of the picture in which faces are looked for
_STEP: Final = 1.1  # from one size of face to the next
_ROOM: Final = 0.4  # around the picture for the second look, as a share of its longer side
_AGREEING: Final = 6  # overlapping hits that make a face

Box = tuple[int, int, int, int]  # left, top, right, bottom in px
Finder = Callable[[Pixels], list[Box]]


class PublishedFaceDetector:
    """The highest logit of "swapped" of all faces, as its authors take it.

    They crop around the boxes of another face finder (RetinaFace). The card's setting `side` is the
    view's.
    """

    def __init__(self, find: Finder, network: nn.Module, side: int) -> None:
        self._find = find
        self._network = network
        self._side = side

    @classmethod
    def from_files(cls, card: ModelCard, files: tuple[Path, ...]) -> Self:
        """The card also names the cascade that finds faces, in an installed package."""
        packaged = [w.source is WeightSource.PACKAGE for w in card.weights].index(True)
        network = built(PublicCard.read(card.name), files)
        find = FrontalFaces(verified(card, packaged)).boxes
        return cls(find, network, int(number(card, "side")))

    def observe(self, media: Image) -> Observation:
        """Raw logit before calibration. Raises `NotApplicable` without a face."""
        boxes = self._find(media.pixels)
        if not boxes:
            raise NotApplicable(Reason.NO_FACE, "No frontal face was found in the picture.")
        logits = [self._logit(view(media.pixels, box, self._side)) for box in boxes]
        height, width = media.pixels.shape[:2]
        patches = (
            Patch(
                left=left / width,
                top=top / height,
                right=right / width,
                bottom=bottom / height,
                raw=logit,
            )
            for (left, top, right, bottom), logit in zip(boxes, logits, strict=True)
        )
        return Observation(
            raw=max(logits), patches=tuple(patches), facts={"faces": float(len(boxes))}
        )

    def _logit(self, face: Pixels) -> float:
        batch = np.ascontiguousarray(face.transpose(2, 0, 1)[None], np.float32) / 255.0
        with torch.inference_mode():
            return float(self._network(torch.from_numpy(batch))[0, 0])


class FrontalFaces:
    """Frontal faces by a boosted cascade (Viola & Jones 2001), as it comes with OpenCV 4.

    A cascade keeps the picture that it looks at in itself, so threads take turns.
    """

    def __init__(self, cascade: Path) -> None:
        self._cascade = cv2.CascadeClassifier(str(cascade))
        self._turn = Lock()
        if self._cascade.empty():
            raise WeightsUnfit(f"{cascade.name} is no cascade")

    def boxes(self, pixels: Pixels) -> list[Box]:
        """Faces of an RGB picture in px, the largest first.

        A face that fills its picture is found only with room around it, hence the second look.
        """
        return self._found(pixels) or self._found(pixels, round(max(pixels.shape[:2]) * _ROOM))

    def _found(self, pixels: Pixels, room: int = 0) -> list[Box]:
        bottom, right = pixels.shape[:2]
        framed = cv2.copyMakeBorder(pixels, room, room, room, room, cv2.BORDER_REPLICATE)
        height, width = framed.shape[:2]
        scale = min(1.0, _LONGEST / max(height, width))
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        grey = cv2.resize(cv2.cvtColor(framed, cv2.COLOR_RGB2GRAY), size)
        least = max(24, round(LEAST_SIDE * scale))
        with self._turn:
            found = self._cascade.detectMultiScale(grey, _STEP, _AGREEING, minSize=(least, least))
        boxes = [
            (
                max(0, round(left / scale) - room),
                max(0, round(top / scale) - room),
                min(right, round((left + wide) / scale) - room),
                min(bottom, round((top + high) / scale) - room),
            )
            for left, top, wide, high in np.asarray(found).reshape(-1, 4).tolist()
        ]
        return sorted(boxes, key=lambda box: box[0] - box[2])


def view(pixels: Pixels, box: Box, side: int) -> Pixels:
    """The face with `MARGIN` around it, cut at the picture's edges and pressed into a square."""
    left, top, right, bottom = box
    wide, high = (right - left) * MARGIN, (bottom - top) * MARGIN
    rows = slice(max(0, int(top - high)), min(pixels.shape[0], int(bottom + high) + 1))
    columns = slice(max(0, int(left - wide)), min(pixels.shape[1], int(right + wide) + 1))
    return np.asarray(cv2.resize(pixels[rows, columns], (side, side)), np.uint8)
