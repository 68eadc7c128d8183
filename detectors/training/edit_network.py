"""Train the edit localiser on made edits and score edits it never saw.

    python -m detectors.training.edit_network --trained FOLDER

`FOLDER` has the bank of native crops with their compression history (`edit_bank`). A pool of
edited squares with untouched twins is made once; every network is trained on its part of it. Folds
divide sources of photographs, and some networks never see one kind of edit. A network takes ten
seconds on a GPU and about half an hour of one core.
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
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import torch
from safetensors.torch import save_file
from torch.nn import functional

from detectors.training.edit_bank import BANK, Host, load
from detectors.training.edit_localiser import EditNetwork
from detectors.training.edit_making import KINDS, Edited, make_edit
from detectors.training.halved import halved

log = logging.getLogger(__name__)

Pixels = npt.NDArray[np.uint8]
Bools = npt.NDArray[np.bool_]

WEIGHTS: Final = "image-edits.safetensors"
SCORES: Final = "edit-scores.csv"
SEED: Final = 20261126
FOLDS: Final = 3
SHARES: Final = (0.4, 0.2, 0.12, 0.13, 0.15)  # of KINDS in the pool
JUDGED: Final = 900  # pairs of a fold that its network scores
THRESHOLDS: Final = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0)  # log odds of a block, for pixel F1
_PAIRS: Final = 48  # in a batch
_CHUNK: Final = 64
_LEAST_BLOCKS: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """Edited squares and twins (n, 256, 256, 3), masks (n, 32, 32), and what each pair is.

    The tensors lie on the device that trains.
    """

    edited: torch.Tensor
    twin: torch.Tensor
    mask: torch.Tensor
    kind: npt.NDArray[np.str_]
    saved: npt.NDArray[np.str_]
    host: npt.NDArray[np.int64]
    fold: npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """One network: pairs it learns from, and pairs it scores."""

    name: str
    seen: Bools
    judged: Bools


_hosts: list[Host] = []
_folds: npt.NDArray[np.int64] = np.zeros(0, np.int64)
_shares: npt.NDArray[np.float64] = np.zeros(0)


def fold_of(source: str) -> int:
    """The same fold for all photographs of one source, in every run."""
    return int(sha256(source.encode()).hexdigest(), 16) % FOLDS


def trainings(pool: Pool) -> list[Training]:
    """The shipped network, one a fold of sources, and one a kind of edit that it never saw."""
    every = np.ones(len(pool.host), bool)
    plans = [Training(name="shipped", seen=every, judged=~every)]
    for k in range(FOLDS):
        held = pool.fold == k
        plans.append(Training(name=f"sources-{k}", seen=~held, judged=_first(held, JUDGED)))
    for index, kind in enumerate(KINDS):
        held = pool.fold == index % FOLDS
        judged = _first(held & (pool.kind == kind), JUDGED // 2)
        plans.append(Training(name=f"kind-{kind}", seen=~held & (pool.kind != kind), judged=judged))
    return plans


def _first(flags: Bools, most: int) -> Bools:
    kept = np.zeros_like(flags)
    kept[np.flatnonzero(flags)[:most]] = True
    return kept


def prepare(hosts: list[Host]) -> None:
    """Set what the workers share, before they are forked: large sources count less a picture."""
    global _hosts, _folds, _shares
    cv2.setNumThreads(1)
    _hosts = hosts
    _folds = np.array([fold_of(host.source) for host in hosts])
    _, inverse, counts = np.unique(
        [host.source for host in hosts], return_inverse=True, return_counts=True
    )
    share = counts[inverse] ** -0.5
    _shares = share / share.sum()


def made_pair(seed: int) -> tuple[Edited, int]:
    """One pair of the pool and the index of its photograph; donors come from the same fold."""
    rng = np.random.default_rng([SEED, seed])
    index = int(rng.choice(len(_hosts), p=_shares))
    donor = int(rng.choice(np.flatnonzero(_folds == _folds[index])))
    kind = str(rng.choice(KINDS, p=SHARES))
    return make_edit(_hosts[index].pixels(), _hosts[donor].pixels(), kind, rng), index


def _many_pairs(seeds: range) -> list[tuple[Edited, int]]:
    return [made_pair(seed) for seed in seeds]


def make_pool(pairs: int, processes: int, device: torch.device) -> Pool:
    """Make the pairs; those whose edit changed next to nothing are left out."""
    chunks = [range(start, min(start + _CHUNK, pairs)) for start in range(0, pairs, _CHUNK)]
    with ProcessPoolExecutor(processes, mp_context=get_context("fork")) as workers:
        made = [item for part in workers.map(_many_pairs, chunks) for item in part]
    found = [item for item in made if item[0].mask.sum() >= _LEAST_BLOCKS]
    hosts = np.array([index for _, index in found])
    return Pool(
        edited=torch.from_numpy(np.stack([item.edited for item, _ in found])).to(device),
        twin=torch.from_numpy(np.stack([item.twin for item, _ in found])).to(device),
        mask=torch.from_numpy(np.stack([item.mask for item, _ in found])).to(device),
        kind=np.array([item.kind for item, _ in found]),
        saved=np.array([item.saved for item, _ in found]),
        host=hosts,
        fold=_folds[hosts],
    )


def train(pool: Pool, plan: Training, steps: int, device: torch.device) -> EditNetwork:
    """One network: pairs in every batch, loss of blocks and of whole squares, one cosine cycle."""
    torch.manual_seed(SEED)
    rng = np.random.default_rng(SEED)
    network = EditNetwork().to(device).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=3e-3, weight_decay=0.01)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=3e-3, total_steps=steps, pct_start=0.1
    )
    usable = np.flatnonzero(plan.seen)
    for step in range(steps):
        chosen = torch.from_numpy(rng.choice(usable, _PAIRS)).to(device)
        squares = torch.cat([pool.edited[chosen], pool.twin[chosen]]).permute(0, 3, 1, 2).float()
        mask = pool.mask[chosen]
        mask = torch.cat([mask, torch.zeros_like(mask)])
        if rng.random() < 0.5:  # mirrored and turned squares keep their grid
            squares, mask = squares.flip(3), mask.flip(2)
        if rng.random() < 0.5:
            squares, mask = squares.transpose(2, 3), mask.transpose(1, 2)
        blocks, odds = network(squares.contiguous())
        loss = _loss(blocks, odds, mask)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        schedule.step()
        if step % 100 == 0:
            log.info("%s step %d loss %.3f", plan.name, step, float(loss.detach()))
    return network.eval()


def _loss(blocks: torch.Tensor, odds: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    """Blocks on the border of the edit count nothing; edited ones count three times."""
    certain = ((mask < 0.1) | (mask > 0.6)).float()
    wanted = (mask > 0.5).float()
    weight = certain * (1 + 2 * wanted)
    local = functional.binary_cross_entropy_with_logits(blocks, wanted, weight, reduction="sum")
    count = mask.shape[0] // 2
    whole = torch.cat([torch.ones(count), torch.zeros(count)]).to(odds)
    return local / weight.sum() + 0.5 * functional.binary_cross_entropy_with_logits(odds, whole)


@torch.inference_mode()
def judged(
    network: EditNetwork, pool: Pool, plan: Training, device: torch.device
) -> list[tuple[Any, ...]]:
    """Lines of the table of scores: two a pair, edited and twin."""
    lines: list[tuple[Any, ...]] = []
    chosen = np.flatnonzero(plan.judged)
    for start in range(0, chosen.size, 48):
        part = chosen[start : start + 48]
        rows = torch.from_numpy(part).to(device)
        truth = (pool.mask[rows] > 0.5).cpu().numpy()
        for edited in (True, False):
            tiles = (pool.edited if edited else pool.twin)[rows].permute(0, 3, 1, 2).float()
            blocks, odds = (found.float().cpu().numpy() for found in network(tiles))
            for row, index in enumerate(part.tolist()):
                about = (index, pool.kind[index], pool.saved[index], int(pool.host[index]))
                scored = _f1(blocks[row], truth[row]) if edited else []
                found = f"{odds[row]:.4f}", f"{blocks[row].max():.3f}"
                lines.append((plan.name, *about, int(edited), *found, *scored))
    return lines


def _f1(blocks: npt.NDArray[np.float32], mask: Bools) -> list[str]:
    """F1 of the edited blocks at every threshold."""
    scores = []
    for threshold in THRESHOLDS:
        found = blocks > threshold
        scores.append(f"{2 * (found & mask).sum() / max(1, found.sum() + mask.sum()):.3f}")
    return scores


def main() -> None:
    """Make the pool, train in order, write weights and scores after every network."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.edit_network")
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--pairs", type=int, default=7_700)
    parser.add_argument("--steps", type=int, default=700)
    parser.add_argument("--processes", type=int, default=max(1, (os.cpu_count() or 2) // 2))
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    hosts = load(given.trained / BANK)
    prepare(hosts)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cuda.matmul.allow_tf32 = True
    pool = make_pool(given.pairs, given.processes, device)
    log.info("pool of %d pairs of %d photographs", len(pool.host), len(hosts))
    with (given.trained / SCORES).open("w", newline="") as file:
        table = csv.writer(file)
        head = ("training", "pair", "kind", "saved", "host", "edited", "odds", "highest")
        table.writerow((*head, *(f"f1 at {threshold}" for threshold in THRESHOLDS)))
        for plan in trainings(pool):
            network = train(pool, plan, given.steps, device)
            if plan.name == "shipped":
                save_file(halved(network.state_dict()), given.trained / WEIGHTS)
            table.writerows(judged(network, pool, plan, device))
            file.flush()


if __name__ == "__main__":
    main()
