"""Measure the ranges that the picture encoder's activations are rounded by.

    python -m detectors.training.clip_ranges --manifest MANIFEST

Writes `detectors.zoo.clip_graph.RANGES`: what each channel of each layer's input spans over two views of
some pictures, in floating point.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn

from detectors.registry import card_of, named
from detectors.training.image_data import Views, some_views
from detectors.zoo.backbones import CLIP_BLOCKS
from detectors.zoo.clip_graph import RANGES
from detectors.zoo.clip_weights import LAYERS
from detectors.zoo.torch_clip import TorchClip
from detectors.zoo.weights import verified, write_arrays

SEED: Final = 12
PICTURES: Final = 250

Spans = dict[str, npt.NDArray[np.float32]]


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.clip_ranges")
    parser.add_argument("--manifest", type=Path, required=True)
    found = spans(some_views(parser.parse_args().manifest, PICTURES, SEED))
    write_arrays({name: values.astype(np.float16) for name, values in found.items()}, RANGES)


def spans(shown: Iterable[Views]) -> Spans:
    """Of each layer the lowest and highest input of each channel, (2, inputs), over RGB views."""
    encoder = TorchClip(
        verified(card_of(named("image.clip"))), blocks=CLIP_BLOCKS, device=torch.device("cpu")
    )
    found: Spans = {}
    for name, module in encoder.network.named_modules():
        layer = name.removeprefix("blocks.")
        if layer.partition(".")[2] in LAYERS:
            module.register_forward_pre_hook(_widening(found, layer))
    for views in shown:
        encoder.tokens(views)
    return found


def _widening(found: Spans, layer: str) -> Callable[[nn.Module, tuple[Tensor, ...]], None]:
    def widen(_: nn.Module, given: tuple[Tensor, ...]) -> None:
        rows = given[0].flatten(0, -2).float().numpy()
        span = np.stack([rows.min(axis=0), rows.max(axis=0)])
        known = found.setdefault(layer, span)
        found[layer] = np.stack([np.minimum(known[0], span[0]), np.maximum(known[1], span[1])])

    return widen


if __name__ == "__main__":
    main()
