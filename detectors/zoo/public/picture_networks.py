"""Published picture detectors on vision transformers and an EfficientNet-B4."""

import re
from importlib import import_module
from typing import Final, cast

import torch
from torch import Tensor, nn

from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.clip_vision import ClipVision
from detectors.zoo.public.settings import number
from detectors.zoo.torchvision_shim import ensure_torchvision

# Blocks of each stage of an EfficientNet-B4 (Tan & Le 2019: B0's, 1.8 times as deep).
_B4_STAGES: Final = (2, 4, 4, 6, 6, 8, 2)
_FIRST_STAGE: Final = {
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn1",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pw",
    "_bn2": "bn2",
}
_LATER_STAGES: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_se_reduce": "se.conv_reduce",
    "_se_expand": "se.conv_expand",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}
_ENDS: Final = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}


class CommunityForensics(nn.Module):
    """ViT-S/16 at 384 px with one output (Park & Owens 2025): (batch, 3, 384, 384) -> (batch, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.vit = _timm("vit_small_patch16_384", num_classes=1)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.vit(pictures)
        return logits


class ClipLinear(nn.Module):
    """A linear layer on CLIP ViT-L/14's embedding (Ojha et al. 2023): (batch, 3, 224, 224) -> (batch, 1).

    The embedding is not normalised.
    """

    def __init__(self, card: PublicCard) -> None:
        super().__init__()
        self.clip = ClipVision.of(card)
        self.fc = nn.Linear(int(number(card, "projection")), 1)

    def forward(self, pictures: Tensor) -> Tensor:
        logits: Tensor = self.fc(self.clip(pictures))
        return logits


class SelfBlended(nn.Module):
    """EfficientNet-B4 of faces (Shiohara & Yamasaki 2022): (batch, 3, 380, 380) -> (batch, 1).

    Its two outputs are real and fake; the logit is their difference.
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = _timm("tf_efficientnet_b4", num_classes=2)

    def forward(self, faces: Tensor) -> Tensor:
        real, fake = self.net(faces).unbind(dim=1)
        return torch.sub(fake, real)[:, None]


def from_efficientnet_pytorch(name: str) -> str:
    """timm's name for a tensor of an EfficientNet-B4 as the package efficientnet_pytorch names it."""
    block = re.fullmatch(r"net\._blocks\.(\d+)\.(\w+)\.(\w+)", name)
    if block is not None:
        index, layer, value = int(block[1]), block[2], block[3]
        for stage, size in enumerate(_B4_STAGES):
            if index < size:
                names = _LATER_STAGES if stage else _FIRST_STAGE
                return f"net.blocks.{stage}.{index}.{names.get(layer, layer)}.{value}"
            index -= size
    end = re.fullmatch(r"net\.(\w+)\.(\w+)", name)
    return name if end is None else f"net.{_ENDS.get(end[1], end[1])}.{end[2]}"


def _timm(architecture: str, *, num_classes: int) -> nn.Module:
    ensure_torchvision()
    network = import_module("timm").create_model(architecture, num_classes=num_classes)
    return cast(nn.Module, network)
