"""Train what is a page (a document, a screen, a chart) on pages made by program against all else."""

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold

from detectors.image.views import Pixels, resized
from detectors.training.domain import Made, TrainedDomain, rendered
from detectors.training.image_data import SEED, Picture
from detectors.training.image_heads import Basis, Floats, Scores

log = logging.getLogger(__name__)

Describe = Callable[[Pixels], Floats]

PAGES: Final = ("document", "screen", "chart")
DRAWINGS: Final = ("pencil", "flat", "strokes", "cartoon", "regions")
EACH: Final = 60  # made pages of each kind
DRAWN: Final = 20  # made drawings of each kind
LOST: Final = 0.005  # share of held-out pictures that may be taken for pages
COMPONENTS: Final = 100
FOLDS: Final = 8


def cache_made(chosen: list[Picture], describe: Describe, folder: Path) -> None:
    """Describe the made pages and drawings that the folder lacks: (pictures, blocks, 3, width) each."""
    folder.mkdir(parents=True, exist_ok=True)
    for style in (*PAGES, *DRAWINGS):
        path = folder / f"{style}.npz"
        if path.exists():
            continue
        found = [
            (describe(resized(pixels)), group)
            for pixels, group in rendered(style, chosen, EACH if style in PAGES else DRAWN)
        ]
        partial = path.with_suffix(".tmp")
        with partial.open("wb") as file:
            whole = np.stack([row for row, _ in found]).astype(np.float16)
            np.savez(file, whole=whole, groups=[group for _, group in found])
        partial.rename(path)
        log.info("made %s", path.name)


def cached_made(folder: Path) -> Made:
    """Read what `cache_made` wrote."""
    features, styles, groups = [], [], []
    for style in (*PAGES, *DRAWINGS):
        with np.load(folder / f"{style}.npz") as shard:
            rows = shard["whole"].astype(np.float32)
            features.append(rows.reshape(len(rows), -1))
            styles += [style] * len(rows)
            groups.append(shard["groups"])
    return Made(
        features=np.concatenate(features),
        styles=np.array(styles),
        groups=np.concatenate(groups),
    )


def with_pages(
    domain: TrainedDomain, chosen: list[Picture], views: list[Floats], made: Made
) -> TrainedDomain:
    """The domain with what it refuses among what looks drawn: pages. `views` are features of the whole pictures, one (pictures, features) array a condition.

    Whatever its class, a picture of the manifest is none of these pages, and neither is a drawing.
    """
    basis = Basis.of(np.concatenate([*views, made.features]), COMPONENTS)
    rows = np.concatenate([*(basis.project(view) for view in views), basis.project(made.features)])
    sources = [picture.source for picture in chosen]
    groups = np.array([*(sources * len(views)), *made.groups])
    page = np.concatenate([np.zeros(len(views) * len(chosen), bool), np.isin(made.styles, PAGES)])
    scores: Scores = np.zeros(len(rows))
    split = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=SEED)
    for seen, unseen in split.split(groups, page, groups):
        scores[unseen] = _fit(rows[seen], page[seen]).decision_function(rows[unseen])
    pictures = scores[: len(views) * len(chosen)]
    threshold = float(np.quantile(pictures, 1 - LOST))
    model = _fit(rows, page)
    weights, bias = basis.weights(model.coef_[0].astype(np.float32))
    bias += float(model.intercept_[0]) - threshold
    own = {"pages": weights, "pages_bias": np.array(bias, np.float32)}
    strange = scores[len(pictures) :] > threshold
    return replace(
        domain,
        weights={**domain.weights, **own},
        refused=domain.drawn & (pictures[: len(chosen)] > threshold),
        found={
            f"{style} taken for a page": float(strange[made.styles == style].mean())
            for style in dict.fromkeys(made.styles.tolist())
        },
    )


def _fit(rows: Floats, page: npt.NDArray[np.bool_]) -> LogisticRegression:
    return LogisticRegression(C=1.0, max_iter=1000, class_weight="balanced").fit(rows, page)
