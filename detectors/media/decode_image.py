"""Decode one still picture to 8-bit RGB. Runs in the sandboxed child only."""

import contextlib
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import BinaryIO, Final

import cv2
import numpy as np
import numpy.typing as npt
import pillow_heif
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.pictures import deep, heif, jpeg, jpeg2000, png, samples, tiff, webp
from detectors.media.pictures.crop import Crop, crop_of
from detectors.media.pictures.damage import REFUSALS
from detectors.media.pictures.exif import forget_xmp, orientation_of, preview_of
from detectors.media.pictures.hdr import colour_in_profile
from detectors.media.pictures.survey import Survey, as_file, require_pixels
from detectors.media.pictures.tables import estimated_quality
from detectors.media.pictures.turn import turned
from detectors.media.wire import HandlerError

pillow_heif.register_heif_opener(thumbnails=False)
Pillow.init()  # plug-ins cannot be imported any more once the child is confined
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # refusals are told in our words
Pillow.MAX_IMAGE_PIXELS = None  # `require_pixels` checks every size, and says so in our words

RGB = npt.NDArray[np.uint8]

_PLUGINS: Final = {
    "jpeg": "JPEG",
    "png": "PNG",
    "webp": "WEBP",
    "avif": "AVIF",
    "heic": "HEIF",
    "tiff": "TIFF",
    "gif": "GIF",
    "jp2": "JPEG2000",
    "j2k": "JPEG2000",
    "bmp": "BMP",
}
_SURVEYS: Final[Mapping[str, Callable[[bytes], Survey]]] = {
    "jpeg": jpeg.survey,
    "png": png.survey,
    "webp": webp.survey,
    "avif": heif.survey,
    "heic": heif.survey,
    "jp2": jpeg2000.survey,
    "j2k": jpeg2000.survey,
    "bmp": lambda data: Survey(file=as_file(data), lossless=True),
}
_NAMES: Final = {"jpegls": "JPEG-LS"}
_ANIMATED: Final = frozenset({"png", "gif", "webp", "avif"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What a picture file says of itself; width and height are those after turning."""

    container: str
    codec: str
    width: int
    height: int
    orientation: int
    jpeg_quality: int | None
    lossless: bool | None  # whether pixels are kept as they are; None where nobody knows
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Opened:
    """A file whose header was read: by Pillow, and what its container says besides."""

    container: str
    data: bytes
    picture: Pillow.Image
    survey: Survey
    crop: Crop | None


def read_header(file: BinaryIO, container: str, limits: Limits) -> Header:
    """Size and description without decoding. Raises `HandlerError`."""
    with _refusing_damage(container):
        return _header(_open(file, container, limits))


def decode(file: BinaryIO, container: str, limits: Limits) -> tuple[Header, RGB, RGB | None]:
    """Header, pixels of shape (height, width, 3) and the preview in EXIF, where one can be read.

    Raises `HandlerError`.
    """
    with _refusing_damage(container):
        opened = _open(file, container, limits)
        header = _header(opened)
        pixels, notes = _pixels(opened)
        if opened.crop is not None:
            pixels = opened.crop.of(pixels)
        if samples.has_few_colours(pixels):
            notes += (Note.FEW_COLOURS,)
        # Pillow's TIFF plug-in turns the picture itself, and then no longer says how it stood.
        orientation = orientation_of(opened.picture)
        preview = preview_of(opened.picture) if container == "jpeg" else None
    return (
        replace(header, notes=tuple(dict.fromkeys(header.notes + notes))),
        turned(pixels, orientation),
        None if preview is None else turned(preview, orientation),
    )


@contextlib.contextmanager
def _refusing_damage(container: str) -> Iterator[None]:
    try:
        yield
    except REFUSALS as error:
        name = container.upper()
        detail = f"the {name} data is truncated or damaged"
        raise HandlerError("media_undecodable", detail) from error


def _open(file: BinaryIO, container: str, limits: Limits) -> _Opened:
    """Read the header with the one plug-in for this container, and refuse what is too large."""
    if container not in _PLUGINS:
        named = _NAMES.get(container, container)
        raise HandlerError("media_undecodable", f"{named} is not read here")
    file.seek(0)
    data = file.read()
    survey = _SURVEYS.get(container, _unsurveyed)(data)
    picture = _header_read(survey.file, container)
    if picture is None:
        picture, notes = tiff.otherwise(data, limits)
        survey = replace(survey, notes=survey.notes + notes)
    require_pixels(picture.width, picture.height, limits)
    if container == "tiff":
        notes = survey.notes + tiff.first_page(picture)
        survey = replace(survey, notes=notes, lossless=tiff.is_lossless(picture))
        require_pixels(picture.width, picture.height, limits)
    elif picture.info.get("default_image"):
        picture.seek(1)  # the first one is for readers that know no animation
    forget_xmp(picture)
    if survey.colour is None:
        profile = picture.info.get("icc_profile") or b""
        survey = replace(survey, colour=colour_in_profile(profile))
    still = not getattr(picture, "is_animated", False)
    crop = crop_of(data, picture.size) if container == "avif" and still else None
    return _Opened(container=container, data=data, picture=picture, survey=survey, crop=crop)


def _unsurveyed(data: bytes) -> Survey:
    return Survey(file=as_file(data))


def _header_read(file: BinaryIO, container: str) -> Pillow.Image | None:
    """The picture, not decoded yet; None for a TIFF of a kind that Pillow does not know."""
    with warnings.catch_warnings(action="ignore"):
        try:
            return Pillow.open(file, formats=[_PLUGINS[container]])
        except UnidentifiedImageError:
            if container == "tiff":
                return None
            raise


def _header(opened: _Opened) -> Header:
    picture, container, survey = opened.picture, opened.container, opened.survey
    orientation = orientation_of(picture)
    crop = opened.crop
    width, height = (crop.width, crop.height) if crop else picture.size
    if orientation >= 5 and container != "tiff":  # Pillow swaps a TIFF's itself
        width, height = height, width
    tables = getattr(picture, "quantization", None)
    is_jpeg = container == "jpeg"
    animated = not is_jpeg and getattr(picture, "is_animated", False)
    several = jpeg.several(picture, survey.notes) if is_jpeg else animated
    found = (
        (Note.ORIENTATION_APPLIED, orientation != 1),
        (Note.CROPPED, crop is not None and crop.hides_some_of(picture.size)),
        (Note.COLOUR_PROFILE_IGNORED, _has_foreign_colours(picture) and not _is_hdr(survey)),
        (Note.ONE_FRAME_ONLY, animated and container in _ANIMATED),
        (Note.FIRST_FRAME_ONLY, several and container not in (*_ANIMATED, "tiff")),
    )
    return Header(
        container=container,
        codec=container,
        width=width,
        height=height,
        orientation=orientation,
        jpeg_quality=estimated_quality(tables[0]) if is_jpeg and tables else None,
        lossless=survey.lossless,
        notes=tuple(dict.fromkeys((*(note for note, true in found if true), *survey.notes))),
    )


def _has_foreign_colours(picture: Pillow.Image) -> bool:
    """Whether a profile says what colours are; of CIELAB it can say nothing new."""
    return bool(picture.info.get("icc_profile")) and picture.mode != "LAB"


def _is_hdr(survey: Survey) -> bool:
    return survey.colour is not None and survey.colour.hdr is not None


def _pixels(opened: _Opened) -> tuple[RGB, tuple[Note, ...]]:
    """RGB, not turned yet, and what was changed to get it."""
    picture, container = opened.picture, opened.container
    if _is_hdr(opened.survey):
        return deep.shown(picture, container, opened.data, opened.survey)
    found = None
    if container == "jpeg":
        found = jpeg.pixels(opened.data, picture)
    elif container == "tiff":
        found = tiff.pixels(picture)
    elif container in ("jp2", "j2k"):
        picture = jpeg2000.in_order(picture, opened.data)
    return samples.rgb(picture) if found is None else found
