"""Calibrate and measure the face tracks of films, and write their card and results.

    python -m detectors.training.video_faces --manifest MANIFEST --cache FOLDER --out detectors/zoo

The head that judges the faces was trained on pictures, so every clip is held out. Swaps come
with the untouched films they were made from, and those are among the real clips.
"""

from typing import Final

import numpy as np

from detectors import calibration
from detectors.bench.result import Result
from detectors.bench.scores import CLEAN, claims
from detectors.registry import named
from detectors.training import video_metadata
from detectors.training.cards import measured
from detectors.training.video import Answers, Films, calibrated, work, worst
from detectors.zoo.card import Calibration, Measured, ModelCard

SPEC: Final = named("video.face_swap")
FRAMES: Final = 16
VOTES_FROM: Final = 0.75
"""AUC on clips as they are, at the lower end of its interval over sources, below which the card gets no
thresholds: the detector is shown then and moves no verdict."""

LEAST_CLIPS: Final = 90
"""Clips with a face that thresholds take: what the card of any detector that votes must show."""

DRAFT: Final = ModelCard(
    name=SPEC.card,
    summary="Follows faces through each shot of a film and judges each track for a swap",
    architecture="face detector, mesh and head of image.face_swap on up to 16 frames of a film; faces of "
    "neighbouring frames joined by the distance of their meshes; interquartile mean of the log odds of "
    "up to 6 frames of a track, mean of the tracks' odds; no weights of its own",
    licence="Apache-2.0; the parts are those of image.face_swap",
    trained_on="nothing but the pictures of image.face_swap; calibrated on the clips it was measured "
    "on, each clean or re-encoded",
    training_command="make train-video DATA=FOLDER",
    limits=(
        "Faces under 48 px, turned away or in the dark are not judged, nor is a face that is seen in "
        "fewer than 3 of the frames of one shot: in films with quick cuts most are not.",
        "A person who is seen in several shots counts as several faces.",
        "More than half of the swaps it was measured on were laid over by geometry, by programs of one "
        "course; those of one program that learns a person it hardly tells from the films under them.",
        f"It votes only if its AUC on held-out clips reaches {VOTES_FROM:.2f} even at the lower end of the "
        f"interval over sources, and {LEAST_CLIPS} clips show a face that can be judged.",
        "Portraits that were set in motion score lower than real faces: they are for video.frames. Lip "
        "synchronisation is measured in its results only, and retouching is not what it looks for.",
    ),
    settings={"frames": FRAMES},
)


def main() -> None:
    """Calibrate and measure the face tracks of films."""
    work(
        Films(
            spec=SPEC,
            draft=DRAFT,
            protocol="trained on pictures alone, so every clip is held out",
            decoded=FRAMES,
            held_out=(video_metadata.CLIPS,),
            finished=finished,
        )
    )


def finished(draft: ModelCard, answers: Answers, result: Result) -> ModelCard:
    """The card with the calibration and the figures; thresholds only where both bars are met."""
    card = calibrated(draft, answers)
    if card.calibration is None:
        raise ValueError("a card without calibration cannot be measured")
    lines = tuple(
        _line(answers, name, card.calibration, result.data) for name in result.launderings
    )
    sources = result.over_sources.get(CLEAN)
    meets = sources is not None and sources.auc.low >= VOTES_FROM and lines[0].items >= LEAST_CLIPS
    return card.model_copy(
        update={
            "measured": lines,
            "operating_points": calibration.operating_points(worst(answers)) if meets else None,
        }
    )


def _line(answers: Answers, laundering: str, line: Calibration, data: str) -> Measured:
    """One figure of the clips that were judged, by ratios of the card's own line."""
    found = [
        (answer.raw, label)
        for question, answer in answers.items()
        if question.laundering == laundering
        and answer.raw is not None
        and (label := claims(SPEC.claim, question.item.label)) is not None
    ]
    raw, synthetic = (np.array(column) for column in zip(*found, strict=True))
    name = "as they are" if laundering == CLEAN else laundering
    return measured(f"clips with a face, {name}; {data}", raw, synthetic, line)


if __name__ == "__main__":
    main()
