"""A support vector machine with a Gaussian kernel, kept as plain arrays."""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load_file

from detectors.zoo.weights import write_arrays

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]


@dataclass(frozen=True, slots=True, kw_only=True)
class KernelMachine:
    """Standardise, project on principal components, compare with the support vectors."""

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    components: Halves  # (features, components)
    vectors: Halves  # (vectors, components)
    weights: Floats  # (vectors,)
    gamma: Floats  # (1,)
    bias: Floats  # (1,)

    @classmethod
    def load(cls, weights: Path) -> Self:
        return cls(**load_file(weights))

    def save(self, weights: Path) -> None:
        write_arrays({field.name: getattr(self, field.name) for field in fields(self)}, weights)

    def logits(self, rows: Floats) -> Floats:
        """Signed distance of each row from the boundary, shape (rows,)."""
        points = ((rows - self.mean) / self.scale) @ self.components.astype(np.float32)
        vectors = self.vectors.astype(np.float32)
        squares = np.square(points).sum(1)[:, None] + np.square(vectors).sum(1)[None]
        distances = np.maximum(squares - 2 * points @ vectors.T, 0)
        return np.asarray(np.exp(-self.gamma * distances) @ self.weights + self.bias, np.float32)
