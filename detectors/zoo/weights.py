"""Find a card's weight files and verify their digests before anything loads them."""

import hashlib
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from detectors.errors import WeightsMismatch, WeightsMissing, WeightsUnfit
from detectors.zoo.card import ModelCard, WeightFile, WeightSource

REPOSITORY = Path(__file__).parent / "weights"


def verified(card: ModelCard, index: int = 0, *, pulled: Path | None = None) -> Path:
    """Path of weight file `index` of a card, its sha256 checked just now.

    Raises `WeightsMissing` when it is not on this machine, `WeightsMismatch` when it differs.
    """
    weights = card.weights[index]
    path = _locate(card.name, weights, pulled)
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if found != weights.sha256:
        raise WeightsMismatch(card.name, weights.sha256, found)
    return path


def read_arrays(path: Path) -> dict[str, npt.NDArray[Any]]:
    """The arrays of a safetensors file. Raises `WeightsUnfit` for one that is none."""
    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsUnfit(f"{path.name} is no safetensors file") from error


def write_arrays(arrays: Mapping[str, npt.NDArray[Any]], path: Path) -> None:
    """Write a safetensors file. Its writer takes memory as it lies, so rows are laid out first."""
    save_file({name: np.asarray(array, order="C") for name, array in arrays.items()}, path)


def _locate(card: str, weights: WeightFile, pulled: Path | None) -> Path:
    if weights.source is WeightSource.REPOSITORY:
        path = REPOSITORY / weights.file
    elif weights.source is WeightSource.PACKAGE:
        try:
            path = Path(str(distribution(weights.distribution).locate_file(weights.file)))
        except PackageNotFoundError as error:
            raise WeightsMissing(
                f"{card}: install {weights.distribution} for {weights.file}"
            ) from error
    elif pulled is None:
        raise WeightsMissing(f"{card}: no folder of pulled weights is configured")
    else:
        path = pulled / weights.file
    if not path.is_file():
        raise WeightsMissing(f"{card}: {weights.file} is not on this machine")
    return path
