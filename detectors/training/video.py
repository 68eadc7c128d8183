"""Calibrate and measure the frame detector on films, and write its card and results.

    python -m detectors.training.video --manifest MANIFEST --cache FOLDER --out detectors/zoo

Nothing is fitted to films but the calibration: the image detector that judges the frames never saw
one, so every clip is held out. Clips count under each laundering of the bench as well.
"""

import argparse
import csv
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from detectors import calibration
from detectors.bench.cache import Answer, AnswerCache
from detectors.bench.manifest import read_manifest
from detectors.bench.metrics import Roc
from detectors.bench.result import RESULTS, Result, evaluate
from detectors.bench.run import Plan, Question, run
from detectors.bench.scores import CLAIMED, CLEAN, LABELS, Score, write_scores
from detectors.media.limits import Limits
from detectors.registry import card_of, named
from detectors.training.cards import measured_line, write_card
from detectors.zoo.card import ModelCard, OperatingPoints

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]

SPEC: Final = named("video.frames")
FRAMES: Final = 8
DECODED: Final = 24
LAUNDERINGS: Final = ("h264-crf28", "h264-crf35", "resize-0.5")
PROTOCOL: Final = "trained on pictures alone, so every clip is held out"

DRAFT: Final = ModelCard(
    name=SPEC.card,
    summary="Judges up to 8 frames of a film as pictures and takes the mean of the middle half.",
    architecture="interquartile mean over frames of image.clip, on frames cut at the edges and at "
    "most 320 px on their short side; no weights of its own",
    licence="Apache-2.0",
    trained_on="nothing but the pictures of image.clip; calibrated on 52 real clips of "
    "4 sources and 42 of 10 generators, each clean or re-encoded",
    training_command="python -m detectors.training.video --manifest MANIFEST --cache FOLDER "
    "--out detectors/zoo",
    limits=(
        "Looks at single frames: motion, faces and sound play no part in its score.",
        "A film that is generated in part shows that on its time line, not in its score.",
        "Face swaps and lip-synced faces are beyond it; they are measured in its results only.",
        "52 real clips are too few to fix a 1 % false-positive rate, and they gave more false alarms "
        "at the picture detector's 5 % point than pictures do, so its 1 % point cannot be taken over "
        "either: without one this detector can make a film suspect, never accuse it.",
        "On the one page that shows real and generated films of one look at 16 frames a second it "
        "is no better than chance (4 and 8 clips).",
        "Films under 152 px on a side are refused.",
    ),
    settings={"frames": FRAMES},
)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="kept between runs")
    parser.add_argument("--out", type=Path, required=True, help="the zoo's folder")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--jobs", type=int, default=1)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    write_card(DRAFT, arguments.out)
    arguments.cache.mkdir(parents=True, exist_ok=True)
    answers = observe(arguments.manifest, arguments.cache / "answers.sqlite", arguments.jobs)
    scores = [
        replace(question.score(answer), log10_lr=None) for question, answer in answers.items()
    ]
    write_scores(arguments.cache / f"{SPEC.name}.csv", scores)
    result = evaluate(
        scores,
        detector=SPEC.name,
        claim=SPEC.claim,
        model=SPEC.card,
        protocol=PROTOCOL,
        data=described(scores),
    )
    result.write(arguments.results / f"{SPEC.name}.json")
    write_card(finished(answers, result), arguments.out)
    log.info("size, rate and length alone: AUC %.3f", metadata_baseline(arguments.manifest))
    log.info("%s", result.launderings[CLEAN])


def described(scores: Sequence[Score]) -> str:
    """What the figures are of, for results and card."""
    claimed = [s for s in scores if not s.synthetic or s.label in CLAIMED[SPEC.claim]]
    clips, sources = ({getattr(s, fact) for s in claimed} for fact in ("path", "source"))
    return f"{len(clips)} clips of {len(sources)} sources"


