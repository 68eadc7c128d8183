"""What happens to pictures on their way, done to made ones."""

import cv2
import numpy as np

from tests.media import RGB, jpeg


def compressed(pixels: RGB, quality: int = 75) -> RGB:
    """Through a JPEG file and back."""
    stored = np.frombuffer(jpeg(pixels, quality=quality), np.uint8)
    back = cv2.imdecode(stored, cv2.IMREAD_COLOR)
    assert back is not None
    return np.asarray(cv2.cvtColor(back, cv2.COLOR_BGR2RGB), np.uint8)


def quarter(pixels: RGB) -> RGB:
    """A quarter of its width and height."""
    small = cv2.resize(pixels, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.uint8)


def framed(pixels: RGB) -> RGB:
    """As a screenshot shows it: bars above and below, a margin on both sides."""
    page = cv2.copyMakeBorder(pixels, 90, 120, 60, 60, cv2.BORDER_CONSTANT, value=(245, 245, 245))
    cv2.putText(page, "Example   09:41", (70, 60), 0, 1.2, (30, 30, 30), 2)
    return np.asarray(page, np.uint8)
