"""What the image experts are measured on, and their model cards."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors import calibration
from detectors.bench.metrics import Sample, measure
from detectors.bench.scores import Score, write_scores
from detectors.result import Reason
from detectors.training.cards import measured_line, weight_file
from detectors.training.domain import TrainedDomain
from detectors.training.image_data import SMALL, Picture
from detectors.training.image_files import WholeFiles
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
from detectors.zoo.card import Scores as CardScores

COMMAND: Final = (
    "python -m detectors.training.image --manifest MANIFEST --drawings FOLDER --cache FOLDER "
    "--out detectors/zoo"
)
TRAINED_ON: Final = (
    "{real} photographs and {synthetic} fully generated pictures of {sources} public sources and "
    "{generators} named generators, each clean and laundered twice by random resizing, JPEG and "
    "WebP. Face swaps were left out, their untouched halves kept as real. Crops of up to 24 photographs "
    "of a source, decoded anew by a small autoencoder, count as synthetic beside their originals. "
    "The pictures are not part of this project."
)
FURTHER_COMMAND: Final = (
    "python -m detectors.training.image_further --start FOLDER --earlier MANIFEST --manifest MANIFEST "
    "--cache FOLDER --out detectors/zoo"
)
FURTHER_ON: Final = (
    " Corrected by {real} real and {synthetic} fully generated pictures of {sources} more sources and "
    "{generators} named generators, at most {most} of a source, each clean and once handed on: by a "
    "random chain as above, or as a small copy of {least} to {largest} px; {again} pictures of the first "
    "training are seen again beside them. The sources are listed in "
    "detectors/training/collection; the figures are of these pictures alone."
)
HANDED: Final = ("none", "handed on")
"""What the views of the second training went through, in their order."""

LIMITS: Final = (
    "Fully generated pictures only: face swaps and local edits are not what it was trained on.",
    "Photorealistic pictures of 2025 beside photographs of the same site are the hardest case: AUC 0.835 "
    "for `image.clip` after its first training.",
    "Documents, screens and charts are refused where they are recognised. Drawings and designs are judged "
    "with higher thresholds and a wider interval; paintings and rendered scenes made by people are often "
    "not recognised, and may be taken for generated ones.",
    "Faces cut out of compressed films, as a held-out source, passed the 5 % threshold in about one "
    "of three cases; they are in the training data but not in the calibration and the figures.",
    "The held-out figures are of native crops with a thumbnail of the whole, scored on one crop; "
    "the principal components were fitted, without labels, on all pictures.",
)
LEAST_FOR_A_LINE: Final = 40  # pictures of one generator
MOST_IN_LINE: Final = 60  # pictures of one generator that the calibration is fitted to
LEAST_DRAWN: Final = 20  # pictures of either class


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """What a head was before its second training: its card, and its scores of the same pictures."""

    before: ModelCard
    scores: Scores  # (conditions, pictures)
    most: int  # pictures of a class of a source
    again: int  # pictures of the first training among those of the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Held-out raw scores of one detector: (conditions, pictures), the clean condition first.

    The first `trained_on` conditions are those of training; thresholds and calibration are of
    these, the others are measured with them. `drawn` marks what looks drawn, `refused` the pages
    among it.
    """

    pictures: list[Picture]
    conditions: tuple[str, ...]
    trained_on: int
    scores: Scores
    drawn: npt.NDArray[np.bool_]
    refused: npt.NDArray[np.bool_]

    def within(self, domain: TrainedDomain) -> Self:
        """The same, with what `domain` made of each picture when held out."""
        return replace(self, drawn=domain.drawn, refused=domain.refused)

    def published(self) -> Self:
        """Without face crops: nobody publishes those, and calibration is about what is published."""
        return self.only(np.array([not picture.face_crop for picture in self.pictures]))

    def photographs(self) -> Self:
        """Without what looks drawn."""
        return self.only(~self.drawn)

    def judged(self) -> Self:
        """Without what is refused: with drawings, whose thresholds are higher."""
        return self.only(~self.refused)

    def learned(self) -> Self:
        """The conditions of training alone."""
        count = self.trained_on
        return replace(self, conditions=self.conditions[:count], scores=self.scores[:count])

    def only(self, kept: npt.NDArray[np.bool_]) -> Self:
        """Some of the pictures."""
        return replace(
            self,
            pictures=[p for p, keep in zip(self.pictures, kept, strict=True) if keep],
            scores=self.scores[:, kept],
            drawn=self.drawn[kept],
            refused=self.refused[kept],
        )

    @property
    def synthetic(self) -> npt.NDArray[np.bool_]:
        return labels(self.pictures)

    def export(self, path: Path, folder: Path) -> None:
        """Write them for `assay bench --scores`; paths are relative to the manifest's `folder`."""
        write_scores(path, self.rows(folder))

    def rows(self, folder: Path) -> Iterator[Score]:
        """A score of each picture under each condition, as the bench has them."""
        for condition, row in zip(self.conditions, self.scores, strict=True):
            for picture, score, outside in zip(self.pictures, row, self.refused, strict=True):
                yield Score(
                    path=picture.file.relative_to(folder).as_posix(),
                    label="ai_generated" if picture.synthetic else "real",
                    raw=None if outside else float(score),
                    reason=Reason.NO_PHOTOGRAPH if outside else "",
                    source=picture.source,
                    generator=picture.generator,
                    format=picture.source_format,
                    pair=picture.pair,
                    laundering=condition,
                )


