"""What the image experts are measured on, and their model cards."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors import calibration
from detectors.bench.metrics import Sample, measure
from detectors.bench.scores import Score, write_scores
from detectors.training.cards import measured_line, weight_file
from detectors.training.image_data import Picture
from detectors.training.image_heads import FOLDS, Scores, labels
from detectors.zoo.backbones import CLIP_DISTRIBUTION, CLIP_FILE, CLIP_SHA256
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    WeightFile,
    WeightSource,
)

COMMAND: Final = (
    "python -m detectors.training.image --manifest MANIFEST --cache FOLDER --out detectors/zoo"
)
TRAINED_ON: Final = (
    "{real} photographs and {synthetic} fully generated pictures of {sources} public sources and "
    "{generators} named generators, each clean and laundered twice by random resizing, JPEG and "
    "WebP. Face swaps were left out, their untouched halves kept as real. The pictures are not part of this project."
)
LIMITS: Final = (
    "Fully generated pictures only: face swaps and local edits are not what it was trained on.",
    "Photorealistic pictures of 2025 beside photographs of the same site are the hardest case; "
    "see the line 'same site'.",
    "Drawings, paintings and rendered scenes made by people were hardly in the training data and "
    "may be taken for generated ones.",
    "Faces cut out of compressed films, as a held-out source, passed the 5 % threshold in about one "
    "of three cases; they are in the training data but not in the calibration and the figures.",
    "The held-out figures are of native crops with a thumbnail of the whole, scored on one crop; "
    "the principal components were fitted, without labels, on all pictures.",
)
LEAST_FOR_A_LINE: Final = 40  # pictures of one generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Held-out raw scores of one detector: (conditions, pictures), the clean condition first."""

    pictures: list[Picture]
    conditions: tuple[str, ...]
    scores: Scores

    def published(self) -> Self:
        """Without face crops: nobody publishes those, and calibration is about what is published."""
        kept = np.array([not picture.face_crop for picture in self.pictures])
        pictures = [picture for picture in self.pictures if not picture.face_crop]
        return replace(self, pictures=pictures, scores=self.scores[:, kept])

    @property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        return labels(self.pictures)

    def export(self, path: Path, folder: Path) -> None:
        """Write them for `assay bench --scores`; paths are relative to the manifest's `folder`."""
        write_scores(path, self.rows(folder))

    def rows(self, folder: Path) -> Iterator[Score]:
        """A score of each picture under each condition, as the bench has them."""
        for condition, row in zip(self.conditions, self.scores, strict=True):
            for picture, score in zip(self.pictures, row, strict=True):
                yield Score(
                    path=picture.file.relative_to(folder).as_posix(),
                    label="ai_generated" if picture.synthetic else "real",
                    raw=float(score),
                    source=picture.source,
                    generator=picture.generator,
                    format=picture.source_format,
                    pair=picture.pair,
                    laundering=condition,
                )


def calibrated(held: Held) -> Calibration:
    """The line from raw scores to log10 ratios, all conditions pooled."""
    real, synthetic = _by_class(held)
    return calibration.fit(real, synthetic)


def operating_points(held: Held) -> OperatingPoints:
    """Thresholds that keep their false-positive rate under every condition: the highest of each."""
    rows = held.scores[:, ~held.synthetic]
    points = [calibration.operating_points(row) for row in rows]
    return OperatingPoints(
        fpr_5=max(point.fpr_5 for point in points),
        fpr_1=max(point.fpr_1 or 0.0 for point in points),
        bona_fide=rows.shape[1],
    )


def lines(held: Held, line: Calibration) -> Iterator[Measured]:
    """The figures of the card, from the whole to its parts."""
    clean, synthetic = held.scores[0], held.synthetic
    protocol = f"held-out sources ({FOLDS} folds)"

    def of(name: str, chosen: npt.NDArray[np.bool_]) -> Measured:
        return _line(f"{protocol}, {name}", clean[chosen], synthetic[chosen], line)

    yield of("as published", np.ones_like(synthetic))
    for name, row in zip(held.conditions[1:], held.scores[1:], strict=True):
        yield _line(f"{protocol}, laundered: {name}", row, synthetic, line)
    yield of("JPEG only", np.array([p.source_format == "jpg" for p in held.pictures]))
    yield of("same site and codec", _paired(held.pictures))
    generators = Counter(p.generator for p in held.pictures if p.synthetic)
    for name, count in generators.most_common():
        if count >= LEAST_FOR_A_LINE:
            own = np.array([p.generator == name for p in held.pictures])
            yield of(f"{name} against all photographs", own | ~synthetic)


def clip_card(held: Held, weights: Path) -> ModelCard:
    return _card(
        "image-clip",
        held,
        summary="Linear head on the token statistics of two middle blocks of CLIP, over the "
        "resized picture and native crops",
        architecture="CLIP ViT-B/16 blocks 1 to 8, INT8, frozen; logistic regression",
        licence="Apache-2.0 (head); MIT (encoder, as stated by OpenAI CLIP and the package)",
        weights=(
            WeightFile(
                file=CLIP_FILE,
                sha256=CLIP_SHA256,
                source=WeightSource.PACKAGE,
                distribution=CLIP_DISTRIBUTION,
            ),
            weight_file(weights / "image-clip-head.safetensors"),
        ),
    )


def _card(name: str, held: Held, **facts: object) -> ModelCard:
    """Calibration, operating points and figures of held-out scores, with these `facts`."""
    synthetic = held.synthetic
    trained_on = TRAINED_ON.format(
        real=int((~synthetic).sum()),
        synthetic=int(synthetic.sum()),
        sources=len({p.source for p in held.pictures}),
        generators=len({p.generator for p in held.pictures if p.synthetic}),
    )
    shown = held.published()
    line = calibrated(shown)
    return ModelCard.model_validate(
        {
            "name": name,
            "trained_on": trained_on,
            "training_command": COMMAND,
            "limits": LIMITS,
            "calibration": line,
            "operating_points": operating_points(shown),
            "measured": tuple(lines(shown, line)),
            **facts,
        }
    )


def _line(on: str, raw: Scores, synthetic: npt.NDArray[np.bool_], line: Calibration) -> Measured:
    """One line of the card; `on` gains the bootstrap interval of the AUC."""
    slope, intercept = line.pairs[0]
    ratio = np.clip(slope * raw + intercept, line.lowest, line.highest)
    found = measure(Sample(synthetic=synthetic, raw=raw, ratio=ratio))
    if found.auc is not None:
        on = f"{on} (AUC 95 % {found.auc.low:.3f} to {found.auc.high:.3f})"
    return measured_line(on, found)


def _by_class(held: Held) -> tuple[Scores, Scores]:
    return held.scores[:, ~held.synthetic].ravel(), held.scores[:, held.synthetic].ravel()


def _paired(pictures: list[Picture]) -> npt.NDArray[np.bool_]:
    """Whether a picture belongs to a site that published both classes."""
    classes: dict[str, set[bool]] = {}
    for picture in pictures:
        classes.setdefault(picture.pair, set()).add(picture.synthetic)
    return np.array([bool(p.pair) and len(classes[p.pair]) == 2 for p in pictures])
