"""Decode one still picture to 8-bit RGB. Runs in the sandboxed child only."""

import contextlib
import io
import struct
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, BinaryIO, Final

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
import simplejpeg
from PIL import ExifTags
from PIL import Image as Pillow

from detectors.media.limits import THUMBNAIL_SIDE, Limits
from detectors.media.notes import Note
from detectors.media.wire import HandlerError

pillow_heif.register_heif_opener(thumbnails=False)
Pillow.init()  # plug-ins cannot be imported any more once the child is confined
Pillow.MAX_IMAGE_PIXELS = None  # `_within` checks every size, and says so in our words

RGB = npt.NDArray[np.uint8]

# What Pillow's plug-ins raise on damaged files.
_REFUSALS: Final = (
    OSError, SyntaxError, ValueError, ArithmeticError, LookupError, TypeError, AttributeError,
    EOFError, RuntimeError, struct.error, cv2.error,
)  # fmt: skip
_PLUGINS: Final = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "heic": "HEIF",
    "tiff": "TIFF",
    "gif": "GIF",
}
_ORIENTATION_TAG: Final = 0x0112
_PREVIEW_TAG: Final = 0x0201
_PREVIEW_SIZE_TAG: Final = 0x0202
_TURNS: Final[dict[int, Callable[[RGB], Any]]] = {
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}
# Sum of the luminance table of ITU T.81 Annex K, the one libjpeg scales by quality.
_ANNEX_K: Final = np.array(
    [16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69,
     56, 14, 17, 22, 29, 51, 87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104,
     113, 92, 49, 64, 78, 87, 103, 121, 120, 101, 72, 92, 95, 98, 112, 100, 103, 99]
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a picture file says of itself; width and height are those after turning."""

    container: str
    codec: str
    width: int
    height: int
    orientation: int
    jpeg_quality: int | None
    notes: tuple[Note, ...]


def read_header(file: BinaryIO, container: str, limits: Limits) -> Header:
    """Size and description without decoding. Raises `HandlerError`."""
    with _refusing_damage(container):
        return _header(_open(file, container, limits), container)


def decode(file: BinaryIO, container: str, limits: Limits) -> tuple[Header, RGB, RGB | None]:
    """Header, pixels of shape (height, width, 3) and the preview in EXIF, where one can be read.

    Raises `HandlerError`.
    """
    with _refusing_damage(container):
        picture = _open(file, container, limits)
        header = _header(picture, container)
        pixels, notes = _jpeg(file, picture) if container == "jpeg" else _pillow(picture)
        # Pillow's TIFF plug-in turns the picture itself, and then no longer says how it stood.
        turn = _TURNS.get(_orientation(picture), np.asarray)
        preview = _preview(picture) if container == "jpeg" else None
    return (
        replace(header, notes=header.notes + notes),
        turn(pixels),
        None if preview is None else turn(preview),
    )


@contextlib.contextmanager
def _refusing_damage(container: str) -> Iterator[None]:
    try:
        yield
    except _REFUSALS as error:
        detail = f"the {container.upper()} data is truncated or damaged"
        raise HandlerError("media_undecodable", detail) from error


def _open(file: BinaryIO, container: str, limits: Limits) -> Pillow.Image:
    """Read the header with the one plug-in for this container, and refuse what is too large."""
    with warnings.catch_warnings(action="ignore"):
        picture = Pillow.open(file, formats=[_PLUGINS[container]])
    if picture.width * picture.height > limits.pixels:
        size = f"{picture.width:,} x {picture.height:,}"
        detail = f"the picture has {size} pixels; {limits.pixels:,} are allowed"
        raise HandlerError("media_too_large", detail)
    return picture


def _header(picture: Pillow.Image, container: str) -> Header:
    orientation = _orientation(picture)
    width, height = picture.size
    if orientation >= 5 and container != "tiff":  # Pillow swaps a TIFF's itself
        width, height = height, width
    tables = getattr(picture, "quantization", None)
    found = (
        (Note.ORIENTATION_APPLIED, orientation != 1),
        (Note.COLOUR_PROFILE_IGNORED, bool(picture.info.get("icc_profile"))),
        (Note.FIRST_FRAME_ONLY, container != "jpeg" and getattr(picture, "is_animated", False)),
    )
    return Header(
        container=container,
        codec=container,
        width=width,
        height=height,
        orientation=orientation,
        jpeg_quality=estimated_quality(tables[0]) if container == "jpeg" and tables else None,
        notes=tuple(note for note, true in found if true),
    )


def _orientation(picture: Pillow.Image) -> int:
    """EXIF orientation 1..8; 1 where the metadata is missing or damaged."""
    try:
        value = picture.getexif().get(_ORIENTATION_TAG, 1)
    except _REFUSALS:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _preview(picture: Pillow.Image) -> RGB | None:
    """The JPEG that the second directory of EXIF points to; None for whatever is wrong with it."""
    try:
        where = picture.getexif().get_ifd(ExifTags.IFD.IFD1)
        start, size = where.get(_PREVIEW_TAG, 0), where.get(_PREVIEW_SIZE_TAG, 0)
        block = picture.info.get("exif", b"").removeprefix(b"Exif\x00\x00")
        preview = Pillow.open(io.BytesIO(block[start : start + size]), formats=["JPEG"])
        if max(preview.size) > THUMBNAIL_SIDE:
            return None
        return np.asarray(preview.convert("RGB"))
    except _REFUSALS:
        return None


def _jpeg(file: BinaryIO, picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]]:
    """libjpeg-turbo through simplejpeg, which, unlike Pillow, can tell damage from health."""
    if picture.mode not in ("RGB", "L"):
        return _pillow(picture)
    file.seek(0)
    greyscale = (Note.GREYSCALE,) if picture.mode == "L" else ()
    try:
        return simplejpeg.decode_jpeg(file.read(), "RGB", strict=True), greyscale
    except ValueError as error:
        if "Premature end of JPEG file" in str(error):
            raise
    pixels, notes = _pillow(picture)
    return pixels, (*notes, Note.DAMAGED)


def _pillow(picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]]:
    picture.load()
    mode = picture.mode
    if mode.startswith("I;16"):
        grey = (np.asarray(picture).astype(np.uint16) >> 8).astype(np.uint8)
        return np.repeat(grey[..., None], 3, axis=2), (Note.GREYSCALE, Note.REDUCED_TO_8_BITS)
    if mode in ("I", "F"):
        raise ValueError("samples of 32 bits are not read")
    if "transparency" in picture.info or mode in ("RGBA", "LA", "PA", "La", "RGBa"):
        return _over_white(picture.convert("RGBA"))
    notes = {"CMYK": (Note.CONVERTED_FROM_CMYK,), "L": (Note.GREYSCALE,), "1": (Note.GREYSCALE,)}
    return np.asarray(picture.convert("RGB")), notes.get(mode, ())


def _over_white(picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]]:
    """What a reader of the page sees; a picture that is opaque throughout keeps its pixels."""
    if picture.getchannel("A").getextrema() == (255, 255):
        return np.asarray(picture.convert("RGB")), ()
    white = Pillow.new("RGBA", picture.size, (255, 255, 255, 255))
    white.alpha_composite(picture)
    return np.asarray(white.convert("RGB")), (Note.ALPHA_COMPOSITED,)


def estimated_quality(table: list[int]) -> int:
    """The libjpeg quality, 1..100, whose luminance table comes nearest in sum to this one."""
    qualities = np.arange(1, 101)
    scale = np.where(qualities < 50, 5000 // qualities, 200 - 2 * qualities)
    tables = np.clip((_ANNEX_K[None] * scale[:, None] + 50) // 100, 1, 255)
    return int(qualities[np.abs(tables.sum(axis=1) - sum(table)).argmin()])
