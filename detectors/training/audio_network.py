"""Train the compact spectrogram network on cached views of every recording."""

import copy
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional

from detectors.audio.network import BandNetwork

Floats = npt.NDArray[np.float32]

BATCH: Final = 64
STEPS: Final = 450
PEAK_RATE: Final = 2e-3
_DECAY: Final = 0.99  # of the running average of weights that is kept
_SMOOTHING: Final = 0.05
_CLEAN_SHARE: Final = 0.4  # of examples shown as they came, the rest laundered


@dataclass(frozen=True, slots=True)
class Views:
    """Log bands of every view, and which recording, class and source each one is of."""

    bands: npt.NDArray[np.float16]  # (views, WINDOW, BANDS)
    item: npt.NDArray[np.intp]
    clean: npt.NDArray[np.bool_]
    synthetic: npt.NDArray[np.bool_]
    source: npt.NDArray[np.str_]


def fit_network(views: Views, *, seed: int, steps: int = STEPS) -> BandNetwork:
    """Train from scratch; the same seed gives the same network on the same machine."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    network = BandNetwork().train()
    average = copy.deepcopy(network)
    optimiser = torch.optim.AdamW(network.parameters(), PEAK_RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, PEAK_RATE, steps, pct_start=0.15)
    draw = _Sampler(views, rng)
    for _ in range(steps):
        chosen = draw.batch()
        bands = _masked(torch.from_numpy(views.bands[chosen].astype(np.float32)), rng)
        target = torch.from_numpy(views.synthetic[chosen].astype(np.float32))
        with torch.autocast("cpu", torch.bfloat16):
            output = network(bands)
        smooth = target * (1 - 2 * _SMOOTHING) + _SMOOTHING
        loss = functional.binary_cross_entropy_with_logits(output.float(), smooth)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        optimiser.step()
        schedule.step()
        _follow(average, network)
    return average.eval()


class _Sampler:
    """Draws batches with as many synthetic as real views, and no source dominating its class."""

    def __init__(self, views: Views, rng: np.random.Generator) -> None:
        self._rng = rng
        self._rows: dict[tuple[int, bool], npt.NDArray[np.intp]] = {}
        for item in np.unique(views.item):
            for clean in (True, False):
                rows = np.flatnonzero((views.item == item) & (views.clean == clean))
                self._rows[int(item), clean] = rows
        self._items, self._weights = [], []
        for synthetic in (True, False):
            items, first = np.unique(views.item[views.synthetic == synthetic], return_index=True)
            sources = views.source[views.synthetic == synthetic][first]
            _, inverse, counts = np.unique(sources, return_inverse=True, return_counts=True)
            weights = 1 / np.sqrt(counts[inverse])
            self._items.append(items)
            self._weights.append(weights / weights.sum())

    def batch(self) -> npt.NDArray[np.intp]:
        """Rows of views for one step, shape (BATCH,)."""
        chosen = []
        for items, weights in zip(self._items, self._weights, strict=True):
            for item in self._rng.choice(items, BATCH // 2, p=weights):
                clean = bool(self._rng.random() < _CLEAN_SHARE)
                rows = self._rows[int(item), clean]
                if not rows.size:
                    rows = self._rows[int(item), not clean]
                chosen.append(int(self._rng.choice(rows)))
        return np.asarray(chosen)


def _masked(bands: Tensor, rng: np.random.Generator) -> Tensor:
    """Shift each view in time and hide a few bands and frames (SpecAugment, Park et al. 2019)."""
    for view in bands:
        view.copy_(torch.roll(view, int(rng.integers(view.shape[0])), 0))
        mean = view.mean(0)
        width, first = int(rng.integers(0, 12)), int(rng.integers(0, view.shape[1] - 12))
        view[:, first : first + width] = mean[first : first + width]
        length, start = int(rng.integers(0, 40)), int(rng.integers(0, view.shape[0] - 40))
        view[start : start + length] = mean
    return bands


@torch.no_grad()
def _follow(average: nn.Module, network: nn.Module) -> None:
    """Move the averaged weights a little towards the current ones."""
    for kept, now in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
        if kept.dtype.is_floating_point:
            kept.lerp_(now, 1 - _DECAY)
        else:
            kept.copy_(now)
