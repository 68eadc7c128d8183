"""EXIF as far as it matters for the pixels: which way up, and the preview."""

import io
from typing import Final

import numpy as np
import numpy.typing as npt
from PIL import ExifTags
from PIL import Image as Pillow

from detectors.media.limits import THUMBNAIL_SIDE
from detectors.media.pictures.damage import REFUSALS

RGB = npt.NDArray[np.uint8]

_XMP: Final = ("xmp", "XML:com.adobe.xmp")
_ORIENTATION_TAG: Final = 0x0112
_PREVIEW_TAG: Final = 0x0201
_PREVIEW_SIZE_TAG: Final = 0x0202


def forget_xmp(picture: Pillow.Image) -> None:
    """Keep Pillow from turning a picture as XMP asks, which no browser and no viewer does."""
    for key in _XMP:
        picture.info.pop(key, None)


def orientation_of(picture: Pillow.Image) -> int:
    """EXIF orientation 1..8; 1 where the metadata is missing or damaged."""
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    except REFUSALS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def preview_of(picture: Pillow.Image) -> RGB | None:
    """The JPEG that the second directory of EXIF points to; None for whatever is wrong with it."""
    try:
        where = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
        start, size = where.get(_PREVIEW_TAG, 0), where.get(_PREVIEW_SIZE_TAG, 0)
        block = picture.info.get("exif", b"").removeprefix(b"Exif\x00\x00")
        preview = Pillow.open(io.BytesIO(block[start : start + size]), formats=["JPEG"])
        if max(preview.size) > THUMBNAIL_SIDE:
            return None
        return np.asarray(preview.convert("RGB"))
    except REFUSALS:
        return None
