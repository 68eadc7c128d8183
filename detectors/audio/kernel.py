"""A kernel machine with a Gaussian kernel, kept as plain arrays."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]

_HALVES: Final = ("components", "vectors")


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelMachine:
    """Standardise, project on principal components, compare with vectors of training.

    Components and vectors are numbers of half precision, which is how a file holds them; here they
    are held once, as what is computed with.
    """

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    components: Floats  # (features, components)
    vectors: Floats  # (vectors, components)
    weights: Floats  # (vectors,)
    gamma: Floats  # (1,)
    bias: Floats  # (1,)

    @classmethod
    def load(cls, weights: Path) -> Self:
        return cls(
            **{name: array.astype(np.float32) for name, array in read_arrays(weights).items()}
        )

    def save(self, weights: Path) -> None:
        arrays = {field.name: getattr(self, field.name) for field in fields(self)}
        write_arrays(arrays | {name: arrays[name].astype(np.float16) for name in _HALVES}, weights)

    def logits(self, rows: Floats) -> Floats:
        """How far on the synthetic side each row is, shape (rows,); below 0 on the other."""
        scaled = np.asarray((rows - self.mean) / self.scale, np.float32)
        points = scaled @ self.components
        likeness = gaussian(points, self.vectors, float(self.gamma[0]))
        return np.asarray(likeness @ self.weights + self.bias, np.float32)


def gaussian(left: Floats, right: Floats, gamma: float) -> Floats:
    """exp(-gamma * squared distance) of each of `left` and each of `right`, shape (left, right)."""
    squares = _squares(left)[:, None] + _squares(right)[None]
    distances = np.maximum(squares - 2 * left @ right.T, 0)
    return np.asarray(np.exp(-gamma * distances), np.float32)


def _squares(rows: Floats) -> Floats:
    """Of the length of each row, without a copy of them all."""
    return np.asarray(np.einsum("rc,rc->r", rows, rows), np.float32)
