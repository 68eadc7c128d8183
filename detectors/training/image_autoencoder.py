"""A small latent autoencoder of photographs, so that a photograph exists beside its decoded twin.

Generators decode a latent of an eighth of the picture's sides by convolutions that double them
three times. A photograph that went through such a decoder shows the same thing as its original and
was still put together by a network: a hard negative (as in Rajan et al. 2024, who take the
decoders of public generators; this one is trained on the photographs at hand).
"""

import logging
import math
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from detectors.image.views import Pixels
from detectors.training.image_data import SEED

log = logging.getLogger(__name__)

BLOCK: Final = 8  # px of the picture along one side of a latent
CHANNELS: Final = 16
WIDTHS: Final = (96, 64, 32, 16)  # channels at an eighth, a quarter, half and the full size
SIDE: Final = 128
BATCH: Final = 4
STEPS: Final = 2000
RATE: Final = 2e-3
FITTED_ON: Final = 400  # crops that the principal components are computed on

_COLOURS: Final = 3
_LEAST_SPREAD: Final = 0.05
_BLUR: Final = (0.25, 0.75, 0.75, 0.25)  # doubles a picture linearly


class Autoencoder(nn.Module):
    """Principal components of 8 px blocks as the encoder, transposed convolutions as the decoder.

    The linear encoder needs no training, so minutes of one core suffice for the decoder.
    Pictures are (n, 3, height, width) in -1 to 1, with sides that 8 divides.
    """

    mean: Tensor
    basis: Tensor

    def __init__(self) -> None:
        super().__init__()
        size = _COLOURS * BLOCK**2
        self.register_buffer("mean", torch.zeros(size))
        self.register_buffer("basis", torch.zeros(CHANNELS, size))
        self.decoder = _Decoder()

    @classmethod
    def trained(cls, photographs: Sequence[Pixels], steps: int = STEPS) -> Self:
        """Train on random native crops of `photographs` with a side of 128 px or more."""
        torch.manual_seed(SEED)
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # the order of sums depends on their number
        try:
            return cls()._trained(photographs, steps)
        finally:
            torch.set_num_threads(threads)

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what `save` wrote."""
        found = cls()
        found.load_state_dict(load_file(path))
        return found.eval()

    def save(self, path: Path) -> None:
        """Write the weights so that the file is whole or absent."""
        partial = path.with_suffix(".part")
        save_file({name: value.contiguous() for name, value in self.state_dict().items()}, partial)
        partial.replace(path)

    def decoded(self, pixels: Pixels) -> Pixels:
        """An RGB picture of any size, encoded and decoded."""
        height, width = pixels.shape[:2]
        edges = (0, -height % BLOCK, 0, -width % BLOCK)
        padded = cv2.copyMakeBorder(pixels, *edges, borderType=cv2.BORDER_REFLECT_101)
        with torch.inference_mode():
            found = self.decoder(self.encode(_batch([np.asarray(padded, np.uint8)])))[-1][0]
        values = ((found + 1) * 127.5).round().clamp(0, 255).byte().permute(1, 2, 0).numpy()
        return np.ascontiguousarray(values[:height, :width])

    def encode(self, pictures: Tensor) -> Tensor:
        """Latents (n, 16, height / 8, width / 8), each channel with a deviation of about one."""
        return ((_blocks(pictures) - self.mean) @ self.basis.T).permute(0, 3, 1, 2).contiguous()

    def _trained(self, photographs: Sequence[Pixels], steps: int) -> Self:
        rng = np.random.default_rng(SEED)
        large = [pixels for pixels in photographs if min(pixels.shape[:2]) >= SIDE]
        self._fit(_batch(_crops(large, rng, FITTED_ON)))
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        optimizer = torch.optim.AdamW(self.parameters(), RATE, betas=(0.9, 0.99), weight_decay=1e-4)
        for step in range(steps):
            for group in optimizer.param_groups:
                group["lr"] = _rate(step, steps)
            pictures = _batch(_crops(large, rng, BATCH))
            loss = _loss(self.decoder(self.encode(pictures)), pictures)
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(self.parameters(), 1.0)
            optimizer.step()
            if step % 100 == 0:
                log.info("autoencoder: step %d of %d, loss %.4f", step, steps, float(loss.detach()))
        return self.eval()

    @torch.no_grad()
    def _fit(self, pictures: Tensor) -> None:
        """Principal components of the blocks, and the mean colours of a block from its latent."""
        rows = _blocks(pictures).reshape(-1, self.mean.numel())
        self.mean.copy_(rows.mean(dim=0))
        variances, directions = torch.linalg.eigh(torch.cov(rows.T, correction=0))
        spread = variances[-CHANNELS:].clamp(min=0).sqrt().clamp(min=_LEAST_SPREAD)
        self.basis.copy_((directions[:, -CHANNELS:] / spread).T)
        blocks = torch.cat([(directions[:, -CHANNELS:] * spread).T, self.mean[None]])
        colours = blocks.reshape(CHANNELS + 1, _COLOURS, BLOCK**2).mean(dim=2)
        self.decoder.start(colours[:CHANNELS], colours[CHANNELS])


class _Decoder(nn.Module):
    """From a latent to a picture of each size, every one the last one doubled plus detail."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(CHANNELS, _COLOURS, 1)
        self.entry = nn.Conv2d(CHANNELS, WIDTHS[0], 3, padding=1)
        self.residuals = nn.ModuleList(_Residual(width) for width in WIDTHS)
        self.details = nn.ModuleList(nn.Conv2d(w, _COLOURS, 3, padding=1) for w in WIDTHS)
        pairs = list(pairwise(WIDTHS))
        self.doublings = nn.ModuleList(_doubling(*pair) for pair in pairs)
        self.colour_doublings = nn.ModuleList(_linear_doubling() for _ in pairs)

    def start(self, weights: Tensor, bias: Tensor) -> None:
        """Mean colours of a block: (channels, 3) and (3,)."""
        self.first.weight.data = weights.T[:, :, None, None].clone()
        self.first.bias = nn.Parameter(bias.clone())

    def forward(self, latent: Tensor) -> list[Tensor]:
        hidden = self.residuals[0](self.entry(latent))
        picture = self.first(latent) + 0.1 * self.details[0](functional.silu(hidden))
        pictures = [picture]
        for index, (double, colours) in enumerate(
            zip(self.doublings, self.colour_doublings, strict=True), start=1
        ):
            hidden = self.residuals[index](double(hidden))
            picture = colours(picture) + 0.3 * self.details[index](functional.silu(hidden))
            pictures.append(picture)
        return pictures


