"""Trained networks on disk: half precision, without what only training needs."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import torch
from safetensors.torch import load_file
from torch import nn

Network = TypeVar("Network", bound=nn.Module)
_COUNTERS = "num_batches_tracked"  # of batch norms


def halved(state: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """A network's weights in half precision on the processor, without batch norms' counters."""
    return {
        name: value.half().cpu().contiguous()
        for name, value in state.items()
        if not name.endswith(_COUNTERS)
    }


def restored(network: Network, weights: Path) -> Network:
    """`network` in evaluation mode with these weights, which `halved` made.

    Raises `RuntimeError` for those of another network.
    """
    own = network.state_dict()
    counters = {name: value for name, value in own.items() if name.endswith(_COUNTERS)}
    state = {name: value.float() for name, value in load_file(weights).items()}
    network.load_state_dict({**counters, **state})
    return network.eval()
