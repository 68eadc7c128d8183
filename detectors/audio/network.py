"""A compact residual network over linear-band spectrograms, pooled by attention over time."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from detectors.audio.frontend import log_bands, spectrum
from detectors.audio.windows import WINDOW, Piece

Floats = npt.NDArray[np.float32]

WIDTHS: Final = (16, 32, 64)
"""Channels of the three residual stages; each but the first halves time and frequency."""


class Residual(nn.Module):
    """Two 3 x 3 convolutions with a short cut."""

    def __init__(self, enter: int, leave: int, stride: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(enter, leave, 3, stride, 1, bias=False)
        self.first_norm = nn.BatchNorm2d(leave)
        self.second = nn.Conv2d(leave, leave, 3, 1, 1, bias=False)
        self.second_norm = nn.BatchNorm2d(leave)
        self.short = nn.Conv2d(enter, leave, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        hidden = functional.relu(self.first_norm(self.first(x)))
        return functional.relu(self.second_norm(self.second(hidden)) + self.short(x))


class BandNetwork(nn.Module):
    """Log bands, shape (batch, frames, BANDS) -> one logit each, higher meaning synthetic."""

    def __init__(self, dropout: float = 0.3) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, WIDTHS[0], 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(WIDTHS[0])
        before = (WIDTHS[0], *WIDTHS[:-1])
        self.stages = nn.ModuleList(
            Residual(enter, leave, 1 if i == 0 else 2)
            for i, (enter, leave) in enumerate(zip(before, WIDTHS, strict=True))
        )
        features = WIDTHS[-1] * 10  # 80 bands halved three times
        self.squeeze = nn.Linear(features, 96)
        self.attention = nn.Linear(96, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(192, 1)

    def forward(self, bands: Tensor) -> Tensor:
        centred = bands - bands.mean(dim=1, keepdim=True)
        hidden = functional.relu(self.stem_norm(self.stem(centred[:, None] / 2.0)))
        for stage in self.stages:
            hidden = stage(hidden)
        series = functional.relu(self.squeeze(hidden.transpose(1, 2).flatten(2)))
        weights = torch.softmax(self.attention(series), dim=1)
        mean = (weights * series).sum(1)
        spread = ((weights * series.square()).sum(1) - mean.square()).clamp(min=1e-5).sqrt()
        logits: Tensor = self.head(self.dropout(torch.cat([mean, spread], dim=1)))
        return logits[:, 0]


def load_network(weights: Path) -> BandNetwork:
    """Read safetensors into a network ready to judge."""
    network = BandNetwork()
    network.load_state_dict(load_file(weights))
    return network.eval()


@torch.inference_mode()
def logits(network: BandNetwork, piece: Piece) -> Floats:
    """One logit for each window of a piece, shape (windows,)."""
    bands = log_bands(spectrum(piece.samples))
    views = np.stack([whole_window(bands[first:last]) for first, last in piece.windows])
    return np.asarray(network(torch.from_numpy(views)).numpy(), np.float32)


def whole_window(bands: Floats) -> Floats:
    """Repeat a short window until it fills `WINDOW` frames."""
    repeats = -(-WINDOW // bands.shape[0])
    return np.tile(bands, (repeats, 1))[:WINDOW]
