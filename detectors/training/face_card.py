"""Calibrate the swap network on the faces that were held out; write its card and scores.

    python -m detectors.training.face_card --trained FOLDER --out detectors/zoo

`FOLDER` holds what `face_network` wrote; the scores for `assay bench --scores` go there too.
"""

import argparse
import csv
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detectors import calibration
from detectors.bench.metrics import Bools, Floats, Sample, measure
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.faces.find import DETECTOR_FILE, DISTRIBUTION, MESH_FILE
from detectors.training.cards import measured_line, weight_file, write_card
from detectors.training.face_network import CONDITIONS, MADE, SCORES, SHIPPED
from detectors.training.halved import restored
from detectors.training.swap_classifier import SwapNetwork, write_swap_graph
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    WeightFile,
    WeightSource,
)

log = logging.getLogger(__name__)

GRAPH: Final = "face-swap.onnx"
PACKAGED: Final = tuple(
    WeightFile(file=file, sha256=sha256, source=WeightSource.PACKAGE, distribution=DISTRIBUTION)
    for file, sha256 in (
        (DETECTOR_FILE, "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"),
        (MESH_FILE, "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"),
    )
)
VOTES_FROM: Final = 0.80
"""AUC on held-out faces below which the card gets no thresholds, so that the detector is shown and
moves no verdict: at 0.7 it would doubt many genuine faces for every swap it finds."""

LEAST_FOR_A_LINE: Final = 10  # people in swaps of one origin
COMMAND: Final = "make train-faces DATA=FOLDER"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Held-out log odds of one face an owner, under every condition: (conditions, faces)."""

    names: list[str]  # the face: its origin, owner and number in the bank
    origins: list[str]
    swapped: Bools
    odds: Floats

    def of(self, chosen: Bools) -> "Held":
        kept = np.flatnonzero(chosen).tolist()
        return Held(
            names=[self.names[index] for index in kept],
            origins=[self.origins[index] for index in kept],
            swapped=self.swapped[chosen],
            odds=self.odds[:, chosen],
        )


def main() -> None:
    """Read, calibrate, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_card")
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    weights = given.out / "weights" / GRAPH
    trained = given.trained / f"face-swap-{SHIPPED}.safetensors"
    write_swap_graph(restored(SwapNetwork(), trained), weights)
    shipped, made = (held_out(given.trained / SCORES, name) for name in (SHIPPED, MADE))
    card = card_of(shipped, made, weights)
    write_card(card, given.out)
    write_scores(given.trained / "image.face_swap.csv", _scores(shipped))
    for line in card.measured:
        log.info("%s", line)


def held_out(table: Path, training: str) -> Held:
    """The scores of one training; a picture counts once, by its largest face."""
    faces: dict[tuple[str, str], dict[str, dict[str, str]]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["training"] == training:
                conditions = faces.setdefault((row["owner"], row["swapped"]), {})
                conditions.setdefault(row["condition"], row)
    rows = list(faces.values())
    return Held(
        names=["{origin}/{owner}/{face}".format(**row[CLEAN]) for row in rows],
        origins=[row[CLEAN]["origin"] for row in rows],
        swapped=np.array([row[CLEAN]["swapped"] == "1" for row in rows]),
        odds=np.array([[float(row[name]["odds"]) for row in rows] for name in CONDITIONS]),
    )


def card_of(shipped: Held, made: Held, weights: Path) -> ModelCard:
    """The card of the shipped network; `made` has the scores of one that saw no real swap."""
    real = shipped.odds[:, ~shipped.swapped]
    line = calibration.fit(real.ravel(), shipped.odds[:, shipped.swapped].ravel())
    measured = tuple(_lines(shipped, made, line))
    return ModelCard(
        name="face-swap",
        summary="Network on views of faces, trained on faces blended into themselves and each other "
        "and on real swaps",
        architecture="BlazeFace and face mesh find faces; stem and six stages of timm "
        "tf_efficientnet_lite0, trained from ImageNet weights",
        licence="Apache-2.0 (swap network, from ImageNet weights under Apache-2.0); MIT (face "
        "detector and mesh, as stated by their package)",
        weights=(*PACKAGED, weight_file(weights)),
        trained_on="two thirds of 354 untouched faces of photographs (281 of them cut from "
        "compressed films of one collection), blended into themselves (Shiohara & Yamasaki "
        "2022) or, one time in four, into each other, and then two thirds of 255 real swaps of that "
        "collection. The other third of the people was held out. No picture is part of this "
        "project.",
        training_command=COMMAND,
        limits=(
            "Faces under 48 px, turned away or in the dark are not found and not judged.",
            "All held-out swaps are of one collection (several methods, faces cut from compressed "
            "films). Its other swaps were trained on; the lines 'no real swap seen', and the card of "
            "video.face_swap, tell what is to be expected of methods never seen.",
            "People of that collection may appear in several of its films, so a held-out picture may "
            "show somebody who was trained on.",
            f"It votes only if its AUC on held-out faces reaches {VOTES_FROM:.2f}.",
            "Whole generated faces, lip synchronisation and retouching are not what it looks for.",
        ),
        measured=measured,
        calibration=line,
        operating_points=_points(real) if measured[0].auc >= VOTES_FROM else None,
    )


def _points(real: Floats) -> OperatingPoints:
    """The highest thresholds of any condition, from odds of untouched faces (conditions, faces)."""
    points = [calibration.operating_points(row) for row in real]
    return OperatingPoints(
        fpr_5=max(point.fpr_5 for point in points),
        fpr_1=max((p.fpr_1 for p in points if p.fpr_1 is not None), default=None),
        bona_fide=real.shape[1],
    )


def _lines(shipped: Held, made: Held, line: Calibration) -> Iterator[Measured]:
    for index, condition in enumerate(CONDITIONS):
        name = "as they are" if condition == CLEAN else condition
        yield _line(f"held-out faces, {name}", shipped, line, index)
    for index, condition in enumerate(CONDITIONS):
        name = "as they are" if condition == CLEAN else condition
        yield _line(f"held-out faces, no real swap seen, {name}", made, line, index)
    for held, about in ((shipped, ""), (made, ", no real swap seen")):
        for origin in sorted({o for o, s in zip(held.origins, held.swapped, strict=True) if s}):
            own = np.array([name == origin for name in held.origins])
            if (own & held.swapped).sum() >= LEAST_FOR_A_LINE:
                part = held.of(own | ~held.swapped)
                yield _line(f"held-out faces{about}: swaps of {origin}", part, line, 0)


def _line(on: str, held: Held, line: Calibration, condition: int) -> Measured:
    raw = held.odds[condition]
    slope, intercept = line.pairs[0]
    ratio = np.clip(slope * raw + intercept, line.lowest, line.highest)
    found = measure(Sample(synthetic=held.swapped, raw=raw, ratio=ratio))
    if found.auc is not None:
        on = f"{on} (AUC 95 % {found.auc.low:.3f} to {found.auc.high:.3f})"
    return measured_line(on, found)


def _scores(held: Held) -> Iterator[Score]:
    for condition, odds in zip(CONDITIONS, held.odds, strict=True):
        for name, origin, swapped, raw in zip(
            held.names, held.origins, held.swapped, odds, strict=True
        ):
            yield Score(
                path=f"{name}-{'swap' if swapped else 'real'}",
                label="face_swap" if swapped else "real",
                raw=float(raw),
                source=origin,
                generator=origin if swapped else "",
                format="jpg",
                laundering=condition,
            )


if __name__ == "__main__":
    main()
