"""What a picture went through, on pictures whose past is known."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from detectors.base import Image
from detectors.image.history import History, history
from detectors.image.views import Pixels
from detectors.media.notes import Note
from detectors.training.laundering import jpeg, resize
from tests.media import photo_like


@pytest.fixture(scope="module")
def photo() -> Pixels:
    return photo_like(800, 600, seed=3)


def test_an_untouched_picture_has_no_past(photo: Pixels) -> None:
    assert history(Image(pixels=photo, container="png")) == History()


def test_the_grid_of_a_jpeg_outlives_another_format(photo: Pixels) -> None:
    cut = np.ascontiguousarray(jpeg(photo, 70)[5:, 3:])
    found = history(Image(pixels=cut, container="png"))
    assert found == History(was_jpeg=True)
    assert "was a JPEG before" in found.sentences[0]


@pytest.mark.parametrize("container", ["webp", "avif", "heic"])
def test_formats_with_blocks_of_their_own_are_not_taken_for_jpeg(
    photo: Pixels, container: str
) -> None:
    assert history(Image(pixels=jpeg(photo, 60), container=container)) == History()


def test_a_turned_jpeg_is_not_taken_for_one_cut_and_saved_again(photo: Pixels) -> None:
    turned = np.ascontiguousarray(jpeg(photo[:597, :797], 60)[::-1, ::-1])
    media = Image(pixels=turned, container="jpeg", jpeg_quality=60)
    assert history(media).shifted
    assert not history(replace(media, notes=(Note.ORIENTATION_APPLIED,))).shifted


def test_a_jpegs_own_grid_tells_nothing_new(photo: Pixels) -> None:
    found = history(Image(pixels=jpeg(photo, 70), container="jpeg", jpeg_quality=70))
    assert found == History(quality=70)


def test_a_cropped_jpeg_saved_again_shows_the_grid_below(photo: Pixels) -> None:
    again = jpeg(np.ascontiguousarray(jpeg(photo, 50)[5:, 3:]), 95)
    assert history(Image(pixels=again, container="jpeg", jpeg_quality=95)).shifted


@pytest.mark.parametrize("factor", [1.25, 1.5, 1.8])
def test_enlargement_leaves_its_period(photo: Pixels, factor: float) -> None:
    assert history(Image(pixels=resize(photo, factor), container="png")).resized


@pytest.mark.parametrize("side", [1, 20, 127])
def test_tiny_pictures_are_described_by_their_tables_alone(photo: Pixels, side: int) -> None:
    small = np.ascontiguousarray(photo[:side, :side])
    media = Image(pixels=small, container="jpeg", jpeg_quality=80)
    assert history(media) == History(quality=80)


@pytest.mark.parametrize("size", [(128, 128), (4000, 128), (128, 2500)])
@pytest.mark.parametrize("grey", [0, 255])
def test_flat_pictures_have_no_past(size: tuple[int, int], grey: int) -> None:
    flat = np.full((*size, 3), grey, np.uint8)
    assert history(Image(pixels=flat, container="png")) == History()


def test_noise_has_no_past() -> None:
    noise = np.random.default_rng(1).integers(0, 256, (400, 500, 3)).astype(np.uint8)
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), 1.0), np.uint8)
    for pixels in (noise, soft):
        assert history(Image(pixels=pixels, container="png")) == History()


@pytest.mark.parametrize(("container", "lossless"), [("webp", True), ("tiff", False)])
def test_whether_the_file_keeps_pixels_decides_and_not_its_container(
    photo: Pixels, container: str, *, lossless: bool
) -> None:
    pixels = np.ascontiguousarray(jpeg(photo, 60)[3:, 5:])
    found = history(Image(pixels=pixels, container=container, lossless=lossless))
    assert found.was_jpeg is lossless
