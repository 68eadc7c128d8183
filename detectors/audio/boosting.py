"""Gradient-boosted trees kept as plain arrays, so that no pickle is ever loaded."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Forest:
    """Trees side by side: each array has shape (trees, nodes), node 0 is the root.

    A row goes left where its feature is at most the threshold. A leaf is its own child.
    """

    feature: npt.NDArray[np.int32]
    threshold: Floats
    left: npt.NDArray[np.int32]
    right: npt.NDArray[np.int32]
    value: Floats
    baseline: Floats  # shape (1,)
    depth: npt.NDArray[np.int32]  # steps from the root to the deepest leaf, shape (1,)

    @classmethod
    def load(cls, weights: Path) -> Self:
        return cls(**read_arrays(weights))

    def save(self, weights: Path) -> None:
        write_arrays({name: getattr(self, name) for name in self.__slots__}, weights)

    def logits(self, rows: Floats) -> Floats:
        """Sum of the leaves each row falls into, shape (rows,)."""
        trees = np.arange(self.feature.shape[0])[None]
        node = np.zeros((rows.shape[0], self.feature.shape[0]), np.int32)
        index = np.arange(rows.shape[0])[:, None]
        for _ in range(int(self.depth[0])):
            below = rows[index, self.feature[trees, node]] <= self.threshold[trees, node]
            node = np.where(below, self.left[trees, node], self.right[trees, node])
        return np.asarray(self.value[trees, node].sum(1) + self.baseline[0], np.float32)
