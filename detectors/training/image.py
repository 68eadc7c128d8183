"""Train, calibrate and measure the head on the image encoder; write weights and card.

    python -m detectors.training.image --manifest MANIFEST --cache FOLDER --out detectors/zoo

Features of every view are cached first (an hour of two cores for 3,200 pictures; a run that was
stopped goes on); the rest takes minutes. The same manifest and cache give the same weights.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import numpy as np

from detectors.training import image_cards
from detectors.training.cards import write_card
from detectors.training.image_cards import Held
from detectors.training.image_data import CROP_VIEWS, WHOLE_VIEWS, Picture, pictures
from detectors.training.image_features import cache, cached
from detectors.training.image_heads import Basis, Floats, fit_pooled, held_out
from detectors.zoo.backbones import (
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    ClipEncoder,
    summary,
)
from detectors.zoo.weights import write_arrays

log = logging.getLogger(__name__)

CONDITIONS: Final = ("none", "random chain 1", "random chain 2")
"""What the views of `image_data` went through, in their order."""

COMPONENTS: Final = 300

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
    write(chosen, given.manifest.parent, given.cache, given.out)


def cache_clip(chosen: list[Picture], folder: Path) -> None:
    """Token summaries of all views, the most useful views first."""
    encoder = ClipEncoder(installed(CLIP_DISTRIBUTION, CLIP_FILE))
    for view in (view for pair in zip(WHOLE_VIEWS, CROP_VIEWS, strict=True) for view in pair):
        cache(chosen, view, lambda pixels: summary(encoder.tokens(pixels)), folder)


def write(chosen: list[Picture], root: Path, folder: Path, out: Path) -> None:
    """Train the head; write it, its card and its held-out scores."""
    views = {"whole": WHOLE_VIEWS, "crop": CROP_VIEWS}
    trained = train_expert(
        {kind: [cached(chosen, view, folder / "clip") for view in views[kind]] for kind in views},
        chosen,
    )
    write_arrays(trained.head, out / "weights" / "image-clip-head.safetensors")
    card = image_cards.clip_card(trained.held, out / "weights")
    write_card(card, out)
    log.info("%s: %s", card.name, card.measured[0])
    trained.held.published().export(folder / "image.clip.csv", root)


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


def installed(name: str, file: str) -> Path:
    """A file that an installed distribution carries."""
    return Path(str(distribution(name).locate_file(file)))


if __name__ == "__main__":
    main()
