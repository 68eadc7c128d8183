"""Published picture detectors as pulled: their networks on the views that their authors gave them."""

from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image as Pictures
from torch import nn

from detectors.base import Image, Observation
from detectors.errors import NotApplicable
from detectors.image.views import require_size
from detectors.result import Reason
from detectors.zoo.card import ModelCard
from detectors.zoo.public.build import built
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import number, numbers

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

_CHANNELS: Final = 3


class PublishedDetector:
    """One view of the picture through one network.

    The card's settings are its authors' preparation: `short_side` is what the picture is resized to
    (0: not at all), `side` the square cut from its middle, `mean` and `std` of each channel.
    """

    def __init__(self, network: nn.Module, card: ModelCard) -> None:
        self._network = network
        self._short_side = int(number(card, "short_side"))
        self._side = int(number(card, "side"))
        self._mean = numbers(card, "mean", _CHANNELS)
        self._std = numbers(card, "std", _CHANNELS)

    @classmethod
    def from_files(cls, card: ModelCard, files: tuple[Path, ...]) -> Self:
        return cls(built(PublicCard.read(card.name), files), card)

    def observe(self, media: Image) -> Observation:
        """Raw logit of "generated". Raises `NotApplicable` for pictures smaller than the view."""
        require_size(media.pixels)
        view = middle(media.pixels, short_side=self._short_side, side=self._side)
        batch = torch.from_numpy(normalised(view, self._mean, self._std)[None])
        with torch.inference_mode():
            return Observation(raw=float(self._network(batch)[0, 0]))


def middle(pixels: Pixels, *, short_side: int, side: int) -> Pixels:
    """The middle square of an RGB picture, after its short side was resized to `short_side`.

    Resizing is Pillow's bilinear with antialiasing, sizes and places rounded as torchvision's
    `Resize` and `CenterCrop` round them. Raises `NotApplicable` for a picture under `side`.
    """
    height, width = pixels.shape[:2]
    if short_side:
        scaled = int(short_side * max(height, width) / min(height, width))
        size = (short_side, scaled) if height >= width else (scaled, short_side)
        resized = Pictures.fromarray(pixels).resize(size, Pictures.Resampling.BILINEAR)
        pixels = np.asarray(resized, np.uint8)
        height, width = pixels.shape[:2]
    if min(height, width) < side:
        raise NotApplicable(
            Reason.TOO_SMALL,
            f"The picture is {min(height, width)} px on its short side. This detector needs {side}.",
        )
    top, left = round((height - side) / 2), round((width - side) / 2)
    return pixels[top : top + side, left : left + side]


def normalised(view: Pixels, mean: Floats, std: Floats) -> Floats:
    """Channels first, scaled to [0, 1], less `mean`, over `std`: (3, side, side)."""
    scaled = (view.astype(np.float32) / 255.0 - mean) / std
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))
