"""Go on training the picture heads with a larger collection: what they learned before is kept.

    python -m detectors.training.image_further --start FOLDER --earlier MANIFEST \\
        --manifest MANIFEST --cache FOLDER --out detectors/zoo

FOLDER of the start is what `detectors.training.image` wrote, of the pictures of the earlier manifest;
some of those are seen again. Its heads enter as two features, one for
each kind of view, beside the components of the new pictures, so that few pictures of many sources
correct a head rather than replace it, and everything folds back into one weight a feature. Views are
cached first, the first picture of every source before the second of any; a run that was stopped goes
on.
"""

import argparse
import logging
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
from safetensors.numpy import load_file
from threadpoolctl import threadpool_limits

from detectors.bench.result import RESULTS
from detectors.registry import named
from detectors.training import image_cards
from detectors.training.cards import write_card
from detectors.training.domain import TrainedDomain, block_of
from detectors.training.image import installed
from detectors.training.image_cards import Held, Origin
from detectors.training.image_data import Picture, handed_on, pictures, render, spread
from detectors.training.image_features import SHARD, Render, cache, cached
from detectors.training.image_files import WholeFiles
from detectors.training.image_heads import (
    Basis,
    Fitting,
    Floats,
    GoingOn,
    Indices,
    Scores,
    SeenAgain,
    fit_pooled,
    folds,
    held_out,
)
from detectors.training.pages import cache_made, cached_made, with_pages
from detectors.zoo.backbones import (
    CLIP_BLOCKS,
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    ClipEncoder,
    TokenEncoder,
    summary,
)
from detectors.zoo.card import ModelCard
from detectors.zoo.weights import write_arrays

log = logging.getLogger(__name__)

MOST_OF_SOURCE: Final = 50  # pictures of each class
MOST_OF_GENERATOR: Final = 320
MADE_OF_SOURCE: Final = 16  # photographs that pages and drawings are made of or over
COMPONENTS: Final = 300
AGAIN_OF_SOURCE: Final = 6  # pictures of each class that are seen again
AGAIN_OF_GENERATOR: Final = 22
CORRECTION: Final = Fitting(strength=0.6, generators=0.7)
KINDS: Final = ("whole", "crop")
CONDITIONS: Final[dict[str, Render]] = {"clean": render, "handed": handed_on}