def calibrated(held: Held) -> Calibration:
    """The line from raw scores to log10 ratios, all conditions pooled.

    No more than `MOST_IN_LINE` pictures of a generator enter: the easiest one, if it made half of them,
    would make every ratio too bold.
    """
    seen: Counter[str] = Counter()
    kept = []
    for picture in held.pictures:
        seen[picture.generator] += picture.synthetic
        kept.append(not picture.synthetic or seen[picture.generator] <= MOST_IN_LINE)
    real, synthetic = _by_class(held.only(np.array(kept)))
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
    paired = _paired(held.pictures)
    if paired.sum() >= LEAST_FOR_A_LINE:
        yield of("same site and codec", paired)
    generators = Counter(p.generator for p in held.pictures if p.synthetic).most_common()
    for rank, (name, count) in enumerate(generators):
        if count >= LEAST_FOR_A_LINE:
            own = np.array([p.generator == name for p in held.pictures])
            yield of(f"{name} against all photographs", own | ~synthetic)
            if rank == 0:
                yield of(f"all but {name} against all photographs", ~own)


FACTS: Final[Mapping[str, Mapping[str, object]]] = MappingProxyType(
    {
        "image-clip": {
            "summary": "Linear head on the token statistics of two middle blocks of CLIP, over the "
            "resized picture and native crops",
            "architecture": "CLIP ViT-B/16 blocks 1 to 8, INT8, frozen; logistic regression",
            "settings": {"blocks": [6.0, 8.0], "crops": 3, "maps": 1},
        },
        "image-fast": {
            "summary": "Linear head on the token statistics of one middle block of CLIP, over the "
            "resized picture and one native crop; no map",
            "architecture": "CLIP ViT-B/16 blocks 1 to 6, INT8, frozen; logistic regression",
            "settings": {"blocks": [6.0], "crops": 1, "maps": 0},
        },
    }
)
"""What the card of each image detector says of it alone."""

ENCODER: Final = WeightFile(
    file=CLIP_FILE,
    sha256=CLIP_SHA256,
    source=WeightSource.PACKAGE,
    distribution=CLIP_DISTRIBUTION,
)


def image_card(
    name: str,
    held: Held,
    domain: TrainedDomain,
    weights: Path,
    origin: Origin | None = None,
    files: WholeFiles | None = None,
) -> ModelCard:
    """The card of one of `FACTS`: calibration, operating points and figures of held-out scores.

    `origin` is what the head was before, where it was trained a second time; `files` raise thresholds
    that whole real ones pass too often.
    """
    shown = held.published().photographs()
    line, before = calibrated(shown.learned()), operating_points(shown.learned())
    points = before if files is None else files.raised(before)
    told = _refusals(held.published(), domain), _false_alarms(shown, points)
    return ModelCard.model_validate(
        {
            "name": name,
            "licence": "Apache-2.0 (head); MIT (encoder, as stated by OpenAI CLIP and the package)",
            "weights": (
                ENCODER,
                weight_file(weights / f"{name}-head.safetensors"),
                weight_file(weights / f"{name}-domain.safetensors"),
            ),
            "trained_on": _trained_on(held, origin),
            "training_command": COMMAND if origin is None else FURTHER_COMMAND,
            "limits": (*LIMITS, *told, *(() if files is None else (files.told(points, before),))),
            "calibration": line,
            "operating_points": points,
            "scores": _lie(shown) if files is None else files.lie(),
            "measured": tuple(_measured(held, line, origin, files)),
            **FACTS[name],
        }
    )


