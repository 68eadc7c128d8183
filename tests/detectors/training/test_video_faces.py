"""When the face tracks of films get thresholds."""

from pathlib import Path

import numpy as np
import pytest

from detectors.base import Kind
from detectors.bench.cache import Answer
from detectors.bench.manifest import Item
from detectors.bench.result import evaluate
from detectors.bench.run import Question
from detectors.training.video_faces import DRAFT, LEAST_CLIPS, SPEC, finished


def answers(clips: int, shift: float, sources: int, failing: int) -> dict[Question, Answer]:
    """Half of the clips are swaps, their scores higher by `shift`, in the first `failing` of the sources
    lower by it; one film shows no face."""
    rng = np.random.default_rng(3)
    found = {}
    for index in range(clips + 1):
        label = "face_swap" if index % 2 else "real"
        item = Item(
            file=Path(f"{index}.mp4"),
            name=f"{index}.mp4",
            kind=Kind.VIDEO,
            label=label,
            sha256=f"{index}",
            source=f"site {index // 2 % sources}",
            generator="",
            format="",
            pair="",
        )
        sign = -1 if index // 2 % sources < failing else 1
        raw = float(rng.normal()) + sign * shift * (index % 2)
        seen = Answer(raw=raw, seconds=1.0, spans=(raw, raw))
        none = Answer(raw=None, seconds=0.5, reason="no_face")
        found[Question(item, "none", SPEC)] = none if index == clips else seen
    return found


@pytest.mark.parametrize(
    ("clips", "shift", "sources", "failing", "votes"),
    [
        (LEAST_CLIPS, 3.0, 15, 0, True),
        (LEAST_CLIPS, 0.2, 15, 0, False),
        (LEAST_CLIPS - 2, 3.0, 15, 0, False),
        (LEAST_CLIPS, 3.0, 3, 0, False),  # too few sources for an interval
        (LEAST_CLIPS, 3.0, 15, 3, False),  # a mean above the bar, an interval below it
    ],
)
def test_only_figures_that_hold_over_sources_bring_thresholds(
    *, clips: int, shift: float, sources: int, failing: int, votes: bool
) -> None:
    given = answers(clips, shift, sources, failing)
    result = evaluate(
        [question.score(answer) for question, answer in given.items()],
        detector=SPEC.name,
        claim=SPEC.claim,
        model=SPEC.card,
        protocol="p",
        data="d",
    )
    card = finished(DRAFT, given, result)
    assert card.measured[0].items == clips
    assert card.calibration is not None
    assert card.votes is votes
