"""The edit localiser: which 8 px blocks of a picture have another history than the rest.

Everything is computed a block: DCT coefficients on the file's grid (double quantisation, as in
CAT-Net of Kwon et al. 2022), and the magnitude of differences at each of the 64 places in a block
(noise level, sharpness and where the grid of an earlier JPEG lies). A few convolutions mix
neighbours, and every block is then compared with the statistics of the whole picture (the local
anomaly of ManTra-Net, Wu et al. 2019).
"""

import math
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import nn
from torch.nn import functional

from detectors.image.edits import BLOCK, COMPARED, MAPS, TILE
from detectors.training.graphs import write_graph

WIDTH: Final = 96
_FIFTIETH: Final = 50
_DILATIONS: Final = (1, 2, 1, 4, 1)
_PLANES: Final = 4 * BLOCK**2 + 3 * BLOCK**2 + 6


class _Mix(nn.Module):
    """Depthwise convolution over neighbouring blocks and a small perceptron, with a short cut."""

    def __init__(self, dilation: int) -> None:
        super().__init__()
        self.around = nn.Conv2d(
            WIDTH, WIDTH, 3, padding=dilation, dilation=dilation, groups=WIDTH, bias=False
        )
        self.norm = nn.BatchNorm2d(WIDTH)
        self.mix = nn.Conv2d(WIDTH, WIDTH, 1)

    def forward(self, maps: torch.Tensor) -> torch.Tensor:
        mixed: torch.Tensor = maps + self.mix(functional.gelu(self.norm(self.around(maps))))
        return mixed


