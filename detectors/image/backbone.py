"""A pulled encoder under a head that was trained on the operator's pictures."""

from pathlib import Path
from typing import Self

import numpy as np
import torch

from detectors.image.clip import ClipDetector
from detectors.image.published import Pixels, normalised
from detectors.zoo.backbones import Floats
from detectors.zoo.card import ModelCard
from detectors.zoo.public.build import built
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import numbers
from detectors.zoo.public.tokens import Tokens
from detectors.zoo.weights import read_arrays


class PulledEncoder:
    """A pulled network as a `TokenEncoder`."""

    def __init__(self, network: Tokens, card: ModelCard | PublicCard) -> None:
        self._network = network
        self.blocks, self.width, self.grid = network.blocks, network.width, network.grid
        self._mean, self._std = numbers(card, "mean", 3), numbers(card, "std", 3)

    @classmethod
    def from_files(cls, public: PublicCard, files: tuple[Path, ...]) -> Self:
        network = built(public, files)
        if not isinstance(network, Tokens):
            raise TypeError(f"{public.name} is no encoder")
        return cls(network, public)

    def tokens(self, view: Pixels) -> Floats:
        """As `TokenEncoder.tokens`."""
        batch = torch.from_numpy(normalised(view, self._mean, self._std)[None])
        with torch.inference_mode():
            return np.asarray(self._network(batch)[:, 0].numpy(), np.float32)


class BackboneDetector(ClipDetector):
    """The head contract of `ClipDetector` on an encoder that was pulled."""

    @classmethod
    def from_files(cls, card: ModelCard, files: tuple[Path, ...]) -> Self:
        """The encoder's files, then the head that was trained here."""
        *encoder, head = files
        public = PublicCard.read(card.name)
        return cls(PulledEncoder.from_files(public, tuple(encoder)), read_arrays(head))
