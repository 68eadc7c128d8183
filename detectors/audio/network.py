"""A few small networks on the features of a window, whose mean log odds count."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
from scipy.special import erf

from detectors.zoo.weights import read_arrays, write_arrays

Floats = npt.NDArray[np.float32]

PLACES: Final = {"first": 1, "norm": 2, "second": 5, "last": 8}
"""Where the layers of a `Perceptron` stand in the sequence that is trained, and their names in a file."""

_FURTHEST: Final = 5.0  # deviations from the mean beyond which a feature says no more
_EPSILON: Final = 1e-5  # added to a variance


@dataclass(frozen=True, slots=True)
class Layer:
    """What a layer multiplies with, (outputs, inputs) or (outputs,), and what it adds, (outputs,).

    Numbers of half precision, which is how a file holds them, held as what is computed with.
    """

    weight: Floats
    bias: Floats

    def dense(self, rows: Floats) -> Floats:
        return np.asarray(rows @ self.weight.T + self.bias, np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class Perceptron:
    """Two hidden layers, the first one normalised."""

    first: Layer
    norm: Layer
    second: Layer
    last: Layer

    def logits(self, rows: Floats) -> Floats:
        """Natural log odds of being synthetic, shape (rows,)."""
        hidden = self.first.dense(rows)
        hidden -= hidden.mean(axis=1, keepdims=True)
        hidden /= np.sqrt(np.square(hidden).mean(axis=1, keepdims=True) + np.float32(_EPSILON))
        bent = _gelu(hidden * self.norm.weight + self.norm.bias)
        return self.last.dense(_gelu(self.second.dense(bent)))[:, 0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Networks:
    """Perceptrons side by side, on standardised features."""

    mean: Floats  # (features,)
    scale: Floats  # (features,)
    members: tuple[Perceptron, ...]

    @classmethod
    def load(cls, weights: Path) -> Self:
        """Read what `save` wrote. Raises `KeyError` where an array is missing."""
        state = read_arrays(weights)

        def layer(name: str) -> Layer:
            return Layer(
                *(state[f"{name}.{part}"].astype(np.float32) for part in ("weight", "bias"))
            )

        members: list[Perceptron] = []
        while f"members.{len(members)}.{PLACES['last']}.bias" in state:
            own = f"members.{len(members)}"
            members.append(
                Perceptron(**{part: layer(f"{own}.{place}") for part, place in PLACES.items()})
            )
        return cls(mean=state["mean"], scale=state["scale"], members=tuple(members))

    def save(self, weights: Path) -> None:
        """Write the layers in half precision, and how features are standardised in full."""
        state: dict[str, npt.NDArray[np.generic]] = {"mean": self.mean, "scale": self.scale}
        for number, member in enumerate(self.members):
            for part, place in PLACES.items():
                layer: Layer = getattr(member, part)
                own = f"members.{number}.{place}"
                state[f"{own}.weight"] = layer.weight.astype(np.float16)
                state[f"{own}.bias"] = layer.bias.astype(np.float16)
        write_arrays(state, weights)

    def logits(self, rows: Floats) -> Floats:
        """Mean natural log odds of being synthetic, shape (rows,)."""
        seen = standardised(rows, self.mean, self.scale)
        return np.asarray(np.mean([it.logits(seen) for it in self.members], axis=0), np.float32)


def standardised(rows: Floats, mean: Floats, scale: Floats) -> Floats:
    """What networks see of features, shape (rows, features)."""
    return np.asarray(np.clip((rows - mean) / scale, -_FURTHEST, _FURTHEST), np.float32)


def _gelu(values: Floats) -> Floats:
    return np.asarray(values * (1 + erf(values * np.float32(np.sqrt(0.5)))) / 2, np.float32)
