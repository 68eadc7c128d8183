"""Frozen encoders that can be pulled, as networks that give the tokens of some of their blocks."""

from importlib import import_module
from typing import cast

import torch
from torch import Tensor, nn

from detectors.errors import CardInvalid
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.clip_vision import SIDE, ClipVision
from detectors.zoo.public.settings import number
from detectors.zoo.torchvision_shim import ensure_torchvision


class Tokens(nn.Module):
    """Normalised views (batch, 3, 224, 224) -> (blocks, batch, 1 + patches, width).

    The card's setting `blocks` names blocks, counted from 1; the class token is the first.
    """

    def __init__(self, card: PublicCard, *, width: int, patch: int, depth: int) -> None:
        super().__init__()
        chosen = card.settings.get("blocks")
        if not isinstance(chosen, list) or not 0 < min(chosen, default=0) <= max(chosen) <= depth:
            raise CardInvalid(f"{card.name}: setting blocks is no list of blocks up to {depth}")
        self._chosen = [int(block) for block in chosen]
        self.blocks, self.width, self.grid = len(chosen), width, SIDE // patch


class ClipTokens(Tokens):
    """Tokens of CLIP's picture half."""

    def __init__(self, card: PublicCard) -> None:
        width, patch, depth = (int(number(card, name)) for name in ("width", "patch", "depth"))
        super().__init__(card, width=width, patch=patch, depth=depth)
        self.clip = ClipVision.of(card)

    def forward(self, views: Tensor) -> Tensor:
        states = self.clip.vision_model.states(views, max(self._chosen))
        return torch.stack([states[block - 1] for block in self._chosen])


class TimmTokens(Tokens):
    """Tokens of a vision transformer of timm, by its name there; registers are left out."""

    def __init__(self, card: PublicCard) -> None:
        ensure_torchvision()
        name = str(card.settings.get("timm", ""))
        timm = import_module("timm")
        network = timm.create_model(name, num_classes=0, dynamic_img_size=True)
        patches = network.patch_embed.patch_size
        super().__init__(card, width=network.embed_dim, patch=patches[0], depth=len(network.blocks))
        self.vit = cast(nn.Module, network)
        self._indices = [block - 1 for block in self._chosen]

    def forward(self, views: Tensor) -> Tensor:
        found = self.vit.forward_intermediates(  # type: ignore[operator]
            views,
            indices=self._indices,
            output_fmt="NLC",
            return_prefix_tokens=True,
            intermediates_only=True,
            stop_early=True,
        )
        return torch.stack([torch.cat([prefix[:, :1], patch], 1) for patch, prefix in found])
