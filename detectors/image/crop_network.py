"""A timm backbone on the residual of small native-resolution crops."""

from typing import Final

import torch
from torch import nn
from torch.nn import functional

from detectors.zoo.backbones import classifier

CROP: Final = 128
_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)


class CropNetwork(nn.Module):
    """Raw scores of crops: uint8 (n, 3, 128, 128) to float (n,)."""

    def __init__(self, architecture: str, *, residual: bool) -> None:
        super().__init__()
        self.backbone = classifier(architecture)
        self.residual = residual
        self.register_buffer("mean", torch.tensor(_MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(_STD).view(1, 3, 1, 1), persistent=False)

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        pixels = crops.float() / 255
        if self.residual:
            smooth = functional.avg_pool2d(functional.pad(pixels, (1, 1, 1, 1), "reflect"), 3, 1)
            pixels = ((pixels - smooth) * 16).clamp(-3, 3)
        else:
            pixels = (pixels - self.mean) / self.std
        scores: torch.Tensor = self.backbone(pixels.contiguous(memory_format=torch.channels_last))
        return scores[:, 0]
