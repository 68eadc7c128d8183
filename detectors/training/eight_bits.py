"""Measure what the picture encoder's arithmetic does to tokens and scores.

    python -m detectors.training.eight_bits --manifest MANIFEST

Writes `detectors.zoo.encoders.EIGHT_BITS_APART`: how far summaries in eight bits lie from those in
floating point, over two views of some pictures. Prints within how many log odds 95 % of the scores lie of
those of the same picture with one bit changed (`detectors.image.clip.MARGIN`), and of those from
floating point with that distance added back (`FLOATING_MARGIN`). Face crops are left out.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from safetensors.numpy import load_file

from detectors.registry import card_of, named
from detectors.training.image_data import Views, some_views
from detectors.zoo.backbones import CLIP_BLOCKS, ClipEncoder, summaries, summary
from detectors.zoo.encoders import EIGHT_BITS_APART
from detectors.zoo.threads import side_by_side, use_threads
from detectors.zoo.torch_clip import TorchClip
from detectors.zoo.weights import verified, write_arrays

SEED: Final = 11
PICTURES: Final = 150
CHANGED: Final = 50
"""Pictures of which versions with one bit of one sample changed are made, two of each."""
KINDS: Final = ("whole", "crop")
DETECTORS: Final = ("image.clip", "image.fast")
QUANTILE: Final = 0.95

Floats = npt.NDArray[np.float32]
Judged = Callable[[Floats], float]
"""A score of summaries (views, blocks, 3, width)."""


def main() -> None:
    """Measure, write and print."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.eight_bits")
    parser.add_argument("--manifest", type=Path, required=True)
    use_threads(2)
    shown = list(some_views(parser.parse_args().manifest, PICTURES, SEED))
    weights = verified(card_of(named(DETECTORS[0])))
    integers = ClipEncoder(lambda: weights)
    floats = TorchClip(weights, blocks=CLIP_BLOCKS, device=torch.device("cpu"), bf16=True)
    small = side_by_side(lambda views: summaries(integers, views), shown)
    wide = [np.stack([summary(rows) for rows in floats.tokens(views)]) for views in shown]
    mean = np.mean([one - other for one, other in zip(small, wide, strict=True)], axis=(0, 1))
    write_arrays(
        {str(block): row.astype(np.float16) for block, row in zip(CLIP_BLOCKS, mean, strict=True)},
        EIGHT_BITS_APART,
    )
    bits = list(_one_bit_apart(shown[:CHANGED]))
    changed = side_by_side(lambda pair: summaries(integers, pair[1]), bits)
    for name in DETECTORS:
        judged = _judge(name)
        one_bit = [
            judged(there) - judged(small[index])
            for (index, _), there in zip(bits, changed, strict=True)
        ]
        floating = [
            judged(there + mean) - judged(here) for there, here in zip(wide, small, strict=True)
        ]
        sys.stdout.write(
            f"{name}: {within(one_bit)} of {len(one_bit)} pairs one bit apart; in floating point "
            f"{within(floating)} of {len(floating)}, {np.mean(floating):+.2f} on average\n"
        )


def within(differences: list[float]) -> str:
    """In words, what 95 % of them do not exceed, and the largest."""
    apart = np.abs(differences)
    return f"95 % within {np.quantile(apart, QUANTILE):.2f}, all within {apart.max():.2f},"


def _one_bit_apart(shown: list[Views]) -> Iterator[tuple[int, Views]]:
    """Number of a picture, and its views with the lowest bit of one sample changed in each."""
    rng = np.random.default_rng(SEED)
    for index, views in enumerate(shown):
        for _ in range(2):
            whole, crop = (view.copy() for view in views)
            for view in (whole, crop):
                view[tuple(rng.integers(view.shape))] ^= 1
            yield index, (whole, crop)


def _judge(detector: str) -> Judged:
    card = card_of(named(detector))
    head, blocks = load_file(verified(card, 1)), card.whole_numbers("blocks")
    rows = [CLIP_BLOCKS.index(block) for block in blocks]

    def judged(found: Floats) -> float:
        parts = [
            np.vdot(head[kind], found[place, rows].ravel()) for place, kind in enumerate(KINDS)
        ]
        return float(sum(parts) + head["bias"])

    return judged


if __name__ == "__main__":
    main()
