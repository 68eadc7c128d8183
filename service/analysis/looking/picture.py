"""Views of a still picture at the resolution of the file: its pixels, error level, noise, ghosts.

Error level: Krawetz (2007). JPEG ghosts: Farid, "Exposing Digital Forgeries from JPEG Ghosts" (2009).
"""

from typing import Final

import cv2
import numpy as np

from detectors.errors import MediaTooLarge
from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import (
    Floats,
    Pixels,
    as_jpeg,
    as_png,
    fitted,
    heat,
    percent,
    where,
)
from service.errors import NothingToShow

EXACT: Final = 4_000_000
"""Pixels up to which the picture itself is sent without loss."""

NATIVE_MOST: Final = 60_000_000
"""Pixels beyond which it is sent reduced: browsers hold four bytes of each."""

MOST: Final = 60_000_000
"""Pixels of a picture that the other views are drawn of."""

NATIVE_QUALITY: Final = 97
ERROR_LEVEL_QUALITY: Final = 90
QUALITIES: Final = tuple(range(50, 100, 5))
_BLOCK: Final = 16  # pixels
_STEPS: Final = 16  # of a grey level, in which grain is told apart
_BRIGHT: Final = 99.5  # percentile that is drawn at full strength


def native(pixels: Pixels) -> Drawn:
    """Every pixel as decoded, losslessly if there are few."""
    height, width = pixels.shape[:2]
    if width * height <= EXACT:
        return as_png(pixels, f"All {width} × {height} pixels, without loss.")  # noqa: RUF001
    if width * height <= NATIVE_MOST:
        how = (
            f"All {width} × {height} pixels, saved once more as a JPEG of quality {NATIVE_QUALITY}."  # noqa: RUF001
        )
        return as_jpeg(pixels, how, quality=NATIVE_QUALITY)
    side = int(max(height, width) * (NATIVE_MOST / (width * height)) ** 0.5)
    small = fitted(pixels, side)
    how = f"Reduced from {width} × {height} to {small.shape[1]} × {small.shape[0]} pixels."  # noqa: RUF001
    return as_jpeg(small, how, quality=NATIVE_QUALITY)


def error_level(pixels: Pixels) -> Drawn:
    """How much each pixel changes when the picture is saved at one quality."""
    _check(pixels)
    change = np.abs(pixels.astype(np.int16) - _saved(pixels, ERROR_LEVEL_QUALITY)).max(axis=2)
    amount = change.astype(np.float32)
    return as_jpeg(
        fitted(heat(_stretched(amount))),
        f"Saved at quality {ERROR_LEVEL_QUALITY}, values change by {amount.mean():.1f} of 255 on "
        f"average. {_brightest(amount)}",
    )


def noise(pixels: Pixels) -> Drawn:
    """The median, in neighbourhoods, of what a Gaussian filter takes away: edges hardly count."""
    _check(pixels)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    smooth = cv2.GaussianBlur(grey.astype(np.float32), (0, 0), 1.0)
    residual = np.abs(grey - smooth)
    counted = np.minimum(residual * _STEPS, 255).astype(np.uint8)
    spread = cv2.medianBlur(counted, _BLOCK + 1).astype(np.float32) / _STEPS
    return as_jpeg(
        fitted(heat(_stretched(spread))),
        f"Half of all places have a grain below {np.median(spread):.1f} of 255, most of them from "
        f"{np.percentile(spread, 5):.1f} to {np.percentile(spread, 95):.1f}. {_brightest(spread)}",
    )


def ghosts(pixels: Pixels) -> Drawn:
    """The JPEG quality at which each block of 16 px changes least, lighter meaning higher."""
    _check(pixels)
    if min(pixels.shape[:2]) < 2 * _BLOCK:
        raise NothingToShow(f"a picture under {2 * _BLOCK} px on a side shows no ghosts")
    blocks = (pixels.shape[1] // _BLOCK, pixels.shape[0] // _BLOCK)
    changes = np.stack([_block_change(pixels, quality, blocks) for quality in QUALITIES])
    low, high = changes.min(axis=0), changes.max(axis=0)
    relative = (changes - low) / np.maximum(high - low, 1e-6)
    smooth = np.stack([cv2.blur(layer, (3, 3)) for layer in relative])
    best = smooth.argmin(axis=0).astype(np.float32)
    counts = np.bincount(best.astype(int).ravel(), minlength=len(QUALITIES))
    usual, share = QUALITIES[int(counts.argmax())], counts.max() / counts.sum()
    scaled = heat(best / (len(QUALITIES) - 1))
    side = max(pixels.shape[:2])
    whole = cv2.resize(scaled, pixels.shape[1::-1], interpolation=cv2.INTER_NEAREST)
    return as_jpeg(
        fitted(np.asarray(whole, np.uint8), min(side, 1600)),
        f"Most places change least at quality {usual}: {percent(float(share))} of them.",
    )


def _check(pixels: Pixels) -> None:
    count = pixels.shape[0] * pixels.shape[1]
    if count > MOST:
        raise MediaTooLarge(f"the picture has {count:,} pixels; views are drawn of {MOST:,}")


def _saved(pixels: Pixels, quality: int) -> Pixels:
    bgr = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    done, encoded = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])
    again = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if done else None
    if again is None:
        raise RuntimeError("OpenCV could not save a picture as a JPEG")
    return np.asarray(cv2.cvtColor(again, cv2.COLOR_BGR2RGB), np.uint8)


def _block_change(pixels: Pixels, quality: int, blocks: tuple[int, int]) -> Floats:
    """Mean squared change of each block, shape (rows, columns)."""
    change = cv2.absdiff(pixels, _saved(pixels, quality)).astype(np.float32)
    whole = (change * change).mean(axis=2)[: blocks[1] * _BLOCK, : blocks[0] * _BLOCK]
    return np.asarray(cv2.resize(whole, blocks, interpolation=cv2.INTER_AREA), np.float32)


def _stretched(values: Floats) -> Floats:
    return np.asarray(values / max(float(np.percentile(values, _BRIGHT)), 0.5), np.float32)


def _brightest(values: Floats) -> str:
    """The ninths of the picture that are brightest and darkest, in words."""
    ninths = cv2.resize(values, (3, 3), interpolation=cv2.INTER_AREA)
    bright, dark = (divmod(int(at), 3) for at in (ninths.argmax(), ninths.argmin()))
    names = [where((row + 0.5) / 3, (column + 0.5) / 3) for row, column in (bright, dark)]
    return f"It is brightest in the {names[0]} and darkest in the {names[1]}."
