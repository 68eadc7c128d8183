"""Train what the image detectors take for no photograph, on photographs and on made pictures.

Made ones are renderings of the training photographs (`domain_making`) and clip art from a folder,
for instance that of Debian's package openclipart-png, which is in the public domain.
"""

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from detectors.image.views import Pixels, resized
from detectors.training import domain_making
from detectors.training.image_data import SEED, Picture, read
from detectors.training.image_features import folder_of
from detectors.training.image_heads import Basis, Floats, Scores

log = logging.getLogger(__name__)

Describe = Callable[[Pixels], Floats]

EACH: Final = 130  # made pictures of each style
DRAWN: Final = 600  # pieces of clip art
LOST: Final = 0.02
"""Share of held-out photographs that may be refused, under whichever laundering it is most."""

COMPONENTS: Final = 200
FOLDS: Final = 8
CLIP_ART: Final = "clip art"


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """Features of made pictures, (pictures, features); what each is, and what it was made from."""

    features: Floats
    styles: npt.NDArray[np.str_]
    groups: npt.NDArray[np.str_]

    def block(self, number: int, blocks: int) -> Self:
        """Features of one of the encoder's blocks alone."""
        return replace(self, features=block_of(self.features, number, blocks))


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedDomain:
    """Weights for `detectors.image.domain`, and what a fold that saw nothing alike made of it."""

    weights: dict[str, Floats]
    drawn: npt.NDArray[np.bool_]  # of the pictures, clean
    refused: npt.NDArray[np.bool_]  # those among them that are taken for pages
    found: dict[str, float]  # style -> share that is taken for drawn


def block_of(rows: Floats, number: int, blocks: int) -> Floats:
    """Features of one block from those of all: (pictures, features)."""
    return np.ascontiguousarray(rows.reshape(len(rows), blocks, -1)[:, number])


def made(chosen: list[Picture], drawings: Path, describe: Describe, folder: Path) -> Made:
    """Make and describe them, or read what `folder` has; a run that was stopped goes on."""
    files = sorted(drawings.rglob("*.png"))
    names = [file.relative_to(drawings).as_posix() for file in files]
    folder = folder_of((*(p.key for p in chosen), *names), folder)
    folder.mkdir(parents=True, exist_ok=True)
    styles = (*domain_making.STYLES, CLIP_ART)
    parts = []
    for style in styles:
        path = folder / f"{style.replace(' ', '-')}.npz"
        if not path.exists():
            drawn = _clip_art(drawings, files) if style == CLIP_ART else rendered(style, chosen)
            found = [(describe(resized(pixels)), group) for pixels, group in drawn]
            partial = path.with_suffix(".tmp")
            with partial.open("wb") as file:
                features = np.stack([row for row, _ in found]).astype(np.float16)
                np.savez(file, features=features, groups=[group for _, group in found])
            partial.rename(path)
            log.info("made %s", style)
        with np.load(path) as shard:
            parts.append((shard["features"].astype(np.float32), shard["groups"]))
    return Made(
        features=np.concatenate([features for features, _ in parts]),
        styles=np.repeat(styles, [len(features) for features, _ in parts]),
        groups=np.concatenate([groups for _, groups in parts]),
    )


def train(chosen: list[Picture], views: list[Floats], drawn: Made) -> TrainedDomain:
    """Fit on photographs and photorealistic pictures against made ones.

    `views` are features of the whole pictures, (pictures, features), clean and then laundered. A
    source of "photographs" may hold paintings: what a fold refuses that saw none of its source is
    left out of the final fit.
    """
    basis = Basis.of(np.concatenate([views[0], drawn.features]), COMPONENTS)
    rows = [basis.project(view) for view in views]
    others = basis.project(drawn.features)
    photographs = np.array([p.photograph for p in chosen])
    trusted = photographs | np.array([p.photoreal for p in chosen])
    scores, strange = _held_out(rows, others, chosen, drawn, trusted)
    trusted &= scores[0] <= _threshold(scores, photographs)
    scores, strange = _held_out(rows, others, chosen, drawn, trusted)
    threshold = _threshold(scores, photographs & trusted)
    model = _fit(rows, others, trusted, np.ones(len(others), bool))
    weights, bias = basis.weights(model.coef_[0].astype(np.float32))
    bias += float(model.intercept_[0]) - threshold
    return TrainedDomain(
        weights={"whole": weights, "bias": np.array(bias, np.float32)},
        drawn=scores[0] > threshold,
        refused=np.zeros(len(chosen), bool),
        found={
            str(style): float((strange[drawn.styles == style] > threshold).mean())
            for style in dict.fromkeys(drawn.styles)
        },
    )


def _held_out(
    rows: list[Floats],
    others: Floats,
    chosen: list[Picture],
    drawn: Made,
    trusted: npt.NDArray[np.bool_],
) -> tuple[Scores, Scores]:
    """Scores of the pictures, (conditions, pictures), and of the made ones, none seen alike."""
    groups = np.concatenate([[p.source for p in chosen], drawn.groups])
    sides = np.repeat([False, True], [len(chosen), len(others)])
    scores, strange = np.zeros((len(rows), len(chosen))), np.zeros(len(others))
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for _, test in split.split(groups, sides, groups):
        unseen = np.zeros(len(groups), bool)
        unseen[test] = True
        here, there = unseen[: len(chosen)], unseen[len(chosen) :]
        model = _fit(rows, others, trusted & ~here, ~there)
        for condition, row in enumerate(rows):
            scores[condition, here] = model.decision_function(row[here])
        strange[there] = model.decision_function(others[there])
    return scores, strange


def _fit(
    rows: list[Floats],
    others: Floats,
    photographs: npt.NDArray[np.bool_],
    strange: npt.NDArray[np.bool_],
) -> LogisticRegression:
    features = np.concatenate([*(row[photographs] for row in rows[:2]), others[strange]])
    labels = np.repeat([False, True], [2 * int(photographs.sum()), int(strange.sum())])
    return LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced").fit(features, labels)


def _threshold(scores: Scores, photographs: npt.NDArray[np.bool_]) -> float:
    return max(float(np.quantile(row[photographs], 1 - LOST)) for row in scores)


def rendered(style: str, chosen: list[Picture], each: int = EACH) -> Iterator[tuple[Pixels, str]]:
    """Made pictures with the source of the photograph in or under each."""
    rng = np.random.default_rng([SEED, *style.encode()])
    photographs = [p for p in chosen if p.photograph]
    for index in rng.choice(len(photographs), min(each, len(photographs)), replace=False):
        picture = photographs[index]
        photo = read(picture.thumbnail or picture.file)
        if max(photo.shape) > 1200:
            photo = _scaled(photo, 0.5)
        elif min(photo.shape[:2]) < 448 and rng.random() < 0.6:
            photo = _scaled(photo, 448 / min(photo.shape[:2]))
        yield domain_making.STYLES[style](photo, rng), picture.source


def _scaled(photo: Pixels, factor: float) -> Pixels:
    method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(photo, None, fx=factor, fy=factor, interpolation=method), np.uint8)


def _clip_art(drawings: Path, files: list[Path]) -> Iterator[tuple[Pixels, str]]:
    """Pieces of clip art with the folder each lies in. Raises `OSError` when there are too few."""
    rng = np.random.default_rng(SEED)
    count = 0
    for index in rng.permutation(len(files)):
        drawing = domain_making.clip_art(files[index], rng)
        if drawing is None:
            continue
        yield drawing, files[index].relative_to(drawings).parts[0]
        count += 1
        if count == DRAWN:
            return
    raise OSError(f"{drawings} holds {count} usable drawings; {DRAWN} are needed")
