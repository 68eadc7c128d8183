"""Calibrate and measure the frame detector on films, and write its card and results.

    python -m detectors.training.video --manifest MANIFEST --cache FOLDER --out detectors/zoo

Nothing is fitted to films but the calibration: the image detector that judges the frames never saw
one, so every clip is held out. Clips count under each laundering of the bench as well.
"""

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from detectors import calibration
from detectors.bench.cache import Answer, AnswerCache
from detectors.bench.launder import FILMS
from detectors.bench.manifest import read_manifest
from detectors.bench.result import RESULTS, Result, evaluate
from detectors.bench.run import Plan, Question, run
from detectors.bench.scores import CLEAN, Score, claims, write_scores
from detectors.media.limits import Limits
from detectors.registry import Spec, card_of, named
from detectors.result import Claim
from detectors.training import video_metadata
from detectors.training.cards import measured_line, write_card
from detectors.zoo.card import Measured, ModelCard, OperatingPoints

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Answers = Mapping[Question, Answer]

SPEC: Final = named("video.frames")
FRAMES: Final = 8
DECODED: Final = 24
LAUNDERINGS: Final = tuple(FILMS)
PROTOCOL: Final = "trained on pictures alone, so every clip is held out"
HELD_OUT: Final = {video_metadata.SOURCES: "sources", video_metadata.CLIPS: "clips"}

DRAFT: Final = ModelCard(
    name=SPEC.card,
    summary="Judges up to 8 frames of a film as pictures and takes the mean of the middle half.",
    architecture="interquartile mean over frames of image.clip, on frames cut at the edges and at "
    "most 320 px on their short side; no weights of its own",
    licence="Apache-2.0",
    trained_on="nothing but the pictures of image.clip; calibrated on 52 real clips of "
    "4 sources and 42 of 10 generators, each clean or re-encoded",
    training_command="make train-video DATA=FOLDER",
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Films:
    """A detector of films that is calibrated on clips it was not trained on."""

    spec: Spec
    draft: ModelCard
    protocol: str
    decoded: int  # frames of each clip that are handed to it
    held_out: tuple[str, ...]  # how metadata alone is measured beside it, see `video_metadata`
    finished: Callable[[Answers, Result], ModelCard]


def main() -> None:
    """Calibrate and measure the frame detector."""
    work(
        Films(
            spec=SPEC,
            draft=DRAFT,
            protocol=PROTOCOL,
            decoded=DECODED,
            held_out=(video_metadata.SOURCES, video_metadata.CLIPS),
            finished=finished,
        )
    )


def work(films: Films) -> None:
    """Read the command line, then observe every clip, measure, and write card and results."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--manifest", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True, help="kept between runs")
    parser.add_argument("--out", type=Path, required=True, help="the zoo's folder")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--jobs", type=int, default=1)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    spec = films.spec
    write_card(films.draft, given.out)
    given.cache.mkdir(parents=True, exist_ok=True)
    answers = observe(films, given.manifest, given.cache / "answers.sqlite", given.jobs)
    scores = [
        replace(question.score(answer), log10_lr=None) for question, answer in answers.items()
    ]
    write_scores(given.cache / f"{spec.name}.csv", scores)
    beside = metadata_lines(films, given.manifest, scores)
    result = evaluate(
        scores,
        detector=spec.name,
        claim=spec.claim,
        model=spec.card,
        protocol=f"{films.protocol}; {said(beside)}",
        data=described(spec.claim, scores),
    )
    result.write(given.results / f"{spec.name}.json")
    card = films.finished(answers, result)
    write_card(card.model_copy(update={"measured": (*card.measured, *beside)}), given.out)
    log.info("%s", result.launderings[CLEAN])


def metadata_lines(films: Films, manifest: Path, scores: Sequence[Score]) -> tuple[Measured, ...]:
    """What metadata alone reaches on the clips that the detector judged, for the card."""
    clips = {
        score.path: score.synthetic
        for score in scores
        if score.laundering == CLEAN
        and score.raw is not None
        and claims(films.spec.claim, score.label) is not None
    }
    return tuple(
        measured_line(
            f"size, rate, length and codec alone, {HELD_OUT[kept]} held out",
            video_metadata.alone(manifest, clips, kept),
        )
        for kept in films.held_out
    )


def said(beside: Sequence[Measured]) -> str:
    """The lines of `metadata_lines` in a few words."""
    return ", ".join(f"{line.on}: AUC {line.auc:.2f}" for line in beside)


def described(claim: Claim, scores: Sequence[Score]) -> str:
    """What the figures are of, for results and card."""
    claimed = [score for score in scores if claims(claim, score.label) is not None]
    clips, sources = ({getattr(s, fact) for s in claimed} for fact in ("path", "source"))
    judged = {s.path for s in claimed if s.laundering == CLEAN and s.raw is not None}
    left = "" if judged == clips else f", {len(judged)} judged"
    return f"{len(clips)} clips of {len(sources)} sources{left}"


def observe(films: Films, manifest: Path, cache: Path, jobs: int) -> dict[Question, Answer]:
    """Raw scores of every clip, as it is and laundered."""
    plan = Plan(
        detectors=(films.spec.name,),
        launderings=LAUNDERINGS,
        limits=Limits(),
        video_frames=films.decoded,
        jobs=jobs,
    )
    with AnswerCache(cache) as answers:
        return run(
            read_manifest(manifest),
            plan,
            answers,
            lambda done, total: log.info("%d of %d clips", done, total),
        )


def finished(answers: Answers, result: Result) -> ModelCard:
    """The card with the calibration, the operating points and the figures."""
    return calibrated(DRAFT, answers).model_copy(
        update={
            "measured": tuple(
                measured_line(f"{result.data}, laundering: {name}", found)
                for name, found in result.launderings.items()
            ),
            "operating_points": operating_points(
                worst(answers), card_of(named(SPEC.needs[0])).operating_points
            ),
        }
    )


def calibrated(draft: ModelCard, answers: Answers) -> ModelCard:
    """The draft with a line for films and one for stretches of them."""
    real, synthetic = (in_turn(answers, synthetic=label) for label in (False, True))
    line = calibration.fit(_raws(real), _raws(synthetic))
    local = calibration.fit(_spans(real), _spans(synthetic), refits=0)
    slope, intercept = local.pairs[0]
    return draft.model_copy(
        update={
            "calibration": line.model_copy(
                update={"local_slope": slope, "local_intercept": intercept}
            )
        }
    )


def in_turn(answers: Answers, *, synthetic: bool) -> list[Answer]:
    """Each clip of a class once, under the launderings in turn: clips are what is independent."""
    clips: dict[str, list[Answer]] = {}
    for question, answer in answers.items():
        if claims(question.spec.claim, question.item.label) is synthetic and answer.raw is not None:
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


def _raws(answers: list[Answer]) -> Floats:
    return np.array([answer.raw for answer in answers if answer.raw is not None])


def _spans(answers: list[Answer]) -> Floats:
    return np.array([raw for answer in answers for raw in answer.spans])


def worst(answers: Answers) -> Floats:
    """The highest score of each bona fide clip under any laundering."""
    highest: dict[str, float] = {}
    for question, answer in answers.items():
        if answer.raw is not None and claims(question.spec.claim, question.item.label) is False:
            name = question.item.name
            highest[name] = max(answer.raw, highest.get(name, answer.raw))
    return np.array(list(highest.values()))


if __name__ == "__main__":
    main()
