"""Train, calibrate and measure the heads on the image encoder; write weights and cards.

    python -m detectors.training.image --manifest MANIFEST --drawings FOLDER --cache FOLDER \\
        --out detectors/zoo

FOLDER of drawings holds PNG files of clip art, such as Debian's openclipart-png. Features of every
view are cached first (two hours of two cores for 3,200 pictures; a run that was stopped goes on),
then those of photographs that a small autoencoder, trained on them here, decoded anew; the rest
takes minutes. The same manifest, drawings and cache give the same weights.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import numpy as np
from threadpoolctl import threadpool_limits

from detectors.training import domain, image_cards
from detectors.training.cards import write_card
from detectors.training.domain import Made, TrainedDomain, block_of
from detectors.training.image_cards import Held
from detectors.training.image_data import (
    CROP_VIEWS,
    NAMED,
    NAMED_VIEWS,
    WHOLE_VIEWS,
    Picture,
    pictures,
)
from detectors.training.image_decoded import DecodedCrops, cache_decoded, decoded_crops
from detectors.training.image_features import cache, cached
from detectors.training.image_heads import Basis, Floats, Twins, fit_pooled, held_out
from detectors.training.pages import with_pages
from detectors.zoo.backbones import (
    CLIP_BLOCKS,
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    ClipEncoder,
    summary,
)
from detectors.zoo.weights import write_arrays

log = logging.getLogger(__name__)

CONDITIONS: Final = ("none", "random chain 1", "random chain 2")
"""What the views that are trained on went through, in their order."""

COMPONENTS: Final = 300

_BLOCKS: Final = len(CLIP_BLOCKS)

Parts = Mapping[str, list[Floats]]  # kind of view -> one (pictures, features) array a condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A linear head (one weight a feature for each kind of view) and its held-out scores.

    "centres" are what the mean picture gets from each kind of view, in the order of the parts.
    """

    head: dict[str, Floats]
    held: Held


def main() -> None:
    """Cache, train, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.image")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--drawings", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    chosen = pictures(given.manifest)
    drawn = cache_all(chosen, given.drawings, given.cache)
    with threadpool_limits(1):  # sums depend on how many threads share them
        write(chosen, drawn, given.manifest.parent, given.cache, given.out)


def cache_all(chosen: list[Picture], drawings: Path, folder: Path) -> Made:
    """Token summaries of all views, the most useful views first, of decoded and of made pictures."""
    encoder = ClipEncoder(lambda: installed(CLIP_DISTRIBUTION, CLIP_FILE))
    for view in (*zip(WHOLE_VIEWS, CROP_VIEWS, strict=True), *NAMED_VIEWS):
        for kind in view:
            cache(chosen, kind, lambda pixels: summary(encoder.tokens(pixels)), folder / "clip")
    cache_decoded(chosen, encoder, folder / "decoded")
    return domain.made(
        chosen,
        drawings,
        lambda pixels: summary(encoder.tokens(pixels)).ravel(),
        folder / "domain",
    )


def write(chosen: list[Picture], drawn: Made, root: Path, folder: Path, out: Path) -> None:
    """Train the head and the domain of both detectors; write them, their cards and scores."""
    views = {
        "whole": (*WHOLE_VIEWS, *(whole for whole, _ in NAMED_VIEWS)),
        "crop": (*CROP_VIEWS, *(crop for _, crop in NAMED_VIEWS)),
    }
    parts = {
        kind: [cached(chosen, view, folder / "clip") for view in views[kind]] for kind in views
    }
    lower = {kind: [block_of(rows, 0, _BLOCKS) for rows in parts[kind]] for kind in parts}
    decoded = decoded_crops(chosen, folder / "decoded")
    lower_decoded = replace(decoded, views=[block_of(rows, 0, _BLOCKS) for rows in decoded.views])
    for name, features, crops, highest in (
        ("clip", parts, decoded, _BLOCKS - 1),
        ("fast", lower, lower_decoded, 0),
    ):
        trained = train_expert(features, chosen, crops)
        whole = [block_of(rows, highest, _BLOCKS) for rows in parts["whole"][: len(CONDITIONS)]]
        strange = drawn.block(highest, _BLOCKS)
        found = with_pages(domain.train(chosen, whole, strange), chosen, whole, strange)
        _write_one(name, trained, found, root, folder, out)


def _write_one(
    name: str, trained: Trained, found: TrainedDomain, root: Path, folder: Path, out: Path
) -> None:
    """Both parts of one detector, its card, and its held-out scores."""
    write_arrays(trained.head, out / "weights" / f"image-{name}-head.safetensors")
    write_arrays(found.weights, out / "weights" / f"image-{name}-domain.safetensors")
    held = trained.held.within(found)
    card = image_cards.image_card(f"image-{name}", held, found, out / "weights")
    write_card(card, out)
    log.info("%s: %s", card.name, card.measured[0])
    held.published().export(folder / f"image.{name}.csv", root)


def train_expert(
    parts: Parts, chosen: list[Picture], decoded: DecodedCrops | None = None
) -> Trained:
    """Held-out scores first, then the head on everything.

    The first `CONDITIONS` of each part are trained on; the rest are named launderings, held out
    with their pictures and only scored. With `decoded` photographs it learns from crops as well.
    """
    bases = {name: Basis.of(arrays[0], COMPONENTS) for name, arrays in parts.items()}
    share = np.float32(len(parts) ** -0.5)  # keeps the mean norm of a row at one

    def row(name: str, features: Floats) -> Floats:
        return bases[name].project(features) * share

    rows = [
        np.concatenate([row(name, parts[name][index]) for name in parts], axis=1)
        for index in range(len(next(iter(parts.values()))))
    ]
    twins = None
    if decoded is not None:
        whole = np.zeros_like(row("whole", parts["whole"][0]))
        found = [np.concatenate([whole, row("crop", crops)], axis=1) for crops in decoded.views]
        twins = Twins(has=decoded.has, decoded=found, whole=slice(whole.shape[1]))
    trained_on = len(CONDITIONS)
    held = Held(
        pictures=chosen,
        conditions=(*CONDITIONS, *NAMED)[: len(rows)],
        trained_on=trained_on,
        drawn=np.zeros(len(chosen), bool),
        refused=np.zeros(len(chosen), bool),
        scores=held_out(rows, chosen, trained_on=trained_on, twins=twins),
    )
    model = fit_pooled(rows[:trained_on], chosen, twins)
    head, shifts = {}, []
    for name, coefficients in zip(parts, np.split(model.coef_[0], len(parts)), strict=True):
        head[name], shift = bases[name].weights(coefficients.astype(np.float32) * share)
        shifts.append(shift)
    bias = float(model.intercept_[0]) + sum(shifts)
    head["bias"] = np.array(bias, np.float32)
    head["centres"] = -np.array(shifts, np.float32)
    return Trained(head=head, held=held)


def installed(name: str, file: str) -> Path:
    """A file that an installed distribution carries."""
    return Path(str(distribution(name).locate_file(file)))


if __name__ == "__main__":
    main()
