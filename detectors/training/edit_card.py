"""Measure the edit localiser on photographs it was not trained on; calibrate it, write its card.

    python -m detectors.training.edit_card --pictures MANIFEST --trained FOLDER --out detectors/zoo

`FOLDER` holds the bank and what `edit_network` made of it. Photographs of the manifest that are not
in the bank go through the detector whole; the networks that never saw a source, or a kind of edit,
have left their scores of made squares. Scores for `assay bench --scores` are written to `FOLDER`.
"""

import argparse
import csv
import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import numpy as np

from detectors import calibration
from detectors.bench.metrics import Bools, Floats, Sample, measure
from detectors.bench.scores import CLEAN, Score, write_scores
from detectors.image.edits import EditDetector
from detectors.training import edit_bank
from detectors.training.cards import measured_line, weight_file, write_card
from detectors.training.edit_judging import Judged, judge, pixel_f1
from detectors.training.edit_localiser import EditNetwork, write_graphs
from detectors.training.edit_making import KINDS
from detectors.training.edit_network import SCORES, WEIGHTS
from detectors.training.halved import restored
from detectors.zoo.card import Calibration, Measured, ModelCard
from detectors.zoo.sessions import session

log = logging.getLogger(__name__)

THRESHOLDS: Final = (-2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0)  # raw scores of a patch, for pixel F1
PROTOCOL: Final = "photographs never trained on, edited by program"
COMMAND: Final = "make train-edits DATA=FOLDER"
LIMITS: Final = (
    "It has no vote, and no threshold is kept for it: on edits made by people it was no better than "
    "chance, AUC 0.52 on held-out pictures, small and recompressed (splices 0.62, copy-moves 0.41).",
    "All edits it was trained and measured on were made by program: splices, copy-moves, OpenCV "
    "inpaintings, retouches and regions decoded anew from fewer numbers. No inpainting by a real "
    "generator and no edit made by hand was among them.",
    "Copy-moves and retouches are found least: see their lines.",
    "Every later recompression or reduction wipes out traces; see the laundered lines.",
    "The photographs of the first lines were not trained on, others of their sources were; the lines "
    "'sources never seen' are of three networks of the same recipe that never saw the source.",
    "Above 0.9 megapixels the picture is judged in up to 14 native squares spread evenly over it, and "
    "the map between them is drawn from the nearest: small edits in between are missed.",
    "Pictures that were composed on purpose (collages, captions, logos, framed pictures, scenes drawn "
    "by a program) are edited pictures to it. What image.clip takes for no photograph is not shown to "
    "it; its figures are without that refusal.",
    "Nearly all measured photographs have 0.1 megapixels or less. Of ones over "
    "0.9 megapixels only a dozen were at hand.",
)


