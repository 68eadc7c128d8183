"""A few small networks on the features of a window, whose mean log odds count."""

from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]

MEMBERS: Final = 4
"""Networks that differ by what they started from and saw first."""

HIDDEN: Final = 192
_FURTHEST: Final = 5.0  # deviations from the mean beyond which a feature says no more
_UNSEEN: Final = 0.2  # share of the features left out at each step of training
_DROPPED: Final = 0.5  # the same of what is between layers


class Networks(nn.Module):
    """Perceptrons with two hidden layers side by side, on standardised features."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.mean = nn.Buffer(torch.zeros(features))
        self.scale = nn.Buffer(torch.ones(features))
        self.members = nn.ModuleList(_perceptron(features) for _ in range(MEMBERS))

    @classmethod
    def load(cls, weights: Path) -> "Networks":
        """Read what `save` wrote."""
        state = {name: torch.from_numpy(found) for name, found in read_arrays(weights).items()}
        networks = cls(state["mean"].shape[0])
        networks.load_state_dict(state)
        return networks.eval()

    def save(self, weights: Path) -> None:
        """Write the layers in half precision, and how features are standardised in full."""
        kept = ("mean", "scale")
        state = {
            name: value if name in kept else value.half()
            for name, value in self.state_dict().items()
        }
        write_arrays({name: value.numpy() for name, value in state.items()}, weights)

    def standardised(self, rows: Floats) -> Tensor:
        """What the networks see of features, shape (rows, features)."""
        scaled = (torch.from_numpy(rows) - self.mean) / self.scale
        return scaled.clamp(-_FURTHEST, _FURTHEST)

    @torch.inference_mode()
    def logits(self, rows: Floats) -> Floats:
        """Mean natural log odds of being synthetic, shape (rows,)."""
        seen = self.standardised(rows)
        found = torch.stack([member(seen)[:, 0] for member in self.members])
        return np.asarray(found.mean(0).numpy(), np.float32)


def _perceptron(features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(_UNSEEN),
        nn.Linear(features, HIDDEN),
        nn.LayerNorm(HIDDEN),
        nn.GELU(),
        nn.Dropout(_DROPPED),
        nn.Linear(HIDDEN, HIDDEN),
        nn.GELU(),
        nn.Dropout(_DROPPED),
        nn.Linear(HIDDEN, 1),
    )
