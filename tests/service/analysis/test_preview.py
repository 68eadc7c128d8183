"""The picture of a file, drawn outside the sandbox from whatever shape the media has."""

import io

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow

from detectors.base import Image, Video
from service.analysis.preview import MOST_BYTES, QUALITIES, STRIP_HEIGHT, draw
from tests import media


@pytest.mark.parametrize(("height", "width"), [(20_000, 1), (1, 20_000), (90, 160), (160, 90)])
def test_a_film_of_any_shape_becomes_a_strip_of_one_size(height: int, width: int) -> None:
    film = Video(
        frames=np.full((2, height, width, 3), 200, np.uint8),
        times=np.array([0.0, 1.0]),
        shot=np.zeros(2, np.int32),
        seconds=2.0,
        container="mkv",
    )
    with Pillow.open(io.BytesIO(draw(film))) as strip:
        assert strip.size == (1280, STRIP_HEIGHT)
        assert np.asarray(strip).min() > 190


def test_a_photograph_full_of_detail_gets_a_picture_that_loads_at_once() -> None:
    pixels = media.photograph(1280, 960)
    noise = np.random.default_rng(1).normal(0, 12, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    best = [cv2.IMWRITE_JPEG_QUALITY, QUALITIES[0]]
    assert cv2.imencode(".jpg", pixels, best)[1].size > MOST_BYTES
    drawn = draw(Image(pixels=pixels, container="jpeg"))
    assert len(drawn) <= MOST_BYTES
    with Pillow.open(io.BytesIO(drawn)) as picture:
        assert picture.size == (1280, 960)