def main() -> None:
    """Judge, calibrate, write."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.edit_card")
    parser.add_argument("--pictures", type=Path, required=True)
    parser.add_argument("--trained", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    trained_on = edit_bank.load(given.trained / edit_bank.BANK)
    seen = {host.digest for host in trained_on}
    every = edit_bank.photographs(given.pictures, megabytes=np.inf)
    unseen = [host for host in every if host.digest not in seen]
    graphs = write_graphs(restored(EditNetwork(), given.trained / WEIGHTS), given.out / "weights")
    detector = EditDetector(*map(session, graphs))
    judged = list(judge(unseen, detector))
    with (given.trained / SCORES).open(newline="") as file:
        squares = list(csv.DictReader(file))
    card = card_of(judged, squares, graphs, len(trained_on))
    write_card(card, given.out)
    write_scores(given.trained / "image.edits.csv", map(_score, judged))
    for line in card.measured:
        log.info("%s", line)


def card_of(
    judged: list[Judged], squares: list[dict[str, str]], graphs: Sequence[Path], photographs: int
) -> ModelCard:
    """The card: calibrated on whole photographs, and without operating points, so without a vote.

    What it has to earn one with are edits made by people, and those are not among the made ones.
    """
    line = _calibrated(judged)
    threshold, score = best_threshold(judged)
    return ModelCard(
        name="image-edits",
        summary="Map of the 8 px blocks whose noise, sharpness and compression history differ from "
        "the rest of the picture",
        architecture="block DCT and difference statistics, 5 dilated depthwise convolutions of 96 "
        "channels, comparison with the statistics of the whole picture; 128,000 weights",
        licence="Apache-2.0",
        weights=tuple(map(weight_file, graphs)),
        trained_on=f"{photographs} native crops of photographs of 27 public sources, edited by "
        "program and saved again by random JPEG, WebP and resizing, each beside its untouched twin "
        "that went through the same. The photographs are not part of this project.",
        training_command=COMMAND,
        limits=(
            *LIMITS,
            f"Pixel F1 on edits saved once, at one threshold: {score:.2f} over all kinds, "
            + ", ".join(f"{_f1_of(judged, kind, threshold):.2f} {kind}" for kind in KINDS)
            + f"; {_square_f1(squares):.2f} on squares of sources never seen.",
        ),
        measured=tuple(_lines(judged, squares, line)),
        calibration=line,
        settings={"map_threshold": threshold},
    )


def best_threshold(judged: list[Judged]) -> tuple[float, float]:
    """The raw score of a patch above which it counts as edited, and the mean F1 that it gives."""
    edits = [item for item in judged if item.kind and item.truth.sum() > 0]
    edits = [item for item in edits if item.laundering == CLEAN]
    scores = [float(np.mean([pixel_f1(item, t) for item in edits])) for t in THRESHOLDS]
    return THRESHOLDS[int(np.argmax(scores))], max(scores)


def _f1_of(judged: list[Judged], kind: str, threshold: float) -> float:
    edits = [j for j in judged if j.kind == kind and j.laundering == CLEAN and j.truth.sum() > 0]
    return float(np.mean([pixel_f1(item, threshold) for item in edits]))


def _square_f1(squares: list[dict[str, str]]) -> float:
    """The best of the columns of F1 on edited squares of unseen sources."""
    edited = [r for r in squares if r["training"].startswith("sources") and r["edited"] == "1"]
    columns = [column for column in edited[0] if column.startswith("f1")]
    return max(float(np.mean([float(row[column]) for row in edited])) for column in columns)


def _calibrated(judged: list[Judged]) -> Calibration:
    """One line for pictures, all conditions pooled, and one for patches of edited pictures."""
    raw, edited = _arrays(judged)
    line = calibration.fit(raw[~edited], raw[edited])
    parts = [item for item in judged if item.kind and item.raw is not None]
    scores = np.concatenate([item.patches for item in parts]).astype(np.float64)
    truth = np.concatenate([item.truth for item in parts])
    local = calibration.fit(scores[truth < 0.05], scores[truth > 0.6], refits=0)
    slope, intercept = local.pairs[0]
    return line.model_copy(update={"local_slope": slope, "local_intercept": intercept})


def _lines(
    judged: list[Judged], squares: list[dict[str, str]], line: Calibration
) -> Iterator[Measured]:
    def of(name: str, part: list[Judged]) -> Measured:
        return _line(name, *_arrays(part), line)

    clean = [item for item in judged if item.laundering == CLEAN]
    yield of(f"{PROTOCOL}, saved once", clean)
    for laundering in dict.fromkeys(item.laundering for item in judged):
        if laundering != CLEAN:
            part = [item for item in judged if item.laundering == laundering]
            yield of(f"{PROTOCOL}, then {laundering}", part)
    for kind in KINDS:
        part = [item for item in clean if item.kind in {"", kind}]
        yield of(f"{PROTOCOL}, saved once: {kind}", part)
    for prefix, name in (("sources", "sources never seen"), ("kind", "kinds never seen")):
        rows = [row for row in squares if row["training"].startswith(prefix)]
        for group in (rows, *_by_kind(rows)) if prefix == "sources" else _by_kind(rows):
            kinds = {row["kind"] for row in group}
            raw = np.array([float(row["odds"]) for row in group])
            edited = np.array([row["edited"] == "1" for row in group])
            about = "all kinds" if len(kinds) > 1 else kinds.pop()
            yield _line(f"{name}, squares saved at random: {about}", raw, edited, line)


def _by_kind(rows: list[dict[str, str]]) -> list[list[dict[str, str]]]:
    parts = [[row for row in rows if row["kind"] == kind] for kind in KINDS]
    return [part for part in parts if part]


def _line(on: str, raw: Floats, edited: Bools, line: Calibration) -> Measured:
    slope, intercept = line.pairs[0]
    ratio = np.clip(slope * raw + intercept, line.lowest, line.highest)
    return measured_line(on, measure(Sample(synthetic=edited, raw=raw, ratio=ratio)))


def _arrays(judged: list[Judged]) -> tuple[Floats, Bools]:
    """Raw scores of the pictures that were judged, and which are edited."""
    kept = [(item.raw, bool(item.kind)) for item in judged if item.raw is not None]
    return np.array([raw for raw, _ in kept]), np.array([edited for _, edited in kept])


def _score(item: Judged) -> Score:
    return Score(
        path=item.path,
        label="edited" if item.kind else "real",
        raw=item.raw,
        source=item.source,
        generator=item.kind,
        format=item.saved.partition("-")[0],
        laundering=item.laundering,
        reason=item.reason,
    )


if __name__ == "__main__":
    main()