def _lie(shown: Held) -> CardScores:
    """How held-out scores of pictures as published lie."""
    clean = shown.scores[0]
    return calibration.distribution(clean[~shown.synthetic], clean[shown.synthetic])


def _measured(
    held: Held, line: Calibration, origin: Origin | None, files: WholeFiles | None
) -> Iterator[Measured]:
    """All figures of a card."""
    published = held.published()
    yield from lines(published.photographs(), line)
    yield from _with_drawings(published, line)
    yield from _earlier(held, origin)
    if files is not None:
        yield from files.lines(line)


def _trained_on(held: Held, origin: Origin | None) -> str:
    synthetic = held.synthetic
    counts = {
        "real": int((~synthetic).sum()),
        "synthetic": int(synthetic.sum()),
        "sources": len({p.source for p in held.pictures}),
        "generators": len({p.generator for p in held.pictures if p.synthetic}),
    }
    if origin is None:
        return TRAINED_ON.format(**counts)
    least, largest = SMALL
    counts |= {
        "most": origin.most,
        "again": origin.again,
        "least": least,
        "largest": largest,
    }
    return origin.before.trained_on + FURTHER_ON.format(**counts)


def _with_drawings(held: Held, line: Calibration) -> Iterator[Measured]:
    """Everything that gets an answer, and the drawings of it alone where there are enough."""
    judged = held.judged()
    yield _line("with what looks drawn, as published", judged.scores[0], judged.synthetic, line)
    drawn = judged.drawn
    if min(drawn[judged.synthetic].sum(), drawn[~judged.synthetic].sum()) >= LEAST_DRAWN:
        yield _line(
            "what looks drawn alone", judged.scores[0][drawn], judged.synthetic[drawn], line
        )


def _earlier(held: Held, origin: Origin | None) -> Iterator[Measured]:
    """The head before on the same pictures, none of which it was trained on."""
    if origin is None or origin.before.calibration is None:
        return
    before = replace(held, scores=origin.scores).published().photographs()
    for name, row in zip(before.conditions, before.scores, strict=True):
        on = f"the head before on the same pictures, laundered: {name}"
        yield _line(on, row, before.synthetic, origin.before.calibration)


def _refusals(held: Held, domain: TrainedDomain) -> str:
    """What share of held-out pictures looks drawn, and what share is refused."""
    photoreal = np.array([p.photoreal for p in held.pictures]) & held.synthetic

    def shares(marked: npt.NDArray[np.bool_]) -> str:
        return (
            f"{marked[~held.synthetic].mean():.1%} of real, {marked[photoreal].mean():.1%} of "
            f"photorealistic and {marked[held.synthetic].mean():.1%} of all generated pictures"
        )

    made = ", ".join(f"{style} {share:.0%}" for style, share in domain.found.items())
    return (
        f"Held out and as published, {shares(held.drawn)} look drawn and are judged with higher "
        f"thresholds and a wider interval; {shares(held.refused)} are refused as pages. Of what the "
        f"same programs made of other photographs: {made}."
    )


def _false_alarms(held: Held, points: OperatingPoints) -> str:
    """What share of held-out photographs passes each threshold, from the best to the worst."""
    rows = held.scores[:, ~held.synthetic]
    parts = []
    for name, threshold in (("1 %", points.fpr_1), ("5 %", points.fpr_5)):
        shares = (rows > (np.inf if threshold is None else threshold)).mean(axis=1)
        worst = held.conditions[int(shares.argmax())]
        parts.append(f"the {name} point {shares.min():.1%} to {shares.max():.1%} (most: {worst})")
    return f"Held-out photographs under the launderings measured here pass {' and '.join(parts)}."


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
