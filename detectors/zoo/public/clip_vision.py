"""The picture half of CLIP (Radford et al. 2021), with the tensor names of its published files."""

from itertools import islice
from typing import Self

import torch
from torch import Tensor, nn
from torch.nn import functional

from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.settings import number

SIDE = 224


class ClipVision(nn.Module):
    """ViT with a projected class token: (batch, 3, 224, 224) -> (batch, projection)."""

    def __init__(self, *, width: int, depth: int, heads: int, patch: int, projection: int) -> None:
        super().__init__()
        self.vision_model = _Transformer(width, depth, heads, patch)
        self.visual_projection = nn.Linear(width, projection, bias=False)

    @classmethod
    def of(cls, card: PublicCard) -> Self:
        """With the sizes that the card's settings give."""
        width, depth, heads, patch, projection = (
            int(number(card, name)) for name in ("width", "depth", "heads", "patch", "projection")
        )
        return cls(width=width, depth=depth, heads=heads, patch=patch, projection=projection)

    def forward(self, pictures: Tensor) -> Tensor:
        embedding: Tensor = self.visual_projection(self.vision_model(pictures))
        return embedding


class _Transformer(nn.Module):
    """Patches and a class token through the blocks; the class token's last state."""

    def __init__(self, width: int, depth: int, heads: int, patch: int) -> None:
        super().__init__()
        self.embeddings = _Embeddings(width, patch)
        self.pre_layrnorm = nn.LayerNorm(width)
        blocks = (_Block(width, heads) for _ in range(depth))
        self.encoder = nn.ModuleDict({"layers": nn.ModuleList(blocks)})
        self.post_layernorm = nn.LayerNorm(width)

    def forward(self, pictures: Tensor) -> Tensor:
        last: Tensor = self.post_layernorm(self.states(pictures)[-1][:, 0])
        return last

    def states(self, pictures: Tensor, depth: int | None = None) -> list[Tensor]:
        """Tokens after each of the first `depth` blocks: (batch, tokens, width), class first."""
        tokens, found = self.pre_layrnorm(self.embeddings(pictures)), []
        for block in islice(self.encoder["layers"].children(), depth):
            tokens = block(tokens)
            found.append(tokens)
        return found


class _Embeddings(nn.Module):
    def __init__(self, width: int, patch: int) -> None:
        super().__init__()
        self.class_embedding = nn.Parameter(torch.empty(width))
        self.patch_embedding = nn.Conv2d(3, width, patch, patch, bias=False)
        self.position_embedding = nn.Embedding((SIDE // patch) ** 2 + 1, width)

    def forward(self, pictures: Tensor) -> Tensor:
        patches = self.patch_embedding(pictures).flatten(2).transpose(1, 2)
        first = self.class_embedding.expand(patches.shape[0], 1, -1)
        return torch.cat([first, patches], dim=1) + self.position_embedding.weight


class _Block(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.self_attn = _Attention(width, heads)
        self.layer_norm1 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"fc1": nn.Linear(width, 4 * width), "fc2": nn.Linear(4 * width, width)}
        )
        self.layer_norm2 = nn.LayerNorm(width)

    def forward(self, tokens: Tensor) -> Tensor:
        tokens = tokens + self.self_attn(self.layer_norm1(tokens))
        hidden = self.mlp["fc1"](self.layer_norm2(tokens))
        changed: Tensor = self.mlp["fc2"](hidden * torch.sigmoid(1.702 * hidden))
        return tokens + changed


class _Attention(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self._heads = heads
        self.q_proj, self.k_proj = nn.Linear(width, width), nn.Linear(width, width)
        self.v_proj, self.out_proj = nn.Linear(width, width), nn.Linear(width, width)

    def forward(self, tokens: Tensor) -> Tensor:
        batch, count, width = tokens.shape
        query, key, value = (
            part(tokens).view(batch, count, self._heads, -1).transpose(1, 2)
            for part in (self.q_proj, self.k_proj, self.v_proj)
        )
        mixed = functional.scaled_dot_product_attention(query, key, value)
        joined: Tensor = self.out_proj(mixed.transpose(1, 2).reshape(batch, count, width))
        return joined
