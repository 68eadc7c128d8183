"""Train, cross-validate, calibrate and write down the audio detectors, in one command.

    python -m detectors.training.audio --manifest M --cache DIR --out detectors/zoo

Folds keep every source whole, so all held-out figures are of sources that the models never saw.
Views and fold scores are kept in the cache: a run that was stopped goes on where it was.
"""

import argparse
import hashlib
import logging
import sys
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import torch

from detectors.audio.boosting import Forest
from detectors.audio.condition import CONDITIONS, LINE, ConditionModel, certain
from detectors.audio.heads import Heads
from detectors.audio.network import Networks
from detectors.training import whisper
from detectors.training.audio_bank import (
    CLEAN,
    HEARD_VIEWS,
    WIDE_VIEWS,
    Bank,
    Recording,
    build,
    chosen,
)
from detectors.training.audio_cards import VAD, write_cards
from detectors.training.audio_experts import (
    fit_conditions,
    fit_forest,
    fit_machine,
    page_weights,
)
from detectors.training.audio_held import Held
from detectors.training.audio_networks import ROUNDS, fit_networks

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]

FITTED: Final = (CLEAN,)
"""Views that trees and kernel machine learn from. MP3 and Opus copies lie so close to their
originals that they only harden the margin: with them, held-out errors rose from 25 to 29 %. What
came through a telephone line has models of its own."""

EXPERTS: Final = ("statistics", "encoder")

FOLDS: Final = 5
SEED: Final = 7


