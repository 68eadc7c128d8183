"""HDR pictures at their full depth, shown as on an ordinary screen."""

from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image as Pillow

from detectors.media.notes import Note
from detectors.media.pictures.hdr import to_sdr
from detectors.media.pictures.samples import over_white, rgb
from detectors.media.pictures.survey import Survey, as_file

RGB = npt.NDArray[np.uint8]
Array = npt.NDArray[Any]

_BY_OPENCV: Final = frozenset({"png", "avif"})


def shown(
    picture: Pillow.Image, container: str, data: bytes, survey: Survey
) -> tuple[RGB, tuple[Note, ...]]:
    """sRGB of a picture that `survey` says is meant for HDR screens, not turned yet."""
    if survey.colour is None:
        raise ValueError("not a picture for HDR screens")
    samples, depth, notes = _at_depth(picture, container, data, survey)
    pixels = to_sdr(samples[..., :3], depth, survey.colour)
    if samples.shape[2] == 4:
        alpha = samples[..., 3].astype(np.float32) / ((1 << depth) - 1)
        pixels, more = over_white(pixels, np.rint(255 * alpha).astype(np.uint8))
        notes += more
    return pixels, (*notes, Note.CONVERTED_FROM_HDR)


def _at_depth(
    picture: Pillow.Image, container: str, data: bytes, survey: Survey
) -> tuple[Array, int, tuple[Note, ...]]:
    """RGB or RGBA of shape (height, width, 3 or 4), bits of a sample, notes.

    Where no decoder gives more than 8 bits those are taken: coarse in the shadows, but right.
    """
    still = not getattr(picture, "is_animated", False)
    if still and container in _BY_OPENCV:
        found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        if found is not None:
            return _rgb_first(np.asarray(found)), max(survey.depth, 8), _greyscale(found)
    if still and container == "heic" and survey.depth > 8:
        deep = pillow_heif.open_heif(as_file(data), convert_hdr_to_8bit=False)
        return np.asarray(deep), 16, ()
    pixels, notes = rgb(picture)
    return pixels, 8, notes


def _rgb_first(samples: Array) -> Array:
    """RGB or RGBA from what OpenCV gives: grey, BGR or BGRA."""
    if samples.ndim == 2:
        return np.repeat(samples[..., None], 3, axis=2)
    order = (2, 1, 0, 3)[: samples.shape[2]]
    return np.ascontiguousarray(samples[..., order])


def _greyscale(samples: Array) -> tuple[Note, ...]:
    return (Note.GREYSCALE,) if samples.ndim == 2 else ()
