"""The picture of a file, drawn outside the sandbox from whatever shape the media has."""

import io

import numpy as np
import pytest
from PIL import Image as Pillow

from detectors.base import Video
from service.analysis.preview import STRIP_HEIGHT, draw


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