def main(arguments: list[str] | None = None) -> None:
    """Run the whole training; see the module's first lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, nargs="+", required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder for weights/ and cards/")
    parser.add_argument(
        "--encoder", type=Path, nargs=2, help="the parts of Whisper base, if not installed"
    )
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--without", type=int, choices=range(FOLDS), help="a fold to leave out")
    options = parser.parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", stream=sys.stderr)
    torch.set_num_threads(1)
    weights = options.out / "weights"
    weights.mkdir(parents=True, exist_ok=True)
    encoder = whisper.convert(options.encoder, weights / "audio-encoder.safetensors")
    finder = Path(str(distribution(VAD.distribution).locate_file(VAD.file)))
    recordings = chosen(options.manifest)
    bank = build(recordings, options.cache / "views", finder, encoder, jobs=options.jobs)
    log.info("%d views of %d recordings", bank.item.size, len(bank.recordings))
    held = held_out(bank, options.cache)
    if options.without is None:
        fit_all(bank, np.ones(len(bank.recordings), bool), SEED, weights)
    else:
        held = held.only(held.fold != options.without)
        Models.load(fold_folder(options.cache, options.without, bank.recordings)).save(weights)
    write_cards(held, options.out, options.cache)


def folds(recordings: tuple[Recording, ...]) -> npt.NDArray[np.intp]:
    """Fold of each recording: sources stay whole, folds are about equally large."""
    sources, counts = np.unique([r.source for r in recordings], return_counts=True)
    order = np.random.default_rng(SEED).permutation(sources.size)
    order = order[np.argsort(-counts[order], kind="stable")]
    loads = np.zeros(FOLDS)
    fold: dict[str, int] = {}
    for index in order:
        fold[str(sources[index])] = lightest = int(loads.argmin())
        loads[lightest] += counts[index]
    return np.array([fold[r.source] for r in recordings])


def fold_folder(cache: Path, number: int, recordings: tuple[Recording, ...]) -> Path:
    """Where the models of a fold are kept, which saw no source of it."""
    return cache / f"fold{number}-{_state(recordings)}"


def held_out(bank: Bank, cache: Path) -> Held:
    """Scores of all experts for the judged views, each by models that never saw its source.

    The view `telephone` is that of `LINES`, which models of the narrow band judge.
    """
    wide = np.isin(bank.view, WIDE_VIEWS)
    fold = folds(bank.recordings)
    scores = {name: np.full(bank.item.size, np.nan) for name in EXPERTS}
    narrow = {name: np.full(bank.line_item.size, np.nan) for name in EXPERTS}
    likeness = np.full((bank.item.size, len(CONDITIONS)), np.nan)
    for number in range(FOLDS):
        rows = wide & (fold[bank.item] == number)
        lines = fold[bank.line_item] == number
        folder = fold_folder(cache, number, bank.recordings)
        kept = folder / "scores.npz"
        if not kept.exists():
            folder.mkdir(exist_ok=True)
            models = fit_all(bank, fold != number, SEED + number, folder)
            np.savez(kept, **judge_all(models, bank, rows, lines))  # type: ignore[arg-type]
        with np.load(kept) as found:
            for name in EXPERTS:
                scores[name][rows] = found[name]
                narrow[name][lines] = found[f"narrow_{name}"]
            likeness[rows] = found["likeness"]
        log.info("fold %d of %d done", number + 1, FOLDS)
    item = np.concatenate([bank.item[wide], bank.line_item])
    count = bank.line_item.size
    return Held(
        recordings=bank.recordings,
        item=item,
        view=np.concatenate([bank.view[wide], np.full(count, LINE)]),
        fold=fold[item],
        scores={name: np.concatenate([scores[name][wide], narrow[name]]) for name in EXPERTS},
        likeness=np.concatenate([likeness[wide], certain(LINE, count)]),
    )


@dataclass(frozen=True, slots=True)
class Models:
    """All that is fitted: trees and heads for each band, and what tells conditions apart."""

    forest: Forest
    heads: Heads
    narrow_forest: Forest
    narrow_heads: Heads
    conditions: ConditionModel

    @classmethod
    def load(cls, weights: Path) -> Self:
        """Read what `save` wrote."""
        return cls(
            Forest.load(weights / "audio-statistics.safetensors"),
            Heads.load(
                weights / "audio-encoder-head.safetensors",
                weights / "audio-encoder-networks.safetensors",
            ),
            Forest.load(weights / "audio-narrow.safetensors"),
            Heads.load(
                weights / "audio-encoder-narrow.safetensors",
                weights / "audio-encoder-narrow-networks.safetensors",
            ),
            ConditionModel.load(weights / "audio-condition.safetensors"),
        )

    def save(self, weights: Path) -> None:
        """Write each part into the folder, under the name that its card has."""
        self.forest.save(weights / "audio-statistics.safetensors")
        self.heads.machine.save(weights / "audio-encoder-head.safetensors")
        self.heads.networks.save(weights / "audio-encoder-networks.safetensors")
        self.narrow_forest.save(weights / "audio-narrow.safetensors")
        self.narrow_heads.machine.save(weights / "audio-encoder-narrow.safetensors")
        self.narrow_heads.networks.save(weights / "audio-encoder-narrow-networks.safetensors")
        self.conditions.save(weights / "audio-condition.safetensors")


def fit_all(bank: Bank, chosen: Bools, seed: int, weights: Path | None = None) -> Models:
    """Fit all models on the chosen recordings, shape (recordings,); with `weights`, save them there."""
    inside = chosen[bank.item]
    plain = inside & np.isin(bank.view, FITTED)
    even = page_weights(bank.source[plain], bank.synthetic[plain])
    forest = fit_forest(bank.statistics[plain], bank.synthetic[plain], even, seed=seed)
    machine = fit_machine(bank.features[plain], bank.synthetic[plain], even, seed=seed)
    heads = Heads(machine, fit_wide_networks(bank, inside, seed=seed))
    lines = chosen[bank.line_item]
    made = bank.line_synthetic[lines]
    even = page_weights(bank.line_source[lines], made)
    narrow_forest = fit_forest(bank.line_statistics[lines], made, even, seed=seed)
    rows = bank.line_features[lines]
    narrow_machine = fit_machine(rows, made, even, seed=seed)
    narrow_heads = Heads(narrow_machine, fit_networks(rows, made, even, seed=seed))
    known = inside & np.isin(bank.view, CONDITIONS)
    conditions = fit_conditions(bank.statistics[known], bank.view[known])
    log.info("trees, heads and conditions fitted")
    models = Models(forest, heads, narrow_forest, narrow_heads, conditions)
    if weights is not None:
        models.save(weights)
    return models


def fit_wide_networks(bank: Bank, inside: Bools, *, seed: int) -> Networks:
    """Networks of the wide band, which gain by MP3 and Opus copies and by later windows.

    `inside` says which views of the bank may be seen, shape (views,).
    """
    heard = inside & np.isin(bank.view, HEARD_VIEWS)
    made = bank.synthetic[heard]
    even = page_weights(bank.source[heard], made)
    return fit_networks(bank.features[heard], made, even, seed=seed, epochs=ROUNDS)


def judge_all(models: Models, bank: Bank, rows: Bools, lines: Bools) -> dict[str, Floats]:
    """Raw output of each expert for some views and some lines, and the likeness of the views."""
    return {
        "statistics": models.forest.logits(bank.statistics[rows]),
        "encoder": models.heads.logits(bank.features[rows]),
        "narrow_statistics": models.narrow_forest.logits(bank.line_statistics[lines]),
        "narrow_encoder": models.narrow_heads.logits(bank.line_features[lines]),
        "likeness": models.conditions.likeness(bank.statistics[rows]),
    }


def _state(recordings: tuple[Recording, ...]) -> str:
    """What fold scores depend on beside the code: which recordings there are, in which order."""
    digests = "".join(recording.digest for recording in recordings)
    return hashlib.sha256(digests.encode()).hexdigest()[:12]


if __name__ == "__main__":
    main()
