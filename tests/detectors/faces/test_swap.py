"""The face-swap detector, on drawn faces."""

import numpy as np
import pytest

from detectors.base import Image
from detectors.errors import CardInvalid, NotApplicable
from detectors.faces.find import MOST_FACES
from detectors.faces.swap import FaceSwapDetector
from detectors.registry import card_of, load, named
from detectors.result import Reason
from tests.faces import face_like
from tests.media import photo_like


@pytest.fixture(scope="module")
def detector() -> FaceSwapDetector:
    found = load(named("image.face_swap"))
    assert isinstance(found, FaceSwapDetector)
    return found


def image(pixels: np.ndarray) -> Image:
    return Image(pixels=pixels, container="png")


def test_a_picture_without_a_face_is_not_judged(detector: FaceSwapDetector) -> None:
    with pytest.raises(NotApplicable) as refused:
        detector.observe(image(photo_like(640, 480, seed=3)))
    assert refused.value.reason is Reason.NO_FACE


def test_a_face_of_a_few_pixels_is_not_judged(detector: FaceSwapDetector) -> None:
    with pytest.raises(NotApplicable) as refused:
        detector.observe(image(face_like(1200, 900, centre=(600, 300), side=50)))
    assert refused.value.reason is Reason.TOO_SMALL


def test_the_patch_is_the_face(detector: FaceSwapDetector) -> None:
    seen = detector.observe(image(face_like(400, 300, centre=(200, 150), side=200)))
    (patch,) = seen.patches
    assert 0.2 < patch.left < 0.4 < 0.6 < patch.right < 0.8
    assert patch.raw == pytest.approx(seen.raw)
    assert seen.facts["faces"] == 1


def test_the_odds_of_two_faces_are_the_mean_of_theirs(detector: FaceSwapDetector) -> None:
    small = face_like(300, 400, centre=(150, 200), side=130)
    large = face_like(400, 400, centre=(200, 200), side=220)
    seen = detector.observe(image(np.hstack([small, large])))
    odds = np.exp([patch.raw for patch in seen.patches])
    assert len(odds) == 2
    assert np.exp(seen.raw) == pytest.approx(odds.mean())


def test_two_runs_agree_to_the_last_bit(detector: FaceSwapDetector) -> None:
    picture = image(face_like())
    assert detector.observe(picture) == detector.observe(picture)


def test_at_most_the_three_largest_faces_are_judged(detector: FaceSwapDetector) -> None:
    sides = (220, 150, 190, 170)
    row = [face_like(400, 400, centre=(200, 200), side=side, seed=side) for side in sides]
    pixels = np.vstack([np.hstack(row[:2]), np.hstack(row[2:])])
    seen = detector.observe(image(pixels))
    assert len(seen.patches) == MOST_FACES == 3
    widths = [patch.right - patch.left for patch in seen.patches]
    assert widths == sorted(widths, reverse=True)
    assert min(widths) * 800 > 120  # the smallest of the four is 113 px wide


def test_a_card_must_name_a_judge_that_encodes_views(detector: FaceSwapDetector) -> None:
    card = card_of(named("image.face_swap"))
    with pytest.raises(CardInvalid, match="encoded"):
        FaceSwapDetector.from_card(card, {"judge": detector})
