"""What every view is drawn with: colours, encoding, and the bounds of a picture."""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from service.analysis.looking.catalogue import Drawn

WIDEST: Final = 1600
"""Longer side in px of a view that need not show native pixels."""

QUALITY: Final = 88

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]


def as_jpeg(pixels: Pixels, *sentences: str, quality: int = QUALITY) -> Drawn:
    """RGB as a JPEG without chroma subsampling."""
    how = [
        cv2.IMWRITE_JPEG_QUALITY,
        quality,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR,
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444,
    ]
    return Drawn(_encoded(".jpg", pixels, how), "image/jpeg", sentences)


def as_png(pixels: Pixels, *sentences: str) -> Drawn:
    """RGB as a PNG, for pictures of which every pixel counts."""
    return Drawn(_encoded(".png", pixels, []), "image/png", sentences)


def _encoded(suffix: str, pixels: Pixels, how: list[int]) -> bytes:
    done, encoded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), how)
    if not done:
        raise RuntimeError(f"OpenCV could not encode a view as {suffix}")
    return encoded.tobytes()


def fitted(pixels: Pixels, widest: int = WIDEST) -> Pixels:
    """Reduced to this longer side, or as it is."""
    height, width = pixels.shape[:2]
    scale = min(1.0, widest / max(height, width))
    if scale == 1.0:
        return pixels
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def heat(values: Floats) -> Pixels:
    """Shares of 1 from black by violet and orange to white, lighter always meaning more."""
    grey = np.clip(values * 255, 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.cvtColor(cv2.applyColorMap(grey, cv2.COLORMAP_INFERNO), cv2.COLOR_BGR2RGB)
    )


def percent(share: float, digits: int = 0) -> str:
    """ "12 %" for 0.12."""
    return f"{100 * share:.{digits}f} %"


def where(top: float, left: float) -> str:
    """In words where a point lies, given as shares of height and width."""
    level = ("upper", "middle", "lower")[min(int(top * 3), 2)]
    side = ("left", "centre", "right")[min(int(left * 3), 2)]
    return "centre" if (level, side) == ("middle", "centre") else f"{level} {side}"