class EditNetwork(nn.Module):
    """RGB tiles of one picture in; log odds of every block and of the picture out."""

    dct: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("dct", _dct(), persistent=False)
        self.steps = nn.Parameter(torch.linspace(math.log(2), math.log(12), BLOCK**2))
        self.input_norm = nn.BatchNorm2d(_PLANES)
        self.enter = nn.Conv2d(_PLANES, WIDTH, 1)
        self.trunk = nn.Sequential(*(_Mix(dilation) for dilation in _DILATIONS))
        self.compare = nn.Sequential(nn.Conv2d(3 * WIDTH, 64, 1), nn.GELU(), nn.Conv2d(64, 1, 1))
        self.judge = nn.Sequential(nn.Linear(2 * WIDTH + 4, 64), nn.GELU(), nn.Linear(64, 1))

    def planes(self, tiles: torch.Tensor) -> torch.Tensor:
        """Block features (n, planes, h / 8, w / 8) of RGB in [0, 255], shape (n, 3, h, w)."""
        red, green, blue = tiles.unbind(1)
        luma = (0.299 * red + 0.587 * green + 0.114 * blue - 128).unsqueeze(1)
        coefficients = functional.conv2d(luma, self.dct, stride=BLOCK)
        size = coefficients.abs()
        steps = self.steps.exp().view(1, -1, 1, 1)
        across = functional.pad(luma[..., 1:] - luma[..., :-1], (0, 1)).abs()
        down = functional.pad(luma[..., 1:, :] - luma[..., :-1, :], (0, 0, 0, 1)).abs()
        both = functional.pad(luma, (1, 1, 1, 1), mode="replicate")
        around = (both[..., 1:-1, :-2] + both[..., 1:-1, 2:]) + (
            both[..., :-2, 1:-1] + both[..., 2:, 1:-1]
        )
        residual = (luma - around / 4).abs()
        places = [functional.pixel_unshuffle(part, BLOCK) for part in (across, down, residual)]
        chroma = torch.stack([blue - green, red - green], dim=1)
        smooth = functional.avg_pool2d(chroma, 2)
        fine = functional.avg_pool2d(
            (chroma - functional.interpolate(smooth, scale_factor=2)).abs(), BLOCK
        )
        return torch.cat(
            [
                coefficients.clamp(-20, 20) / 10,
                torch.log1p(size),
                torch.exp(-2 * size.square()),
                torch.cos(2 * math.pi * coefficients / steps),
                *(torch.log1p(part) for part in places),
                functional.avg_pool2d(chroma, BLOCK) / 50,
                torch.log1p(fine),
                functional.avg_pool2d(luma, BLOCK) / 50,
                functional.avg_pool2d((luma.abs() > 126).float(), BLOCK),
            ],
            dim=1,
        )

    def forward(self, tiles: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log odds of blocks (n, h / 8, w / 8) and of pictures (n,), each tile its own picture."""
        return self.compared(self.maps(tiles))

    def maps(self, tiles: torch.Tensor) -> torch.Tensor:
        """What is known of each block before it is compared: (n, `WIDTH`, h / 8, w / 8)."""
        known: torch.Tensor = self.trunk(self.enter(self.input_norm(self.planes(tiles))))
        return known

    def compared(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Log odds of blocks (n, h, w) and of pictures (n,) by their maps, (n, `WIDTH`, h, w)."""
        mean, spread = maps.mean((2, 3), keepdim=True), maps.std((2, 3), keepdim=True)
        apart = (maps - mean) / (spread + 1e-3)
        blocks = self.compare(torch.cat([maps, apart, apart.abs()], dim=1)).squeeze(1)
        flat = blocks.flatten(1)
        share = flat.softmax(dim=1).unsqueeze(1)
        strange = (maps.flatten(2) * share).sum(dim=2)
        facts = torch.stack(
            [_highest(flat), flat.mean(1), flat.std(1), torch.sigmoid(flat).mean(1) * 4], dim=1
        )
        whole = mean.flatten(1)
        return blocks, self.judge(torch.cat([strange - whole, whole, facts], dim=1)).squeeze(1)


def write_graphs(network: EditNetwork, folder: Path) -> tuple[Path, Path]:
    """The two graphs that `EditDetector` runs: tiles to maps, and maps of a picture to log odds."""
    tiles = torch.zeros((2, TILE, TILE, 3), dtype=torch.uint8)
    maps = torch.zeros((1, WIDTH, 1, 2 * (TILE // BLOCK) ** 2))
    first, second = folder / MAPS, folder / COMPARED
    whole = {0: "tiles", 1: "height", 2: "width"}
    write_graph(_Maps(network), tiles, first, outputs=["maps"], axes=whole)
    write_graph(_Compared(network), maps, second, outputs=["blocks", "odds"], axes={3: "blocks"})
    return first, second


class _Maps(nn.Module):
    def __init__(self, network: EditNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, tiles: torch.Tensor) -> torch.Tensor:
        return self.network.maps(tiles.permute(0, 3, 1, 2).float())


class _Compared(nn.Module):
    def __init__(self, network: EditNetwork) -> None:
        super().__init__()
        self.network = network

    def forward(self, maps: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.network.compared(maps)


def _highest(flat: torch.Tensor) -> torch.Tensor:
    """Mean of the highest fiftieth of each row, of one value at least."""
    ranks = torch.ones_like(flat).cumsum(1)
    count = (ranks[:, -1:] / _FIFTIETH).floor().clamp(min=1)
    chosen = (ranks <= count).float()
    return (flat.sort(dim=1, descending=True).values * chosen).sum(1) / count.squeeze(1)


def _dct() -> torch.Tensor:
    """The 64 basis pictures of the orthonormal 8 x 8 DCT, shape (64, 1, 8, 8)."""
    places = np.arange(BLOCK)
    waves = np.cos((2 * places[None, :] + 1) * places[:, None] * np.pi / (2 * BLOCK))
    waves *= np.sqrt(np.where(places == 0, 1, 2) / BLOCK)[:, None]
    basis: npt.NDArray[np.float64] = np.einsum("uy,vx->uvyx", waves, waves)
    return torch.from_numpy(basis.reshape(BLOCK**2, 1, BLOCK, BLOCK).astype(np.float32))
