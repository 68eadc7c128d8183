"""Fit the small networks that judge a window of speech beside the kernel machine."""

from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from detectors.audio.network import PLACES, Layer, Networks, Perceptron, standardised

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

MEMBERS: Final = 4
"""Networks that differ by what they started from and saw first."""

HIDDEN: Final = 192
EPOCHS: Final = 25
ROUNDS: Final = 16
"""Epochs where there are several views of each recording."""

BATCH: Final = 256
RATE: Final = 3e-3  # the highest of a cycle
DECAY: Final = 0.05
_UNSEEN: Final = 0.2  # share of the features left out at each step
_DROPPED: Final = 0.5  # the same of what is between layers
_MIXED: Final = 0.4  # parameter of the beta distribution that rows are mixed by
_DOUBT: Final = 0.05  # of every label


def fit_networks(
    rows: Floats, synthetic: Bools, weights: Floats, *, seed: int, epochs: int = EPOCHS
) -> Networks:
    """Train each member on mixtures of two rows (mixup, Zhang et al. 2018) with doubtful labels.

    The classes are equally heavy; `weights` has shape (rows,). The seed fixes every number drawn.
    """
    mean, scale = rows.mean(0), rows.std(0) + np.float32(1e-6)
    seen = torch.from_numpy(standardised(rows, mean, scale))
    wanted = torch.from_numpy(synthetic.astype(np.float32)) * (1 - 2 * _DOUBT) + _DOUBT
    share = np.where(synthetic, synthetic.mean(), 1 - synthetic.mean())
    heavy = torch.from_numpy((weights / (2 * share)).astype(np.float32))
    members = []
    with torch.random.fork_rng(devices=[]):
        for number in range(MEMBERS):
            torch.manual_seed(seed * MEMBERS + number)
            member = _perceptron(rows.shape[1])
            _fit(member, seen, wanted, heavy, epochs)
            members.append(_as_arrays(member))
    return Networks(mean=mean, scale=scale, members=tuple(members))


def _perceptron(features: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Dropout(_UNSEEN),
        nn.Linear(features, HIDDEN),
        nn.LayerNorm(HIDDEN),
        nn.GELU(),
        nn.Dropout(_DROPPED),
        nn.Linear(HIDDEN, HIDDEN),
        nn.GELU(),
        nn.Dropout(_DROPPED),
        nn.Linear(HIDDEN, 1),
    )


def _as_arrays(member: nn.Sequential) -> Perceptron:
    def half(name: str) -> Floats:
        return np.asarray(member.get_parameter(name).detach().half().float().numpy())

    return Perceptron(
        **{
            part: Layer(half(f"{place}.weight"), half(f"{place}.bias"))
            for part, place in PLACES.items()
        }
    )


def _fit(member: nn.Module, seen: Tensor, wanted: Tensor, heavy: Tensor, epochs: int) -> None:
    """AdamW with one cycle of the learning rate."""
    batch = min(BATCH, len(seen))
    steps = len(seen) // batch
    optimiser = torch.optim.AdamW(member.parameters(), lr=RATE, weight_decay=DECAY)
    cycle = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=epochs * steps)
    mixture = torch.distributions.Beta(_MIXED, _MIXED)
    for _ in range(epochs):
        order = torch.randperm(len(seen))[: steps * batch]
        for some in order.view(steps, batch):
            others = some[torch.randperm(batch)]
            part = mixture.sample((batch,))
            part = torch.maximum(part, 1 - part)
            logits = member(part[:, None] * seen[some] + (1 - part[:, None]) * seen[others])[:, 0]
            loss = (part * heavy[some] * _loss(logits, wanted[some])).mean()
            loss = loss + ((1 - part) * heavy[others] * _loss(logits, wanted[others])).mean()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            cycle.step()


def _loss(logits: Tensor, wanted: Tensor) -> Tensor:
    return functional.binary_cross_entropy_with_logits(logits, wanted, reduction="none")
