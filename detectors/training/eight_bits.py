"""Measure how far the picture encoder in eight bits lies from floating point, for accelerators.

    python -m detectors.training.eight_bits --manifest MANIFEST

Writes `detectors.zoo.encoders.EIGHT_BITS_APART` from two views of some pictures, face crops left out.
"""

import argparse
from pathlib import Path
from typing import Final

import numpy as np
import torch

from detectors.registry import card_of, named
from detectors.training.image_data import pictures, render
from detectors.zoo.backbones import CLIP_BLOCKS, ClipEncoder, summaries, summary
from detectors.zoo.encoders import EIGHT_BITS_APART
from detectors.zoo.threads import use_threads
from detectors.zoo.torch_clip import TorchClip
from detectors.zoo.weights import verified, write_arrays

SEED: Final = 11
PICTURES: Final = 150
VIEWS: Final = ("whole.clean", "crop.clean")


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.eight_bits")
    parser.add_argument("--manifest", type=Path, required=True)
    use_threads(1)
    weights = verified(card_of(named("image.clip")))
    integers = ClipEncoder(weights)
    floats = TorchClip(weights, blocks=CLIP_BLOCKS, device=torch.device("cpu"), bf16=True)
    chosen = [p for p in pictures(parser.parse_args().manifest) if not p.face_crop]
    some = np.random.default_rng(SEED).choice(len(chosen), PICTURES, replace=False)
    views = [render(chosen[index], view) for index in some for view in VIEWS]
    apart = [summaries(integers, [v])[0] - summary(floats.tokens([v])[0]) for v in views]
    mean = np.mean(apart, axis=0).astype(np.float16)
    write_arrays(dict(zip(map(str, CLIP_BLOCKS), mean, strict=True)), EIGHT_BITS_APART)


if __name__ == "__main__":
    main()
