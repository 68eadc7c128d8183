"""One JPEG picture of any media: the image, a strip of frames, or the waveform."""

import math
from itertools import pairwise
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Audio, Image, Media, Video

LONG_SIDE: Final = 1280
STRIP_FRAMES: Final = 8
STRIP_HEIGHT: Final = 120
WAVE_HEIGHT: Final = 96
QUALITIES: Final = (82, 74, 66, 58, 50)
MOST_BYTES: Final = 190_000
"""Of a picture where a quality reaches it: a report's page is to load fewer than 300,000."""

Pixels = npt.NDArray[np.uint8]


def draw(media: Media) -> bytes:
    """A JPEG at most `LONG_SIDE` wide and high."""
    if isinstance(media, Image):
        pixels = _fitted(media.pixels)
    elif isinstance(media, Video):
        pixels = _strip(media)
    else:
        pixels = _waveform(media)
    return _encoded(pixels)


def _encoded(pixels: Pixels) -> bytes:
    """In the best quality that keeps it small, or else in the lowest."""
    ordered, jpeg = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), b""
    for quality in QUALITIES:
        done, encoded = cv2.imencode(".jpg", ordered, [cv2.IMWRITE_JPEG_QUALITY, quality])
        if not done:
            raise RuntimeError("OpenCV could not encode a preview")
        jpeg = encoded.tobytes()
        if len(jpeg) <= MOST_BYTES:
            break
    return jpeg


def _fitted(pixels: Pixels) -> Pixels:
    """Halved as often as it may be first: OpenCV averages two by two pixels much faster than others."""
    height, width = pixels.shape[:2]
    scale = min(1.0, LONG_SIDE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    while pixels.shape[1] // 2 >= size[0] and pixels.shape[0] // 2 >= size[1]:
        half = (pixels.shape[1] // 2, pixels.shape[0] // 2)
        even = pixels[: 2 * half[1], : 2 * half[0]]
        pixels = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _strip(video: Video) -> Pixels:
    """Frames evenly spread over the whole duration, so that the strip is a time axis."""
    slot = LONG_SIDE // STRIP_FRAMES
    strip = np.zeros((STRIP_HEIGHT, slot * STRIP_FRAMES, 3), np.uint8)
    for index in range(STRIP_FRAMES):
        middle = (index + 0.5) * video.seconds / STRIP_FRAMES
        frame = video.frames[int(np.abs(video.times - middle).argmin())]
        strip[:, index * slot : (index + 1) * slot] = _filled(frame, slot, STRIP_HEIGHT)
    return strip


def _filled(frame: Pixels, width: int, height: int) -> Pixels:
    """Crop about the centre, then scale to exactly this size: a frame may be one pixel wide."""
    scale = max(width / frame.shape[1], height / frame.shape[0])
    across = min(frame.shape[1], math.ceil(width / scale))
    down = min(frame.shape[0], math.ceil(height / scale))
    left, top = (frame.shape[1] - across) // 2, (frame.shape[0] - down) // 2
    middle = frame[top : top + down, left : left + across]
    return np.asarray(cv2.resize(middle, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _waveform(audio: Audio) -> Pixels:
    """Peak amplitude a column, loudest at full height, dark on light."""
    picture = np.full((WAVE_HEIGHT, LONG_SIDE, 3), 244, np.uint8)
    edges = np.linspace(0, audio.samples.shape[0], LONG_SIDE + 1).astype(int)
    parts = (audio.samples[a:b] for a, b in pairwise(edges))
    peaks = np.array([max(part.max(initial=0.0), -part.min(initial=0.0)) for part in parts])
    half = np.round(peaks / max(float(peaks.max()), 1e-6) * (WAVE_HEIGHT / 2 - 2)).astype(int)
    middle = WAVE_HEIGHT // 2
    for column, reach in enumerate(half):
        picture[middle - reach : middle + reach + 1, column] = (70, 84, 104)
    return picture