def observe(manifest: Path, cache: Path, jobs: int) -> dict[Question, Answer]:
    """Raw scores of every clip, as it is and laundered."""
    plan = Plan(
        detectors=(SPEC.name,),
        launderings=LAUNDERINGS,
        limits=Limits(),
        video_frames=DECODED,
        jobs=jobs,
    )
    with AnswerCache(cache) as answers:
        return run(
            read_manifest(manifest),
            plan,
            answers,
            lambda done, total: log.info("%d of %d clips", done, total),
        )


def finished(answers: Mapping[Question, Answer], result: Result) -> ModelCard:
    """The card with the calibration, the operating points and the figures."""
    real, synthetic = (in_turn(answers, synthetic=label) for label in (False, True))
    line = calibration.fit(_raws(real), _raws(synthetic))
    local = calibration.fit(_spans(real), _spans(synthetic), refits=0)
    slope, intercept = local.pairs[0]
    return DRAFT.model_copy(
        update={
            "calibration": line.model_copy(
                update={"local_slope": slope, "local_intercept": intercept}
            ),
            "operating_points": operating_points(
                _worst(answers), card_of(named(SPEC.needs[0])).operating_points
            ),
            "measured": tuple(
                measured_line(f"{result.data}, laundering: {name}", found)
                for name, found in result.launderings.items()
            ),
        }
    )


def in_turn(answers: Mapping[Question, Answer], *, synthetic: bool) -> list[Answer]:
    """Each clip of a class once, under the launderings in turn: clips are what is independent."""
    clips: dict[str, list[Answer]] = {}
    for question, answer in answers.items():
        if _label(question) is synthetic and answer.raw is not None:
            clips.setdefault(question.item.name, []).append(answer)
    return [clips[name][turn % len(clips[name])] for turn, name in enumerate(sorted(clips))]


def operating_points(clips: Floats, pictures: OperatingPoints | None) -> OperatingPoints:
    """Thresholds from real clips, each counted once with its highest score.

    They are too few for 1 %. The picture detector's own 1 % point serves instead if films have
    shown themselves no more prone to false alarms than pictures: their 5 % point is no higher than
    that of pictures, and no real clip passes the 1 % point of pictures.
    """
    points = calibration.operating_points(clips)
    if (
        points.fpr_1 is None
        and pictures is not None
        and pictures.fpr_1 is not None
        and points.fpr_5 <= pictures.fpr_5
        and float(clips.max()) <= pictures.fpr_1
    ):
        return points.model_copy(update={"fpr_1": pictures.fpr_1})
    return points


def metadata_baseline(manifest: Path) -> float:
    """AUC of size, rate and length alone, leaving each source out: what a detector must not use."""
    with manifest.open(newline="") as file:
        rows = [
            row for row in csv.DictReader(file) if row["label"] in ("real", *CLAIMED[SPEC.claim])
        ]
    columns = ("width", "height", "fps", "seconds")
    features = np.log([[float(row[column]) for column in columns] for row in rows])
    synthetic = np.array([row["label"] != "real" for row in rows])
    source = np.array([row["source_repo"] for row in rows])
    scores = np.empty(len(rows))
    for held in sorted(set(source)):
        out = source == held
        model = make_pipeline(StandardScaler(), LogisticRegression(class_weight="balanced"))
        scores[out] = model.fit(features[~out], synthetic[~out]).decision_function(features[out])
    return float(Roc.of(scores, synthetic).auc()[0])


def _label(question: Question) -> bool | None:
    """Whether the item is synthetic; None where that is not what the detector claims to find."""
    if question.item.label in CLAIMED[SPEC.claim]:
        return True
    return None if LABELS[question.item.label] else False


def _raws(answers: list[Answer]) -> Floats:
    return np.array([answer.raw for answer in answers if answer.raw is not None])


def _spans(answers: list[Answer]) -> Floats:
    return np.array([raw for answer in answers for raw in answer.spans])


def _worst(answers: Mapping[Question, Answer]) -> Floats:
    """The highest score of each bona fide clip under any laundering."""
    highest: dict[str, float] = {}
    for question, answer in answers.items():
        if answer.raw is not None and _label(question) is False:
            name = question.item.name
            highest[name] = max(answer.raw, highest.get(name, answer.raw))
    return np.array(list(highest.values()))


if __name__ == "__main__":
    main()
