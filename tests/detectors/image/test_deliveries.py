"""An accusation has to survive that the picture is sent on once more; small pictures stray more."""

import numpy as np
import pytest
from safetensors.numpy import load_file

from detectors import runner
from detectors.base import Image, Observation
from detectors.image.clip import SETTLED, SMALL_ALLOWANCE, SMALL_MARGIN, ClipDetector
from detectors.image.deliveries import DELIVERIES, cropped, reduced
from detectors.image.views import SIDE, Pixels, smallness
from detectors.registry import card_of, named
from detectors.result import TWO_VIEWS, UNSUSPECTED, Alarm
from detectors.zoo.backbones import Floats
from detectors.zoo.card import OperatingPoints
from detectors.zoo.weights import verified
from tests.media import photograph

POINTS = OperatingPoints(fpr_5=1.0, fpr_1=2.0, bona_fide=500)


class Brightness:
    """An encoder that counts its views; all its tokens are the mean of the view."""

    blocks, width, grid = 2, 768, 14

    def __init__(self) -> None:
        self.views = 0

    def tokens(self, view: Pixels) -> Floats:
        self.views += 1
        return np.full((2, 197, 768), view.mean(), np.float32)


class Alike(Brightness):
    """An encoder to which all views are alike."""

    def tokens(self, view: Pixels) -> Floats:
        return np.full_like(super().tokens(view), 0.1)


def detector(encoder: Brightness, accuses: float | None) -> ClipDetector:
    head = load_file(verified(card_of(named("image.clip")), 1))
    return ClipDetector(encoder, head, maps=False, crops=3, accuses=accuses)


def test_only_what_would_be_accused_is_looked_at_again() -> None:
    media = Image(pixels=photograph(500, 400), container="png")
    plain = Brightness()
    seen = detector(plain, None).observe(media)
    assert (seen.redelivered, plain.views) == (None, 4)
    below, above = Brightness(), Brightness()
    assert detector(below, seen.raw + 1).observe(media).redelivered is None
    assert below.views == 4
    again = detector(above, seen.raw - 1).observe(media)
    assert again.raw == seen.raw
    assert again.redelivered is not None
    assert above.views == 4 + 2 * len(DELIVERIES)


def test_two_views_settle_what_is_far_from_suspicion_and_only_suspects_get_a_map() -> None:
    media = Image(pixels=photograph(500, 400), container="png")
    head = load_file(verified(card_of(named("image.clip")), 1))
    first = ClipDetector(Alike(), head, maps=False, crops=1).observe(media).raw

    def seen(suspects: float) -> tuple[int, int, dict[str, float]]:
        encoder = Alike()
        found = ClipDetector(encoder, head, suspects=suspects).observe(media)
        facts = {
            name: found.facts[name] for name in (TWO_VIEWS, UNSUSPECTED) if name in found.facts
        }
        return encoder.views, len(found.patches), facts

    assert seen(first + SETTLED + 0.1) == (2, 0, {TWO_VIEWS: 1.0})
    assert seen(first + SETTLED - 0.1) == (4, 0, {UNSUSPECTED: 1.0})
    assert seen(first - 1.0) == (5, 49, {})


def test_a_score_does_not_jump_where_two_views_begin_to_be_enough() -> None:
    pixels = photograph(900, 600)
    pixels[:, :300] = 255 - pixels[:, :300] // 4  # other crops than the middle one see this
    media = Image(pixels=pixels, container="png")
    head = load_file(verified(card_of(named("image.clip")), 1))

    def scored(suspects: float | None, crops: int = 3) -> float:
        judge = ClipDetector(Brightness(), head, maps=False, crops=crops, suspects=suspects)
        return judge.observe(media).raw

    two, many = scored(None, crops=1), scored(None)
    assert abs(many - two) > 0.01
    assert scored(two + SETTLED - 1e-6) == pytest.approx(two, abs=1e-4)
    assert scored(two + SETTLED - 0.5) == pytest.approx((two + many) / 2)
    assert scored(two + SETTLED - 1) == pytest.approx(many)


def test_frames_of_films_are_not_looked_at_again() -> None:
    encoder = Brightness()
    seen, _ = (
        detector(encoder, -1e9).sparing().apart(Image(pixels=photograph(500, 400), container="png"))
    )
    assert (seen.redelivered, encoder.views) == (None, 2)


@pytest.mark.parametrize(
    ("raw", "later", "alarm", "unstable"),
    [
        (2.5, 2.4, Alarm.FPR_1, False),
        (2.5, 1.2, Alarm.FPR_1, False),  # suspicion stays, so it was no chance of the file
        (2.5, 0.9, Alarm.FPR_5, True),
        (1.5, None, Alarm.FPR_5, False),
        (0.5, None, Alarm.NONE, False),
    ],
)
def test_an_accusation_that_another_delivery_takes_back_becomes_a_suspicion(
    *, raw: float, later: float | None, alarm: Alarm, unstable: bool
) -> None:
    assert runner._steady(Observation(raw=raw, redelivered=later), POINTS) == (alarm, unstable)


def test_deliveries_are_other_files_of_the_same_picture() -> None:
    whole = photograph(500, 400)
    assert reduced(whole).shape == (300, 375, 3)
    assert cropped(whole).shape == (318, 398, 3)
    assert min(reduced(photograph(260, 240)).shape[:2]) == SIDE
    assert reduced(photograph(180, 160)).shape == (160, 180, 3)


@pytest.mark.parametrize(
    ("side", "little"), [(500, 0.0), (SIDE, 0.0), (184, 0.5), (144, 1.0), (112, 1.0)]
)
def test_small_pictures_need_more_to_pass_a_threshold_and_are_less_sure(
    side: int, little: float
) -> None:
    pixels = photograph(side + 60, side)
    assert smallness(pixels) == pytest.approx(little)
    seen = detector(Brightness(), None).observe(Image(pixels=pixels, container="png"))
    assert seen.allowance == pytest.approx(SMALL_ALLOWANCE * little)
    assert seen.margin == pytest.approx(SMALL_MARGIN * little)