def cache_all(chosen: list[Picture], encoder: TokenEncoder, folder: Path) -> None:
    """Token summaries of all views, of a shard of pictures after the other."""
    for start in range(0, len(chosen), SHARD):
        for condition, make in CONDITIONS.items():
            for kind in KINDS:
                part = chosen[start : start + SHARD]
                cache(
                    part, f"{kind}.{condition}", lambda p: summary(encoder.tokens(p)), folder, make
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """The corrected head, its scores with sources held out, and those of the head before."""

    head: dict[str, Floats]
    scores: Scores  # (conditions, pictures)
    before: Scores  # of the same


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Pictures that the head before was trained on, as published: features (pictures, features) a view."""

    parts: dict[str, Floats]
    pictures: list[Picture]

    @classmethod
    def of(cls, manifest: Path, folder: Path) -> Self:
        """Those of a manifest that `cache_earlier` described."""
        chosen = seen_again(pictures(manifest))
        parts = {kind: cached(chosen, f"{kind}.clean", folder) for kind in KINDS}
        return cls(parts=parts, pictures=chosen)

    def block(self, index: int, blocks: int) -> Self:
        """The same by one of the encoder's blocks."""
        parts = {kind: block_of(rows, index, blocks) for kind, rows in self.parts.items()}
        return replace(self, parts=parts)


def seen_again(earlier: list[Picture]) -> list[Picture]:
    """Photographs and generated pictures of an earlier training, some of each source."""
    whole = [picture for picture in earlier if picture.synthetic or picture.photograph]
    return spread(whole, AGAIN_OF_SOURCE, AGAIN_OF_GENERATOR)


def main() -> None:
    """Cache, train, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.image_further")
    parser.add_argument("--start", type=Path, required=True, help="with weights/ and cards/")
    parser.add_argument("--earlier", type=Path, required=True, help="manifest START learned from")
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--files", type=Path, help="where image_delivered wrote its scores")
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    every = pictures(given.manifest)
    chosen = spread(every, MOST_OF_SOURCE, MOST_OF_GENERATOR)
    encoder = ClipEncoder(lambda: installed(CLIP_DISTRIBUTION, CLIP_FILE))
    cache_all(chosen, encoder, given.cache / "clip")
    for kind in KINDS:
        cache(
            seen_again(pictures(given.earlier)),
            f"{kind}.clean",
            lambda p: summary(encoder.tokens(p)),
            given.cache / "earlier",
        )
    drawn_over = spread(every, MADE_OF_SOURCE, MOST_OF_GENERATOR)
    cache_made(drawn_over, lambda p: summary(encoder.tokens(p)), given.cache / "made")
    with threadpool_limits(1):  # sums depend on how many threads share them
        write(chosen, Earlier.of(given.earlier, given.cache / "earlier"), given)


def write(chosen: list[Picture], earlier: Earlier, given: argparse.Namespace) -> None:
    """Correct both heads; write them, their cards and their held-out scores."""
    start, folder, out = given.start, given.cache, given.out
    every = {
        kind: [cached(chosen, f"{kind}.{name}", folder / "clip") for name in CONDITIONS]
        for kind in KINDS
    }
    made = cached_made(folder / "made")
    blocks = len(CLIP_BLOCKS)
    lower = {kind: [block_of(rows, 0, blocks) for rows in every[kind]] for kind in KINDS}
    kinds = ("clip", every, earlier, blocks - 1), ("fast", lower, earlier.block(0, blocks), 0)
    for name, parts, again, highest in kinds:
        head = f"image-{name}-head.safetensors"
        before = load_file(start / "weights" / head)
        found = further(parts, before, chosen, again)
        write_arrays(found.head, out / "weights" / head)
        whole = [block_of(rows, highest, blocks) for rows in every["whole"]]
        domain = with_pages(_domain(start, name, whole), chosen, whole, made.block(highest, blocks))
        write_arrays(domain.weights, out / "weights" / f"image-{name}-domain.safetensors")
        held = Held(
            pictures=chosen,
            conditions=tuple(image_cards.HANDED),
            trained_on=len(CONDITIONS),
            scores=found.scores,
            drawn=domain.drawn,
            refused=domain.refused,
        )
        origin = Origin(
            before=ModelCard.read(f"image-{name}", start / "cards"),
            scores=found.before,
            most=MOST_OF_SOURCE,
            again=len(earlier.pictures),
        )
        files = given.files and WholeFiles.read(given.files / f"image-{name}.csv")
        card = image_cards.image_card(f"image-{name}", held, domain, out / "weights", origin, files)
        write_card(card, out)
        if files and card.operating_points is not None:
            spec = named(f"image.{name}")
            files.result(spec, card.operating_points).write(RESULTS / "files" / f"{spec.name}.json")
        log.info("%s: %s", card.name, card.measured[0])
        held.published().export(folder / f"image.{name}.csv", given.manifest.parent)


def _domain(start: Path, name: str, whole: list[Floats]) -> TrainedDomain:
    """What looks drawn stays as it was; pages are learned with the collection."""
    weights = load_file(start / "weights" / f"image-{name}-domain.safetensors")
    own = {key: weights[key] for key in ("whole", "bias")}
    drawn = whole[0] @ own["whole"].ravel() + own["bias"] > 0
    return TrainedDomain(weights=own, drawn=drawn, refused=np.zeros_like(drawn), found={})


@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """Rows that a head is corrected on, and what folds a regression on them into a head."""

    views: dict[str, GoingOn]
    rows: list[Floats]  # (pictures, features) of each condition
    before: Scores  # (conditions, pictures), by the head before
    again: SeenAgain

    @classmethod
    def of(
        cls, parts: Mapping[str, list[Floats]], before: Mapping[str, Floats], earlier: Earlier
    ) -> Self:
        """`parts` holds of each kind of view one (pictures, features) array a condition."""
        views = {kind: view_of(np.concatenate(parts[kind]), before[kind].ravel()) for kind in KINDS}
        count = range(len(parts[KINDS[0]]))
        scores = [
            sum(parts[kind][index] @ before[kind].ravel() for kind in KINDS) + before["bias"]
            for index in count
        ]
        rows = [
            np.concatenate([views[kind].rows(parts[kind][index]) for kind in KINDS], axis=1)
            for index in count
        ]
        again = np.concatenate([views[kind].rows(earlier.parts[kind]) for kind in KINDS], axis=1)
        return cls(
            views=views,
            rows=rows,
            before=np.asarray(scores, np.float64),
            again=SeenAgain(rows=again, pictures=earlier.pictures),
        )

    def head(self, chosen: list[Picture], learned: Indices | None = None) -> dict[str, Floats]:
        """The head that these pictures make of the one before, or `learned` of them alone."""
        own = np.arange(len(chosen)) if learned is None else learned
        model = fit_pooled(
            [rows[own] for rows in self.rows],
            [chosen[index] for index in own],
            fitting=CORRECTION,
            again=self.again,
        )
        head, shifts = {}, []
        for kind, coefficients in zip(KINDS, np.split(model.coef_[0], len(KINDS)), strict=True):
            head[kind], shift = self.views[kind].weights(coefficients.astype(np.float32))
            shifts.append(shift)
        head["bias"] = np.array(float(model.intercept_[0]) + sum(shifts), np.float32)
        head["centres"] = -np.array(shifts, np.float32)
        return head


def further(
    parts: Mapping[str, list[Floats]],
    before: Mapping[str, Floats],
    chosen: list[Picture],
    earlier: Earlier,
) -> Trained:
    """Correct a head and measure it; `parts` as in `Correction.of`."""
    found = Correction.of(parts, before, earlier)
    scores = held_out(
        found.rows, chosen, trained_on=len(found.rows), fitting=CORRECTION, again=found.again
    )
    return Trained(head=found.head(chosen), scores=scores, before=found.before)


def of_folds(
    parts: Mapping[str, list[Floats]],
    before: Mapping[str, Floats],
    chosen: list[Picture],
    earlier: Earlier,
) -> dict[str, dict[str, Floats]]:
    """For each source a head that saw none of its pictures, from the folds of `held_out`."""
    found = Correction.of(parts, before, earlier)
    heads: dict[str, dict[str, Floats]] = {}
    for learned, others in folds(chosen):
        head = found.head(chosen, learned)
        heads |= {chosen[index].source: head for index in others}
    return heads


def view_of(features: Floats, before: Floats) -> GoingOn:
    """One kind of view, from its features (pictures, features) and the head before."""
    basis = Basis.of(features, COMPONENTS)
    share = len(KINDS) ** -0.5
    return GoingOn(basis=basis, before=before, centre=float(basis.mean @ before), share=share)


if __name__ == "__main__":
    main()
