"""From what a decoder gives to 8-bit RGB: transparency, printing colours, palettes."""

from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from detectors.media.notes import Note

RGB = npt.NDArray[np.uint8]

FEW_COLOURS: Final = 256
"""What a palette can hold."""

FEW_GREYS: Final = 32
"""A photograph of fewer was reduced to them; a plain one may have no more than a hundred."""

_SAMPLED: Final = 1 << 20  # pixels in which colours are counted
_FIRST_LOOK: Final = 64  # every so many of those are enough for most photographs
_WITH_ALPHA: Final = frozenset({"RGBA", "LA", "PA", "La", "RGBa"})
_GREY: Final = frozenset({"L", "LA", "La", "1"})


def rgb(picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]]:
    """RGB of shape (height, width, 3), and what was changed on the way there."""
    picture.load()
    mode = picture.mode
    notes: tuple[Note, ...] = (Note.GREYSCALE,) if mode in _GREY else ()
    if mode.startswith("I;16"):
        grey = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2), (Note.GREYSCALE,)
    if mode in ("I", "F"):
        raise ValueError("samples of 32 bits are not read")
    if "transparency" in picture.info or mode in _WITH_ALPHA:
        seen = picture.convert("RGBA")
        pixels, more = over_white(np.asarray(seen.convert("RGB")), np.asarray(seen.getchannel("A")))
        return pixels, notes + more
    if mode == "CMYK":
        notes += (Note.CONVERTED_FROM_CMYK,)
    return np.asarray(picture.convert("RGB")), notes


def has_few_colours(pixels: RGB) -> bool:
    """Whether a palette would hold every colour; of a picture without colour, few shades of grey."""
    height, width = pixels.shape[:2]
    step = max(1, -(-height * width // _SAMPLED))
    some = pixels.reshape(-1, 3)[::step]
    if _distinct(some[::_FIRST_LOOK]) > FEW_COLOURS:
        return False
    most = FEW_GREYS if (some[:, :1] == some[:, 1:]).all() else FEW_COLOURS
    return _distinct(some) <= most


def _distinct(pixels: RGB) -> int:
    channels = pixels.astype(np.uint32)
    colours = np.sort(channels[:, 0] << 16 | channels[:, 1] << 8 | channels[:, 2])
    return 1 + int(
        np.count_nonzero(np.diff(colours))
    )  # numpy.unique imports, which is too late here


def over_white(pixels: RGB, alpha: npt.NDArray[np.uint8]) -> tuple[RGB, tuple[Note, ...]]:
    """What a reader of the page sees; a picture that is opaque throughout keeps its pixels."""
    if (alpha == 255).all():
        return pixels, ()
    picture = Pillow.fromarray(pixels).convert("RGBA")
    picture.putalpha(Pillow.fromarray(alpha))
    white = Pillow.new("RGBA", picture.size, (255, 255, 255, 255))
    white.alpha_composite(picture)
    return np.asarray(white.convert("RGB")), (Note.ALPHA_COMPOSITED,)
