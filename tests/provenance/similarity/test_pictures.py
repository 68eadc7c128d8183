"""Copies of a picture are found after what usually happens to pictures, and only they are."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest

from provenance.similarity.compare import Placement, place
from provenance.similarity.pictures import MIN_SIDE, POINTS, Described, View, describe
from tests.media import RGB, photo_like
from tests.provenance.similarity.copies import compressed, framed, quarter


def made(pixels: RGB) -> Described:
    item = describe(pixels)
    assert item is not None
    return item


@pytest.fixture(scope="module")
def photo() -> RGB:
    return photo_like(1024, 768)


@pytest.fixture(scope="module")
def original(photo: RGB) -> Described:
    return made(photo)


def seen(pixels: RGB, original: Described) -> Placement:
    found = place(made(pixels).view, original.view)
    assert found is not None
    assert found.likeness > 0.97
    assert found.altered == ()
    return found


def test_a_strongly_compressed_copy_is_all_of_the_original(photo: RGB, original: Described) -> None:
    found = seen(compressed(photo, 50), original)
    assert found.visible > 0.99
    assert found.filled > 0.99


def test_a_copy_of_a_quarter_of_the_size_is_found(photo: RGB, original: Described) -> None:
    assert seen(compressed(quarter(photo)), original).visible > 0.98


def test_a_crop_is_measured(photo: RGB, original: Described) -> None:
    cropped = photo[40:-40, 50:-50]
    share = cropped.size / photo.size
    found = seen(compressed(cropped), original)
    assert found.visible == pytest.approx(share, abs=0.02)
    assert found.filled > 0.98


def test_a_frame_around_a_copy_is_measured(photo: RGB, original: Described) -> None:
    page = framed(photo)
    found = seen(compressed(page), original)
    assert found.visible > 0.98
    assert found.filled == pytest.approx(photo.size / page.size, abs=0.02)


def test_a_turned_copy_is_measured(photo: RGB, original: Described) -> None:
    turned = np.ascontiguousarray(np.rot90(photo))
    assert abs(seen(turned, original).turned) == pytest.approx(90, abs=1)


def test_a_mirrored_copy_is_found_by_the_mirrored_description(
    photo: RGB, original: Described
) -> None:
    flipped = made(np.ascontiguousarray(photo[:, ::-1]))
    assert place(flipped.view, original.view) is None
    found = place(flipped.mirrored().view, original.view)
    assert found is not None
    assert found.points > 40


def test_a_mirrored_description_mirrored_is_the_first_one(original: Described) -> None:
    again = original.mirrored().mirrored()
    np.testing.assert_array_equal(again.descriptors, original.descriptors)
    np.testing.assert_allclose(again.view.points, original.view.points, atol=1e-3)
    np.testing.assert_array_equal(again.view.small, original.view.small)
    assert again.view.pdq == original.view.pdq


def test_what_was_pasted_into_a_copy_is_found_and_located(photo: RGB, original: Described) -> None:
    forged = photo.copy()
    forged[300:520, 600:850] = photo_like(250, 220, seed=99)
    found = place(made(compressed(forged)).view, original.view)
    assert found is not None
    assert found.likeness > 0.97
    (box,) = found.altered
    assert box.left == pytest.approx(600 / 1024, abs=0.08)
    assert box.right == pytest.approx(850 / 1024, abs=0.08)
    assert box.top == pytest.approx(300 / 768, abs=0.08)
    assert box.bottom == pytest.approx(520 / 768, abs=0.08)


def test_brighter_and_softer_is_no_alteration(photo: RGB, original: Described) -> None:
    toned = np.clip(photo.astype(np.float32) * 1.15 + 12, 0, 255).astype(np.uint8)
    assert seen(compressed(toned), original).visible > 0.98


@pytest.mark.parametrize("seed", range(4))
def test_other_pictures_of_the_same_maker_are_no_copies(seed: int, original: Described) -> None:
    other = made(photo_like(1024, 768, seed=100 + seed))
    assert place(other.view, original.view) is None
    assert place(other.mirrored().view, original.view) is None


def test_a_caption_in_common_makes_no_copy() -> None:
    one, other = photo_like(640, 480, seed=1), photo_like(640, 480, seed=2)
    for picture in (one, other):
        cv2.rectangle(picture, (0, 400), (640, 480), (20, 20, 90), -1)
        cv2.putText(picture, "BREAKING NEWS TODAY", (20, 455), 0, 1.5, (255, 255, 255), 3)
    assert place(made(one).view, made(other).view) is None


def test_pictures_without_keypoints_are_compared_by_pdq(photo: RGB, original: Described) -> None:
    found = place(bare(made(compressed(photo, 60))), bare(original))
    assert found is not None
    assert (found.points, found.visible, found.filled) == (0, 1.0, 1.0)
    assert place(bare(made(photo_like(1024, 768, seed=8))), bare(original)) is None


def bare(item: Described) -> View:
    """A view as if nothing in its picture had texture enough for a keypoint."""
    none = np.empty((0, 2), np.float32), np.empty((0, 16), np.uint8)
    return replace(item.view, points=none[0], codes=none[1])


def test_what_is_too_small_is_not_described() -> None:
    assert describe(np.zeros((MIN_SIDE - 1, 400, 3), np.uint8)) is None


@pytest.mark.parametrize("make", [np.zeros, np.ones])
def test_an_even_picture_has_no_features_and_matches_nothing(
    make: Callable[..., RGB], original: Described
) -> None:
    even = made(make((300, 300, 3), np.uint8) * 200)
    assert len(even.view.points) == 0
    assert even.view.pdq is None
    assert even.words(POINTS, 2).size == 0
    assert place(even.view, original.view) is None
    assert place(even.view, even.view) is None
