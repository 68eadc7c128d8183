"""The swap network that is trained: views of faces in, log odds of a swap out."""

from importlib import import_module
from pathlib import Path
from typing import Final

import torch
from torch import nn

from detectors.faces.view import SIDE
from detectors.training.graphs import write_graph
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


def write_swap_graph(network: SwapNetwork, path: Path) -> None:
    """The graph that `FaceSwapDetector` runs: uint8 views (n, side, side, 3) to log odds (n,)."""
    views = torch.zeros((2, SIDE, SIDE, 3), dtype=torch.uint8)
    write_graph(_OfViews(network), views, path, outputs=["odds"], axes={0: "views"})


class _OfViews(nn.Module):
    def __init__(self, network: SwapNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, views: torch.Tensor) -> torch.Tensor:
        odds: torch.Tensor = self.network(views.permute(0, 3, 1, 2).float())
        return odds
