"""FerretNet (Liang et al. 2025): what a picture has beyond the median of each pixel's neighbours."""

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH = 32
DEPTHS = (2, 2)


class Dilated(nn.Module):
    """Two depthwise convolutions of different reach, added, and mixed by a pointwise one."""

    def __init__(self, enter: int, leave: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(enter, leave, 3, stride, 1, groups=enter, bias=False)
        self.conv2 = nn.Conv2d(enter, leave, 3, stride, 2, dilation=2, groups=enter, bias=False)
        self.conv3 = nn.Conv2d(leave, leave, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        mixed: Tensor = self.conv3(self.conv1(maps) + self.conv2(maps))
        return mixed


class Separable(nn.Module):
    """A depthwise and a pointwise convolution."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.depth_wise = nn.Conv2d(width, width, 3, 1, 1, groups=width, bias=False)
        self.point_wise = nn.Conv2d(width, width, 1, bias=False)

    def forward(self, maps: Tensor) -> Tensor:
        mixed: Tensor = self.point_wise(self.depth_wise(maps))
        return mixed


class Block(nn.Module):
    """A residual block; the shortcut is a projection where the size changes."""

    def __init__(self, enter: int, leave: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            Dilated(enter, leave, stride),
            nn.BatchNorm2d(leave),
            nn.ReLU(),
            Separable(leave),
            nn.BatchNorm2d(leave),
        )
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or enter != leave:
            self.shortcut = nn.Sequential(nn.Conv2d(enter, leave, 1, stride), nn.BatchNorm2d(leave))

    def forward(self, maps: Tensor) -> Tensor:
        return functional.relu(self.layers(maps) + self.shortcut(maps))


class FerretNet(nn.Module):
    """Normalised pictures (batch, 3, height, width) -> one logit each, shape (batch, 1)."""

    def __init__(self) -> None:
        super().__init__()
        half = WIDTH // 2
        self.cbr1 = nn.Sequential(
            nn.Conv2d(3, half, 3, 1, 1, bias=False), nn.BatchNorm2d(half), nn.ReLU()
        )
        self.cbr2 = nn.Sequential(
            nn.Conv2d(half, WIDTH, 3, 2, 1, bias=False), nn.BatchNorm2d(WIDTH), nn.ReLU()
        )
        width, stages = WIDTH, []
        for depth in DEPTHS:
            rest = (Block(2 * width, 2 * width, 1) for _ in range(depth - 1))
            stages.append(nn.Sequential(Block(width, 2 * width, 2), *rest))
            width *= 2
        self.feature = nn.Sequential(*stages, nn.Conv2d(width, width, 1, bias=False))
        self.logit = nn.Sequential(nn.Dropout(0.2), nn.Linear(width, 1))

    def forward(self, pictures: Tensor) -> Tensor:
        residual = pictures - neighbour_median(pictures)
        maps = self.feature(self.cbr2(self.cbr1(residual)))
        logits: Tensor = self.logit(maps.mean(dim=(2, 3)))
        return logits


def neighbour_median(pictures: Tensor) -> Tensor:
    """Median of the 3 by 3 window around each pixel with a zero in place of the pixel itself.

    The zero takes part, as in the published network; pixels beyond the edge are zeros too.
    """
    height, width = pictures.shape[2:]
    padded = functional.pad(pictures, (1, 1, 1, 1))
    shifts = [
        padded[:, :, row : row + height, column : column + width]
        for row in range(3)
        for column in range(3)
        if (row, column) != (1, 1)
    ]
    return torch.stack([*shifts, torch.zeros_like(pictures)]).median(dim=0).values
