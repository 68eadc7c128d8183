"""CLIP ViT-B/16 in torch through timm: the same weights in floating point, on any device."""

from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from importlib import import_module
from pathlib import Path
from typing import cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.zoo.backbones import CLIP_MEAN, CLIP_STD
from detectors.zoo.clip_weights import ARCHITECTURE, state
from detectors.zoo.threads import one_thread
from detectors.zoo.torchvision_shim import ensure_torchvision

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]


class TorchClip:
    """Tokens of some blocks; what lies above the highest of them is neither loaded nor computed.

    In FP32 within 1e-4 of the pinned graph where that is run in floating point; in bf16, which
    CUDA devices compute in, the summaries of tokens are 0.5 % off.
    """

    def __init__(
        self, weights: Path, *, blocks: Sequence[int], device: torch.device, bf16: bool = False
    ) -> None:
        self._device = device
        self._bf16 = bf16
        self._indices = [block - 1 for block in blocks]
        self.network = _network(weights, max(blocks)).to(device)
        self._mean = torch.tensor(CLIP_MEAN, device=device).view(3, 1, 1)
        self._std = torch.tensor(CLIP_STD, device=device).view(3, 1, 1)

    def tokens(self, views: Sequence[Pixels]) -> Floats:
        """Of RGB views (224, 224, 3): (views, blocks, 197, 768).

        The processor is given one at a time and one thread: sums in other orders end in other bits,
        and a batch costs as much there as its views.
        """
        if self._device.type != "cpu":
            return self.together(views)
        with one_thread():
            return np.concatenate([self.together([view]) for view in views])

    def together(self, views: Sequence[Pixels]) -> Floats:
        """As `tokens`, in one pass."""
        batch = torch.from_numpy(np.stack(views)).to(self._device)
        with torch.inference_mode(), self._precision():
            normal = (batch.permute(0, 3, 1, 2).float() / 255 - self._mean) / self._std
            return np.asarray(self._states(normal).float().cpu().numpy(), np.float32)

    def _precision(self) -> AbstractContextManager[object]:
        return torch.autocast(self._device.type, torch.bfloat16) if self._bf16 else nullcontext()

    def _states(self, batch: Tensor) -> Tensor:
        found = self.network.forward_intermediates(  # type: ignore[operator]
            batch,
            indices=self._indices,
            output_fmt="NLC",
            return_prefix_tokens=True,
            intermediates_only=True,
            stop_early=True,
        )
        return torch.stack([torch.cat([prefix, patch], 1) for patch, prefix in found], 1)


def _network(weights: Path, depth: int) -> nn.Module:
    """The first blocks of the network, frozen, from the pinned file."""
    ensure_torchvision()
    made = import_module("timm").create_model(ARCHITECTURE, num_classes=0, depth=depth)
    made.norm = nn.Identity()  # nothing is read behind it
    made.load_state_dict(
        {name: torch.from_numpy(values) for name, values in state(weights, depth).items()}
    )
    return cast(nn.Module, made.requires_grad_(requires_grad=False).eval())
