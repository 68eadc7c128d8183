"""A kernel machine with a Gaussian kernel, kept as plain arrays."""

from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, kw_only=True)
class KernelMachine:
    """Standardise, project on principal components, compare with vectors of training."""

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    components: Halves  # (features, components)
    vectors: Halves  # (vectors, components)
    weights: Floats  # (vectors,)
    gamma: Floats  # (1,)
    bias: Floats  # (1,)

    @classmethod
    def load(cls, weights: Path) -> Self:
        return cls(**read_arrays(weights))

    def save(self, weights: Path) -> None:
        write_arrays({field.name: getattr(self, field.name) for field in fields(self)}, weights)

    def logits(self, rows: Floats) -> Floats:
        """How far on the synthetic side each row is, shape (rows,); below 0 on the other."""
        scaled = np.asarray((rows - self.mean) / self.scale, np.float32)
        points = scaled @ self._components
        likeness = gaussian(points, self._vectors, float(self.gamma[0]))
        return np.asarray(likeness @ self.weights + self.bias, np.float32)

    @cached_property
    def _components(self) -> Floats:
        return self.components.astype(np.float32)

    @cached_property
    def _vectors(self) -> Floats:
        return self.vectors.astype(np.float32)


def gaussian(left: Floats, right: Floats, gamma: float) -> Floats:
    """exp(-gamma * squared distance) of each of `left` and each of `right`, shape (left, right)."""
    squares = np.square(left).sum(1)[:, None] + np.square(right).sum(1)[None]
    distances = np.maximum(squares - 2 * left @ right.T, 0)
    return np.asarray(np.exp(-gamma * distances), np.float32)
