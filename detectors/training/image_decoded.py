"""Cache what the encoder sees in crops of photographs that an autoencoder decoded anew."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors.image.views import Pixels
from detectors.training.image_autoencoder import Autoencoder
from detectors.training.image_data import CROP_VIEWS, Picture, read, render
from detectors.training.image_features import cache, cached, folder_of
from detectors.zoo.backbones import TokenEncoder, summary

Floats = npt.NDArray[np.float32]

VIEWS: Final = CROP_VIEWS[:2]
"""Clean, and laundered after the decoding exactly as the original is."""

WEIGHTS: Final = "autoencoder.safetensors"


MOST_OF_SOURCE: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class DecodedCrops:
    """Features of decoded crops, one (pictures, features) array a view; zero where `has` is false."""

    has: npt.NDArray[np.bool_]
    views: list[Floats]


def cache_decoded(chosen: list[Picture], encoder: TokenEncoder, folder: Path) -> None:
    """Train the autoencoder, then write the missing shards of decoded crops.

    It is trained once, on the photographs of all sources: it learns no label, and decodes those of
    a held-out source as it does others.
    """
    folder = _own(chosen, folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / WEIGHTS
    if not weights.exists():
        photographs = [read(picture.file) for picture in chosen if picture.photograph]
        Autoencoder.trained(photographs).save(weights)
    autoencoder = Autoencoder.load(weights)

    def decoded(picture: Picture, view: str) -> Pixels:
        return render(picture, view, lambda file: autoencoder.decoded(read(file)))

    some = [chosen[index] for index in np.flatnonzero(_some(chosen))]
    for view in VIEWS:
        cache(some, view, lambda pixels: summary(encoder.tokens(pixels)), folder, decoded)


def decoded_crops(chosen: list[Picture], folder: Path) -> DecodedCrops:
    """What `cache_decoded` wrote.

    Raises `OSError` when the cache lacks it or was made from other pictures.
    """
    has = _some(chosen)
    some = [chosen[index] for index in np.flatnonzero(has)]
    found = []
    for view in VIEWS:
        features = cached(some, view, _own(chosen, folder))
        rows = np.zeros((len(chosen), features.shape[1]), np.float32)
        rows[has] = features
        found.append(rows)
    return DecodedCrops(has=has, views=found)


def _own(chosen: list[Picture], folder: Path) -> Path:
    return folder_of((p.key for p in chosen if p.photograph), folder)


def _some(chosen: list[Picture]) -> npt.NDArray[np.bool_]:
    """The first photographs of each source: which ones, its digests decide."""
    seen: Counter[str] = Counter()
    found = np.zeros(len(chosen), bool)
    for index, picture in enumerate(chosen):
        if picture.photograph:
            found[index] = seen[picture.source] < MOST_OF_SOURCE
            seen[picture.source] += 1
    return found
