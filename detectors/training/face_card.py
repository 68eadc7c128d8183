"""Calibrate the head on the faces that were held out; write its weights, card and scores.

    python -m detectors.training.face_card --trained FOLDER --out detectors/zoo

`FOLDER` holds what `face_head` wrote; the scores for `assay bench --scores` go there too.
"""

import argparse
import csv
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from detectors import calibration
from detectors.bench.metrics import Bools, Estimate, Floats, Sample, measure
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.bench.sources import over_sources
from detectors.faces.find import DETECTOR_FILE, DISTRIBUTION, MESH_FILE, MOST_FACES
from detectors.training.cards import measured_line, weight_file, write_card
from detectors.training.face_head import CONDITIONS, HEAD, SCORES
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    WeightFile,
    WeightSource,
)

log = logging.getLogger(__name__)

PACKAGED: Final = tuple(
    WeightFile(file=file, sha256=sha256, source=WeightSource.PACKAGE, distribution=DISTRIBUTION)
    for file, sha256 in (
        (DETECTOR_FILE, "99bf9494d84f50acc6617d89873f71bf6635a841ea699c17cb3377f9507cfec3"),
        (MESH_FILE, "2efcb4f4de43c7614b80a3cc3e8a37354b3b3b40f75cce20f6f38f0f25d65493"),
    )
)
VOTES_FROM: Final = 0.80
"""AUC below which the card gets no thresholds, so that the detector is shown and moves no verdict: at
0.7 it would doubt many genuine faces for every swap it finds. Asked of the lower end of the interval, on
people held out and on methods that the head never saw."""

COMMAND: Final = "make train-faces DATA=FOLDER FACES=FOLDER"
UNKNOWN: Final = "faces of other collections, none trained on"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Held-out log odds of one face an owner, under every condition: (conditions, faces)."""

    names: list[str]  # the face: its origin, owner and number among the held-out ones
    origins: list[str]
    divided: Bools  # of the origin whose owners are divided, so that others of it were trained on
    swapped: Bools
    odds: Floats

    def of(self, chosen: Bools) -> "Held":
        kept = np.flatnonzero(chosen).tolist()
        return Held(
            names=[self.names[index] for index in kept],
            origins=[self.origins[index] for index in kept],
            divided=self.divided[chosen],
            swapped=self.swapped[chosen],
            odds=self.odds[:, chosen],
        )

    def known(self) -> "Held":
        """Those of the origin whose other owners were trained on."""
        return self.of(self.divided)

    def unknown(self) -> "Held":
        """Those of origins of which nothing was trained on."""
        return self.of(~self.divided)


def main() -> None:
    """Read, calibrate, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_card")
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    weights = given.out / "weights" / HEAD
    shutil.copyfile(given.trained / HEAD, weights)
    held = held_out(given.trained / SCORES)
    card = card_of(held, weights)
    write_card(card, given.out)
    write_scores(given.trained / "image.face_swap.csv", scores_of(held))
    for line in card.measured:
        log.info("%s", line)


def held_out(table: Path) -> Held:
    """The scores that `face_head` wrote: a row a face and condition."""
    faces: dict[str, dict[str, dict[str, str]]] = {}
    with table.open(newline="") as file:
        for row in csv.DictReader(file):
            faces.setdefault(row["face"], {})[row["condition"]] = row
    rows = list(faces.values())
    return Held(
        names=["{origin}/{owner}/{face}".format(**row[CLEAN]) for row in rows],
        origins=[row[CLEAN]["origin"] for row in rows],
        divided=np.array([row[CLEAN]["divided"] == "1" for row in rows]),
        swapped=np.array([row[CLEAN]["swapped"] == "1" for row in rows]),
        odds=np.array([[float(row[name]["odds"]) for row in rows] for name in CONDITIONS]),
    )


def card_of(held: Held, weights: Path) -> ModelCard:
    """The card of a head, from what it made of faces that it was not trained on."""
    real = held.odds[:, ~held.swapped]
    line = calibration.fit(real.ravel(), held.odds[:, held.swapped].ravel())
    found = [
        _measured(part, line, condition, about)
        for part, about in ((held.known(), "held-out faces"), (held.unknown(), UNKNOWN))
        for condition in range(len(CONDITIONS))
    ]
    votes = all(lowest >= VOTES_FROM for _, lowest in found)
    return ModelCard(
        name="face-swap",
        summary="Head on what the picture encoder sees of each face, trained on real swaps and on faces "
        "blended into themselves and each other",
        architecture="BlazeFace and face mesh find faces; the encoder of image.clip sees a square around "
        "each; logistic regression on 600 principal components of token statistics of its blocks",
        licence="Apache-2.0 (head); MIT (face detector and mesh, as stated by their package)",
        weights=(*PACKAGED, weight_file(weights)),
        trained_on="4,630 faces, 2,048 of them swaps: 2,605 of one collection of films, 787 swaps and 708 real "
        "faces of 42 other pages and collections, 530 of 35 pages without swaps; and swaps made of 350 of "
        "the real faces (Shiohara & Yamasaki 2022, and faces laid over each other). Measured by heads that saw nothing of "
        "the page or collection of a face, in the largest collection nothing of its film, on at most 120 faces "
        "of a class of each. No picture is part of this project.",
        training_command=COMMAND,
        limits=(
            "Faces under 48 px, turned away or in the dark are not found and not judged.",
            f"At most {MOST_FACES} faces are judged, the largest ones.",
            "Of methods that were never seen some are nearly always told apart, while swaps into generated "
            "pictures and faces that people edited by hand often are not: see the lines on other "
            "collections, and the card of video.face_swap.",
            "People of that collection may appear in several of its films, so a held-out picture may "
            "show somebody who was trained on.",
            f"It votes only if the lower end of its AUC reaches {VOTES_FROM:.2f} on held-out faces and on "
            "other collections.",
            "Whole generated faces, lip synchronisation and retouching are not what it looks for.",
        ),
        measured=tuple(measured for measured, _ in found),
        calibration=line,
        operating_points=_points(real) if votes else None,
    )


def _points(real: Floats) -> OperatingPoints:
    """The highest thresholds of any condition, from odds of untouched faces (conditions, faces)."""
    points = [calibration.operating_points(row) for row in real]
    return OperatingPoints(
        fpr_5=max(point.fpr_5 for point in points),
        fpr_1=max((p.fpr_1 for p in points if p.fpr_1 is not None), default=None),
        bona_fide=real.shape[1],
    )


def _measured(held: Held, line: Calibration, condition: int, about: str) -> tuple[Measured, float]:
    """One line, and the lower end of its AUC: over sources where there are enough of them."""
    raw = held.odds[condition]
    slope, intercept = line.pairs[0]
    ratio = np.clip(slope * raw + intercept, line.lowest, line.highest)
    found = measure(Sample(synthetic=held.swapped, raw=raw, ratio=ratio))
    name = CONDITIONS[condition]
    wider = over_sources([one for one in scores_of(held) if one.laundering == name])
    interval: Estimate | None = found.auc if wider is None else wider.auc
    if interval is None:
        raise ValueError("both classes are needed")
    on = f"{about}, {'as they are' if name == CLEAN else name}"
    on = f"{on} (AUC 95 % {interval.low:.3f} to {interval.high:.3f})"
    return measured_line(on, found), interval.low


def scores_of(held: Held) -> Iterator[Score]:
    """A row a face and condition, for the bench."""
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
