"""The swap network: views of faces in, log odds of a swap out."""

from importlib import import_module
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from detectors.zoo.threads import one_thread
from detectors.zoo.torchvision_shim import ensure_torchvision

ARCHITECTURE: Final = "tf_efficientnet_lite0"
STAGES: Final = 6
"""Stages kept of seven: the last one and the head are half of the weights and of no use here."""

_CHANNELS: Final = 192


class SwapNetwork(nn.Module):
    """Stem and six stages of a timm EfficientNet-lite0, mean over the map, one linear layer."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        ensure_torchvision()
        network = import_module("timm").create_model(ARCHITECTURE)
        self.conv_stem = network.conv_stem
        self.bn1 = network.bn1
        self.blocks = network.blocks[:STAGES]
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(_CHANNELS, 1)

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        """Log odds (n,) of RGB views in [0, 255], shape (n, 3, 224, 224)."""
        maps = self.blocks(self.bn1(self.conv_stem(views / 127.5 - 1)))
        odds: torch.Tensor = self.head(self.dropout(maps.mean(dim=(2, 3))))
        return odds.squeeze(1)

    @torch.inference_mode()
    def odds(self, views: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Log odds (n,) of uint8 views, shape (n, 224, 224, 3), in evaluation mode."""
        batch = torch.from_numpy(views).permute(0, 3, 1, 2).float()
        with one_thread():
            return np.asarray(self(batch.contiguous(memory_format=torch.channels_last)).numpy())
