"""Calibrate and measure the frame detector on films, and write its card and results.

    python -m detectors.training.video --manifest MANIFEST --cache FOLDER --out detectors/zoo

The cache is that of `detectors.training.video_head`, whose heads have scored each film without having
seen a film of its source: that is what is measured and calibrated here.
"""

import argparse
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, cast

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
from detectors.registry import Spec, named
from detectors.result import Claim
from detectors.training import video_head, video_inserts, video_metadata
from detectors.training.cards import measured_line, weight_file, write_card
from detectors.video.frames import INSERTS
from detectors.video.inserts import InsertRule
from detectors.zoo.card import Measured, ModelCard, OperatingPoints

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float64]
Answers = Mapping[Question, Answer]

SPEC: Final = named("video.frames")
FRAMES: Final = 64
DECODED: Final = 64
LAUNDERINGS: Final = tuple(FILMS)
PROTOCOL: Final = "by heads that saw no film of its source, on three frames of each film"
HELD_OUT: Final = {video_metadata.SOURCES: "sources", video_metadata.CLIPS: "clips"}

DRAFT: Final = ModelCard(
    name=SPEC.card,
    summary="Judges a frame of each second of a film as a picture, up to 64, and takes the mean of the "
    "middle half, or the highest stretch of six where that stands out.",
    architecture="interquartile mean over frames of what image.clip sees, weighed by a head of its own, or "
    "the mean of the highest six neighbours less what the number of places explains; frames cut at the "
    "edges and at most 320 px on their short side; the head is a logistic regression on 192 principal "
    "components of each view's token statistics and on the parts of the head for pictures",
    licence="Apache-2.0",
    trained_on="two or three frames each of {real} real clips of {real_sources} sources and {made} generated ones "
    "of {systems} systems and {made_sources} sources, going on from the pictures of image.clip; calibrated "
    "on the same clips by heads that saw nothing of their source",
    training_command="make train-video DATA=FOLDER",
    limits=(
        "Looks at single frames: motion, faces and sound play no part in its score.",
        "Face swaps and lip-synced faces are beyond it; they are measured in its results only.",
        "Between sources its figures differ far more than between clips of one: the interval over "
        "sources is the one to expect elsewhere.",
        "Films under 136 px on a side are refused; of those under 267 px the frames are enlarged, the "
        "interval is wider and the thresholds are higher.",
        "Calibrated on clips as published, by three frames of each seen in full; what a messenger encodes "
        "anew at a low rate scores lower, so less of what is generated is found (see the results on files).",
        "A third of the generated clips are whole films made over by diffusion from a camera's, an eighth "
        "portraits set in motion; most others are of one page for each system, and the pages were found by the "
        "same people who trained on them.",
        "Beyond 64 s not every second is looked at, and a shot between two sampled frames is missed.",
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
    finished: Callable[[ModelCard, Answers, Result], ModelCard]
    pooled: Callable[[ModelCard, Answers], tuple[ModelCard, Answers]] = lambda card, seen: (
        card,
        seen,
    )
    """What is fitted before scores are compared: a draft with it, and the scores it gives."""
    weights: tuple[str, ...] = ()  # files among the zoo's weights
    observed: Callable[[Plan, Path, Path], Answers] = lambda plan, manifest, cache: observe(
        plan, manifest, cache / "answers.sqlite"
    )
    """From the plan, the manifest and the folder of the cache."""


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
            pooled=with_inserts,
            weights=(video_head.FILE,),
            observed=held,
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
    parser.add_argument("--launderings", nargs="*", default=LAUNDERINGS, choices=LAUNDERINGS)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    spec = films.spec
    weights = tuple(weight_file(given.out / "weights" / name) for name in films.weights)
    written = films.draft.model_copy(update={"weights": weights})
    write_card(written, given.out)
    given.cache.mkdir(parents=True, exist_ok=True)
    plan = Plan(
        detectors=(spec.name,),
        launderings=tuple(given.launderings),
        limits=Limits(),
        video_frames=films.decoded,
        jobs=given.jobs,
    )
    draft, answers = films.pooled(written, films.observed(plan, given.manifest, given.cache))
    scores = [
        replace(question.score(answer), log10_lr=None, seconds=answer.seconds or None)
        for question, answer in answers.items()
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
    card = films.finished(draft, answers, result)
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


def observe(plan: Plan, manifest: Path, cache: Path) -> dict[Question, Answer]:
    """Raw scores of every clip, as it is and laundered."""
    with AnswerCache(cache) as answers:
        return run(
            read_manifest(manifest),
            plan,
            answers,
            lambda done, total: log.info("%d of %d clips", done, total),
        )


def held(plan: Plan, manifest: Path, cache: Path) -> Answers:
    """What heads that saw no film of its source said of every film."""
    del plan
    known = video_head.answers_of(cache)
    return {
        Question(item, CLEAN, SPEC): known[item.name]
        for item in read_manifest(manifest)
        if item.name in known
    }


def with_inserts(draft: ModelCard, answers: Answers) -> tuple[ModelCard, Answers]:
    """The draft with the rule for parts of films, and every answer as that rule makes it."""
    rule = video_inserts.fitted(
        _timelines(answers, synthetic=False), calibration.operating_points(worst(answers)).fpr_5
    )
    judged = {question: _by(rule, answer) for question, answer in answers.items()}
    settings = {**draft.settings, INSERTS: [rule.offset, rule.growth]}
    return draft.model_copy(update={"settings": settings}), judged


def _by(rule: InsertRule, answer: Answer) -> Answer:
    part = None if answer.raw is None else rule.score(np.array(answer.spans))
    if answer.raw is None or part is None:
        return answer
    return answer.model_copy(update={"raw": max(answer.raw, part)})


def finished(draft: ModelCard, answers: Answers, result: Result) -> ModelCard:
    """The card with the calibration, the operating points and the figures."""
    scores = [question.score(answer) for question, answer in answers.items()]
    beside = result.over_sources.get(CLEAN)
    found = calibrated(draft, answers)
    points = calibration.operating_points(worst(answers))
    return found.model_copy(
        update={
            "limits": (*draft.limits, _parts_found(draft, answers, points)),
            "trained_on": draft.trained_on.format(**_counted(scores)),
            "measured": tuple(
                measured_line(
                    f"{result.data}, laundering: {name}"
                    + (
                        f" (AUC 95 % over sources {beside.auc.low:.3f} to {beside.auc.high:.3f})"
                        if name == CLEAN and beside is not None
                        else ""
                    ),
                    measured,
                )
                for name, measured in result.launderings.items()
            ),
            "operating_points": points,
        }
    )


def _parts_found(draft: ModelCard, answers: Answers, points: OperatingPoints) -> str:
    """How often a generated part of a minute of real film passes the 5 % point."""
    real = _timelines(answers, synthetic=False)
    made = [clip for clips in _timelines(answers, synthetic=True).values() for clip in clips]
    rule = InsertRule(*cast(list[float], draft.settings[INSERTS]))
    shown = []
    for seconds in (0, 6, 10, 20, 60):
        one, many = video_inserts.share_found(real, made, rule, points.fpr_5, seconds)
        shown.append(f"{seconds} s {one:.0%} and {many:.0%}")
    return (
        "Of minutes put together from these clips the 5 % point is passed with this much of one "
        f"generated clip cut into a single real one, and into real ones of all sources: {', '.join(shown)}."
    )


def _timelines(answers: Answers, *, synthetic: bool) -> dict[str, list[Floats]]:
    """Scores along each clip of a class as it is, by source."""
    found: dict[str, list[Floats]] = {}
    for question, answer in answers.items():
        known = claims(question.spec.claim, question.item.label) is synthetic
        if known and question.laundering == CLEAN and answer.raw is not None:
            found.setdefault(question.item.source, []).append(np.array(answer.spans))
    return found


def _counted(scores: Sequence[Score]) -> dict[str, int]:
    """How many clips, sources and systems a calibration rests on."""
    clean = [s for s in scores if s.laundering == CLEAN and s.raw is not None]
    real = [s for s in clean if claims(SPEC.claim, s.label) is False]
    made = [s for s in clean if claims(SPEC.claim, s.label) is True]
    return {
        "real": len(real),
        "real_sources": len({s.source for s in real}),
        "made": len(made),
        "made_sources": len({s.source for s in made}),
        "systems": len({s.generator for s in made}),
    }


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
            ),
            "scores": calibration.distribution(_raws(real), _raws(synthetic)),
        }
    )


def in_turn(answers: Answers, *, synthetic: bool) -> list[Answer]:
    """Each clip of a class once, under the launderings in turn: clips are what is independent."""
    clips: dict[str, list[Answer]] = {}
    for question, answer in answers.items():
        if claims(question.spec.claim, question.item.label) is synthetic and answer.raw is not None:
            clips.setdefault(question.item.name, []).append(answer)
    return [clips[name][turn % len(clips[name])] for turn, name in enumerate(sorted(clips))]


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
