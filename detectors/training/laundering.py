"""What pictures go through between a camera or a generator and us: resizing and recompression.

The named launderings are the conditions `assay bench` reports; the random chains are the
augmentation of training. Both classes always go through the same ones, or a model learns the codec.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]

SOCIAL_LONG_SIDE = 1080
SOCIAL_QUALITY = 75
MESSENGER_LONG_SIDE = 1280
MESSENGER_QUALITY = 60


def jpeg_file(pixels: Pixels, quality: int, *, full_chroma: bool = False) -> bytes:
    """A JPEG file of RGB `pixels`, shape (height, width, 3)."""
    sampling = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        if full_chroma
        else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    )
    settings = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
    return _encoded(".jpg", pixels, settings)


def webp_file(pixels: Pixels, quality: int) -> bytes:
    """A lossy WebP file."""
    return _encoded(".webp", pixels, [cv2.IMWRITE_WEBP_QUALITY, quality])


def png_file(pixels: Pixels) -> bytes:
    """A PNG file, quickly packed: it is read again at once."""
    return _encoded(".png", pixels, [cv2.IMWRITE_PNG_COMPRESSION, 1])


def decoded(data: bytes) -> Pixels:
    """RGB pixels of a picture file, EXIF orientation applied. Raises `ValueError` for others."""
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    if found is None:
        raise ValueError("not a picture that can be decoded")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def jpeg(pixels: Pixels, quality: int, *, full_chroma: bool = False) -> Pixels:
    """`pixels` after a trip through JPEG."""
    return decoded(jpeg_file(pixels, quality, full_chroma=full_chroma))


def webp(pixels: Pixels, quality: int) -> Pixels:
    """`pixels` after a trip through lossy WebP."""
    return decoded(webp_file(pixels, quality))


def resize(pixels: Pixels, factor: float, method: int | None = None) -> Pixels:
    """Scale both sides by `factor`; by area when shrinking and bicubic when growing, by default."""
    if method is None:
        method = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    height, width = pixels.shape[:2]
    size = (max(1, round(width * factor)), max(1, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=method), dtype=np.uint8)


def centre_crop(pixels: Pixels, share: float) -> Pixels:
    """Keep the middle `share` of each side."""
    height, width = pixels.shape[:2]
    top, left = round(height * (1 - share) / 2), round(width * (1 - share) / 2)
    return pixels[top : height - top, left : width - left]


def social_file(pixels: Pixels) -> bytes:
    """What a social network makes of a picture: long side at most 1080 px, then JPEG 75."""
    return jpeg_file(_fitted(pixels, SOCIAL_LONG_SIDE), SOCIAL_QUALITY)


def messenger_file(pixels: Pixels) -> bytes:
    """What a messenger makes of a picture: long side at most 1280 px, then JPEG 60."""
    return jpeg_file(_fitted(pixels, MESSENGER_LONG_SIDE), MESSENGER_QUALITY)


def _fitted(pixels: Pixels, long_side: int) -> Pixels:
    factor = long_side / max(pixels.shape[:2])
    return resize(pixels, factor) if factor < 1 else pixels


FILES: Final[Mapping[str, Callable[[Pixels], bytes]]] = MappingProxyType(
    {
        "jpeg-90": lambda pixels: jpeg_file(pixels, 90),
        "jpeg-70": lambda pixels: jpeg_file(pixels, 70),
        "jpeg-50": lambda pixels: jpeg_file(pixels, 50),
        "webp-80": lambda pixels: webp_file(pixels, 80),
        "resize-0.75": lambda pixels: png_file(resize(pixels, 0.75)),
        "resize-0.5": lambda pixels: png_file(resize(pixels, 0.5)),
        "crop-0.7": lambda pixels: png_file(centre_crop(pixels, 0.7)),
        "social": social_file,
        "messenger": messenger_file,
    }
)
"""The launderings every image detector is measured under, each making a complete file."""


def laundered(name: str, pixels: Pixels) -> Pixels:
    """`pixels` after the named laundering."""
    return decoded(FILES[name](pixels))


def random_chain(
    pixels: Pixels, rng: np.random.Generator, *, min_side: int, factors: tuple[float, float]
) -> Pixels:
    """Resize (two times in three), then recompress once (or, one time in five, twice).

    `factors` bounds the scale; the short side never falls under `min_side`, so a crop still fits.
    """
    if rng.random() < 0.67:
        lowest = max(factors[0], min_side / min(pixels.shape[:2]))
        factor = float(rng.uniform(min(lowest, factors[1]), factors[1]))
        methods = (cv2.INTER_AREA, cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)
        pixels = resize(pixels, factor, int(rng.choice(methods)))
    for _ in range(2 if rng.random() < 0.2 else 1):
        pixels = _random_codec(pixels, rng)
    return pixels


def _random_codec(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    draw = rng.random()
    if draw < 0.65:
        return jpeg(pixels, int(rng.integers(50, 98)), full_chroma=bool(rng.random() < 0.3))
    return webp(pixels, int(rng.integers(50, 96))) if draw < 0.85 else pixels


def _encoded(extension: str, pixels: Pixels, settings: list[int]) -> bytes:
    _, data = cv2.imencode(extension, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), settings)
    return data.tobytes()
