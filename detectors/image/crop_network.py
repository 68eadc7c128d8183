"""Texture statistics of native crops: what the first stages of an ImageNet network see in them."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from detectors.zoo.backbones import stages

ARCHITECTURE: Final = "tf_efficientnet_lite0"
STAGES: Final = 5
CROP: Final = 128
_MEAN: Final = (0.485, 0.456, 0.406)
_STD: Final = (0.229, 0.224, 0.225)


class TextureNetwork(nn.Module):
    """Moments of every channel of the early stages: uint8 (n, height, width, 3) to (n, features).

    The network sees each crop twice: as it is, and what a 3 px box filter takes away from it.
    Together they separate better (held-out AUC 0.687) than either (0.656, 0.645).
    """

    def __init__(self) -> None:
        super().__init__()
        self.backbone = stages(ARCHITECTURE, STAGES)
        self.backbone.eval()

    def forward(self, crops: torch.Tensor) -> torch.Tensor:
        pixels = crops.permute(0, 3, 1, 2).float() / 255
        smooth = functional.avg_pool2d(functional.pad(pixels, (1, 1, 1, 1), "reflect"), 3, 1)
        residual = ((pixels - smooth) * 16).clamp(-3, 3)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (_MEAN, _STD))
        return torch.cat([self._seen((pixels - mean) / std), self._seen(residual)], dim=1)

    def _seen(self, pixels: torch.Tensor) -> torch.Tensor:
        maps = self.backbone(pixels.contiguous(memory_format=torch.channels_last))
        return torch.cat([_moments(found) for found in maps], dim=1)

    def features(self, crops: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """The same on arrays, without gradients."""
        with torch.inference_mode():
            found: npt.NDArray[np.float32] = self(torch.from_numpy(crops)).numpy()
        return found


def _moments(maps: torch.Tensor) -> torch.Tensor:
    """Mean, deviation and cube root of the third central moment over space: (n, 3 channels)."""
    mean = maps.mean(dim=(2, 3))
    centred = maps - mean[:, :, None, None]
    third = centred.pow(3).mean(dim=(2, 3))
    return torch.cat(
        [mean, centred.square().mean(dim=(2, 3)).sqrt(), third.sign() * third.abs().pow(1 / 3)],
        dim=1,
    )