class _Residual(nn.Module):
    """Two convolutions beside the identity, which they leave alone at first."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = nn.Conv2d(width, width, 3, padding=1)
        self.after = nn.Conv2d(width, width, 3, padding=1)
        for values in self.after.parameters():
            nn.init.zeros_(values)

    def forward(self, values: Tensor) -> Tensor:
        inner: Tensor = self.before(functional.silu(values))
        found: Tensor = self.after(functional.silu(inner))
        return values + found


def _doubling(before: int, after: int) -> nn.ConvTranspose2d:
    return nn.ConvTranspose2d(before, after, 4, stride=2, padding=1)


def _linear_doubling() -> nn.ConvTranspose2d:
    """A transposed convolution that starts as linear interpolation of three colours."""
    layer = nn.ConvTranspose2d(_COLOURS, _COLOURS, 4, stride=2, padding=1, bias=False)
    blur = torch.tensor(_BLUR)
    layer.weight.data = torch.eye(_COLOURS)[:, :, None, None] * torch.outer(blur, blur)
    return layer


def _blocks(pictures: Tensor) -> Tensor:
    return functional.pixel_unshuffle(pictures, BLOCK).permute(0, 2, 3, 1)


def _batch(crops: Sequence[Pixels]) -> Tensor:
    values = torch.from_numpy(np.stack(crops).astype(np.float32)).permute(0, 3, 1, 2)
    return (values / 127.5 - 1).contiguous(memory_format=torch.channels_last)


def _crops(photographs: Sequence[Pixels], rng: np.random.Generator, count: int) -> list[Pixels]:
    found = []
    for index in rng.integers(len(photographs), size=count):
        pixels = photographs[index]
        top, left = (int(rng.integers(size - SIDE + 1)) for size in pixels.shape[:2])
        square = pixels[top : top + SIDE, left : left + SIDE]
        found.append(square[:, ::-1] if rng.random() < 0.5 else square)
    return found


def _rate(step: int, steps: int) -> float:
    """A short rise, then half a cosine down to 3 %."""
    fall = 0.5 * (1 + math.cos(math.pi * step / steps))
    return RATE * min(1.0, (step + 1) / 50) * (0.03 + 0.97 * fall)


def _loss(found: list[Tensor], pictures: Tensor) -> Tensor:
    """Absolute difference of pixels, of their steps to the right and down, and of smaller sizes."""
    last = found[-1]
    loss = functional.l1_loss(last, pictures)
    for axis in (2, 3):
        loss = loss + 0.7 * functional.l1_loss(last.diff(dim=axis), pictures.diff(dim=axis))
    for small, factor in zip(found, (8, 4, 2), strict=False):
        loss = loss + 0.3 * functional.l1_loss(small, functional.avg_pool2d(pictures, factor))
    return loss
