import io

import numpy as np
from PIL import Image

from service.rendering.thumbnail import LONG_SIDE, small
from tests import media


def test_of_a_strip_of_frames_one_whole_frame_is_shown() -> None:
    grey = np.repeat(np.arange(8, dtype=np.uint8) * 30, 160)
    strip = np.broadcast_to(grey[None, :, None], (120, 1280, 3)).copy()
    with Image.open(io.BytesIO(small(media.jpeg(strip)))) as shown:
        assert shown.size == (LONG_SIDE, LONG_SIDE * 3 // 4)
        assert np.abs(np.asarray(shown, np.int16) - 120).max() <= 5


def test_a_picture_is_shown_whole() -> None:
    with Image.open(io.BytesIO(small(media.jpeg(media.photo_like(640, 480))))) as shown:
        assert shown.size == (LONG_SIDE, LONG_SIDE * 3 // 4)
