"""Train the swap network and score the faces that were held out.

    python -m detectors.training.face_network --trained FOLDER

`FOLDER` has the bank and the weights to start from (`face_bank`), and gets the rest. Made swaps and
swaps from the bank are laid out once as a pool of views. A third of the owners of faces is never
trained on. The first training sees made swaps alone, so every real swap is an unseen method to it;
the second goes on from there with the real swaps of the largest origin among them, so those of the
others stay unseen.
"""

import argparse
import csv
import logging
import os
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import load_file, save_file
from torch.nn import functional

from detectors.faces.view import SIDE, face_view
from detectors.training.face_bank import BANK, START, Banked, load
from detectors.training.face_blending import augmented_view, cross_blended, self_blended
from detectors.training.halved import halved
from detectors.training.laundering import jpeg
from detectors.training.swap_classifier import SwapNetwork

log = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]

SCORES: Final = "face-scores.csv"
SEED: Final = 20261126
HELD_OUT: Final = 3  # one owner of so many is never trained on
CROSS: Final = 0.25  # share of made swaps that show another person's face
FILMED: Final = 0.6  # share of training faces from the largest origin, compressed films
KNOWN: Final = 0.4  # share of real swaps among the swaps of the second training
CONDITIONS: Final = ("none", "jpeg-70", "jpeg-50", "resize-0.5")
MADE: Final = "made"
SHIPPED: Final = "shipped"
_BATCH: Final = 64
_CHUNK: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Views made for training, uint8 (n, side, side, 3), on the device that trains.

    `real` and `made` are pairs of one face; `known` are swaps of the bank.
    """

    real: torch.Tensor
    made: torch.Tensor
    known: torch.Tensor


_bank: list[Banked] = []
_swaps: list[Banked] = []
_shares: npt.NDArray[np.float64] = np.zeros(0)


def is_held_out(owner: str) -> bool:
    """The same answer for all faces of a picture, in every run."""
    return int(sha256(owner.encode()).hexdigest(), 16) % HELD_OUT == 0


def made_views(seed: int) -> tuple[Pixels, Pixels]:
    """One pair for training: a real view and a made swap of the same face."""
    rng = np.random.default_rng([SEED, seed])
    index = int(rng.choice(len(_bank), p=_shares))
    face = _bank[index]
    pixels = face.pixels()
    if rng.random() < CROSS:
        donor = _bank[int(rng.choice(np.flatnonzero(_shares)))]
        made = cross_blended(pixels, face.mesh, donor.pixels(), donor.mesh, rng)
    else:
        made = self_blended(pixels, face.mesh, rng)
    state = rng.integers(2**31, size=2)
    # Half of the pairs go through the very same augmentation.
    second = state[0] if rng.random() < 0.5 else state[1]
    real = augmented_view(pixels, face.mesh, np.random.default_rng(state[0]))
    return real, augmented_view(made, face.mesh, np.random.default_rng(second))


def known_view(seed: int) -> Pixels:
    """One augmented view of a swap of the largest origin."""
    rng = np.random.default_rng([SEED + 1, seed])
    face = _swaps[int(rng.integers(len(_swaps)))]
    return augmented_view(face.pixels(), face.mesh, rng)


def _many_made(seeds: range) -> list[tuple[Pixels, Pixels]]:
    return [made_views(seed) for seed in seeds]


def _many_known(seeds: range) -> list[Pixels]:
    return [known_view(seed) for seed in seeds]


def prepare(bank: list[Banked]) -> None:
    """Set what the workers share before they are forked: the faces to train on, how often each."""
    global _bank, _swaps, _shares
    cv2.setNumThreads(1)
    names, counts = np.unique([face.origin for face in bank], return_counts=True)
    largest = str(names[counts.argmax()])
    seen = [face for face in bank if not is_held_out(face.owner)]
    _bank = [face for face in seen if not face.swapped]
    _swaps = [face for face in seen if face.swapped and face.origin == largest]
    owners = [face.owner for face in _bank]
    share = np.array([1 / owners.count(owner) for owner in owners])
    filmed = np.array([face.origin == largest for face in _bank])
    share[filmed] *= FILMED / max(share[filmed].sum(), 1e-9)
    share[~filmed] *= (1 - FILMED) / max(share[~filmed].sum(), 1e-9)
    _shares = share / share.sum()


def make_pool(pairs: int, processes: int, device: torch.device) -> Pool:
    """Make the views that both trainings draw from."""
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as workers:
        made = [pair for part in workers.map(_many_made, _chunks(pairs)) for pair in part]
        known = [view for part in workers.map(_many_known, _chunks(pairs // 3)) for view in part]

    def tensor(views: list[Pixels]) -> torch.Tensor:
        return torch.from_numpy(np.stack(views)).to(device)

    return Pool(
        real=tensor([pair[0] for pair in made]),
        made=tensor([pair[1] for pair in made]),
        known=tensor(known),
    )


def _chunks(count: int) -> list[range]:
    return [range(start, min(start + _CHUNK, count)) for start in range(0, count, _CHUNK)]


def train(
    network: SwapNetwork, pool: Pool, *, known: bool, steps: int, rate: float, device: torch.device
) -> None:
    """One training: pairs of one face in every batch, AdamW, one cycle up to `rate`."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED + known)
    network.train()
    decayed = [p for p in network.parameters() if p.ndim > 1]
    free = [p for p in network.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": 0.05}, {"params": free, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=rate, total_steps=steps, pct_start=0.15
    )
    for step in range(steps):
        chosen = torch.from_numpy(rng.choice(len(pool.real), _BATCH // 2)).to(device)
        real, swapped = pool.real[chosen], pool.made[chosen]
        if known:
            taken = np.flatnonzero(rng.random(_BATCH // 2) < KNOWN)
            drawn = torch.from_numpy(rng.choice(len(pool.known), taken.size)).to(device)
            swapped[torch.from_numpy(taken).to(device)] = pool.known[drawn]
        views = torch.cat([real, swapped]).permute(0, 3, 1, 2)
        views = _jittered(views.float(), rng)
        wanted = torch.arange(_BATCH, device=device) >= _BATCH // 2
        with torch.autocast(device.type, torch.bfloat16, enabled=device.type == "cuda"):
            odds = network(views.contiguous(memory_format=torch.channels_last))
        loss = functional.binary_cross_entropy_with_logits(
            odds.float(), wanted.float() * 0.96 + 0.02
        )
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        schedule.step()
        if step % 20 == 0:
            log.info("step %d loss %.3f", step, float(loss.detach()))
    network.eval()


def _jittered(views: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A pool serves many times: every batch is shifted, mirrored and lit anew."""
    down, right = rng.integers(-6, 7, 2).tolist()
    views = torch.roll(views, (down, right), (2, 3))
    if rng.random() < 0.5:
        views = views.flip(3)
    return (views * float(rng.uniform(0.9, 1.1)) + float(rng.uniform(-8, 8))).clamp(0, 255)


def tested(pixels: Pixels, condition: str) -> tuple[Pixels, float]:
    """A face's picture after a laundering, and by how much its mesh is to be scaled."""
    if condition.startswith("jpeg"):
        return jpeg(pixels, int(condition.partition("-")[2])), 1.0
    if condition.startswith("resize"):
        factor = float(condition.partition("-")[2])
        small = cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        return np.asarray(small, np.uint8), factor
    return pixels, 1.0


def test_views(bank: list[Banked], condition: str) -> Pixels:
    """The view of every face of the bank after a laundering, (n, side, side, 3)."""
    views = np.empty((len(bank), SIDE, SIDE, 3), np.uint8)
    for index, face in enumerate(bank):
        pixels, factor = tested(face.pixels(), condition)
        views[index] = face_view(pixels, face.mesh * np.float32(factor))
    return views


@torch.inference_mode()
def scores(network: SwapNetwork, views: Pixels, device: torch.device) -> npt.NDArray[np.float32]:
    """Log odds of every view."""
    found = []
    for start in range(0, len(views), 64):
        batch = torch.from_numpy(views[start : start + 64]).to(device).permute(0, 3, 1, 2).float()
        found.append(network(batch.contiguous(memory_format=torch.channels_last)).float().cpu())
    return np.asarray(torch.cat(found).numpy())


def main() -> None:
    """Make the pool, train twice, write weights and scores."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_network")
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=4_000)
    parser.add_argument("--steps", type=int, default=200)
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    bank = load(given.trained / BANK)
    prepare(bank)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    pool = make_pool(given.pairs, given.processes, device)
    log.info("pool of %d pairs and %d swaps", len(pool.real), len(pool.known))
    network = SwapNetwork().to(device)
    start = {name: value.float() for name, value in load_file(given.trained / START).items()}
    network.load_state_dict({**network.state_dict(), **start})
    with (given.trained / SCORES).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("training", "condition", "face", "origin", "owner", "swapped", "odds"))
        for name, known, steps, rate in (
            (MADE, False, given.steps, 1e-3),
            (SHIPPED, True, given.steps // 2, 5e-4),
        ):
            train(network, pool, known=known, steps=steps, rate=rate, device=device)
            save_file(halved(network.state_dict()), given.trained / f"face-swap-{name}.safetensors")
            for condition in CONDITIONS:
                odds = scores(network, test_views(bank, condition), device)
                for index, face in enumerate(bank):
                    if is_held_out(face.owner) or (face.swapped and name == MADE):
                        where = (index, face.origin, face.owner, int(face.swapped))
                        table.writerow((name, condition, *where, f"{odds[index]:.4f}"))
            file.flush()


if __name__ == "__main__":
    main()
