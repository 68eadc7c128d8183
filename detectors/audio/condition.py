"""What speech went through before it came here, estimated from its statistics.

Codecs and telephone lines leave traces of their own, and under some of them genuine speech scores
higher than under others. With the condition estimated, each can have its own threshold.
"""

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]

CONDITIONS: Final = ("none", "mp3_64k", "opus_24k", "telephone")
"""As published, and after each of the launderings that thresholds are fixed for."""

LINE: Final = "telephone"
"""The condition of speech in a telephone's band, which needs no estimate."""

PREFIX: Final = "like_"
"""Facts that start so give the mean probability of a condition over a recording's windows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConditionModel:
    """Multinomial logistic regression on the statistics of a window."""

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    weights: Floats  # (features, conditions)
    bias: Floats  # (conditions,)

    @classmethod
    def load(cls, weights: Path) -> Self:
        return cls(**read_arrays(weights))

    def save(self, weights: Path) -> None:
        write_arrays({field.name: getattr(self, field.name) for field in fields(self)}, weights)

    def likeness(self, rows: Floats) -> Floats:
        """Probability of each condition, shape (windows, conditions)."""
        logits = (rows - self.mean) / self.scale @ self.weights + self.bias
        odds = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(odds / odds.sum(1, keepdims=True), np.float32)


def certain(condition: str, windows: int) -> Floats:
    """Likeness of windows whose condition is known, shape (windows, conditions)."""
    row = np.array([name == condition for name in CONDITIONS], np.float32)
    return np.tile(row, (windows, 1))


def facts(likeness: Floats) -> dict[str, float]:
    """Mean probabilities over windows, by condition, as facts of an observation."""
    means = likeness.mean(0)
    return {
        PREFIX + name: round(float(mean), 3) for name, mean in zip(CONDITIONS, means, strict=True)
    }
