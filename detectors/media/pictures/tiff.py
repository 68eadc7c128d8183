"""TIFF: samples that Pillow reads as something else or not at all, and pages that are no pictures."""

import io
from collections.abc import Mapping
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.pictures.damage import REFUSALS
from detectors.media.pictures.survey import require_pixels
from detectors.media.pictures.turn import turned
from detectors.media.wire import HandlerError

RGB = npt.NDArray[np.uint8]
Tags = Mapping[int, Any]

_SUBFILE, _WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 254, 256, 257, 258, 259, 262
_ORIENTATION, _FORMAT = 274, 339
_REDUCED_OR_MASK: Final = 0b101
_MOST_PAGES: Final = 64
_LOSSY: Final = frozenset({6, 7, 34887, 34892, 50001})  # JPEG, LERC, WebP
_COLOURS: Final = {
    0: "white-is-zero", 1: "grey", 2: "RGB", 3: "palette", 4: "mask", 5: "printing-colour",
    6: "YCbCr", 8: "CIELAB", 9: "ICC LAB", 10: "ITU LAB", 32803: "raw sensor", 32844: "LogL",
    32845: "LogLuv", 34892: "linear raw",
}  # fmt: skip
_WHITE_IS_ZERO: Final = 0
_CIELAB: Final = 8
_PLAIN: Final = frozenset({_WHITE_IS_ZERO, 1, 2})
_UNSIGNED, _FLOAT = 1, 3
_FORMATS: Final = {1: "whole-number", 2: "whole-number with a sign", 3: "floating-point"}


def first_page(picture: Pillow.Image) -> tuple[Note, ...]:
    """Go to the first page that is a picture and no reduced copy or mask, and say what is left out."""
    pages, damaged = _pages(picture)
    readable = [page for page, is_read in pages if is_read]
    picture.seek(readable[0] if readable else 0)
    found = (
        (Note.FIRST_FRAME_ONLY, len(pages) > 1),
        (Note.DAMAGED, damaged),
        (Note.REDUCED_TO_8_BITS, _tag(_tags(picture), _BITS, 1) > 8 and picture.mode != "F"),
    )
    return tuple(note for note, true in found if true)


def _pages(picture: Pillow.Image) -> tuple[list[tuple[int, bool]], bool]:
    """The pages that are pictures, each with whether Pillow reads it, and whether one is damaged.

    A page without a size is none: signers of C2PA put their manifest into one.
    """
    pages: list[tuple[int, bool]] = []
    if not _tags(picture):  # it was read by OpenCV
        return pages, False
    for page in range(_MOST_PAGES):
        is_read = True
        try:
            picture.seek(page)
        except EOFError:
            return pages, False
        except REFUSALS:  # of a kind that Pillow does not know, or of no size
            is_read = False
        tags = _tags(picture)
        if not tags:  # it lies beyond the end of the file
            return pages, True
        if _WIDTH in tags and not _tag(tags, _SUBFILE, 0) & _REDUCED_OR_MASK:
            pages.append((page, is_read))
    return pages, False


def is_lossless(picture: Pillow.Image) -> bool:
    return _tag(_tags(picture), _COMPRESSION, 1) not in _LOSSY


def pixels(picture: Pillow.Image) -> tuple[RGB, tuple[Note, ...]] | None:
    """RGB of what Pillow reads but does not understand; None where it does.

    Raises `HandlerError` for samples whose black and white nobody knows.
    """
    tags = _tags(picture)
    if picture.mode == "LAB":
        picture.load()
        return _from_lab(picture), (Note.CONVERTED_FROM_LAB,)
    if _tag(tags, _FORMAT, _UNSIGNED) == _UNSIGNED and not picture.mode.startswith("I"):
        return None
    bits, kind, negative = _tag(tags, _BITS, 1), _format(tags), _is_negative(tags)
    if kind != _FLOAT and not picture.mode.startswith("I;16"):
        raise _unread(tags)
    picture.load()
    found, notes = _eight_bits(np.asarray(picture), bits, negative=negative)
    return found, (*notes, Note.GREYSCALE)


def otherwise(data: bytes, limits: Limits) -> tuple[Pillow.Image, tuple[Note, ...]]:
    """The first page by OpenCV, upright: deeper samples of kinds that Pillow refuses.

    Raises `HandlerError` that says what kind of TIFF is not read.
    """
    tags = _directory(data)
    if _WIDTH not in tags:
        raise ValueError("the directory of the first page is not there")
    require_pixels(_tag(tags, _WIDTH, 0), _tag(tags, _HEIGHT, 0), limits)
    if _tag(tags, _PHOTOMETRIC, -1) not in _PLAIN or _format(tags) not in (_UNSIGNED, _FLOAT):
        raise _unread(tags)
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise _unread(tags)
    decoded = np.asarray(decoded)
    if decoded.ndim == 3:
        decoded = decoded[..., 2::-1]
    found, notes = _eight_bits(decoded, 8 * decoded.itemsize, negative=_is_negative(tags))
    if decoded.ndim == 2:
        notes += (Note.GREYSCALE,)
    if getattr(tags, "next", 0):
        notes += (Note.FIRST_FRAME_ONLY,)
    orientation = _tag(tags, _ORIENTATION, 1)
    if orientation != 1:
        notes += (Note.ORIENTATION_APPLIED,)
    return Pillow.fromarray(turned(found, orientation)), notes


def _eight_bits(
    samples: npt.NDArray[Any], bits: int, *, negative: bool
) -> tuple[RGB, tuple[Note, ...]]:
    notes: tuple[Note, ...]
    if samples.dtype.kind == "f":
        reduced, notes = _from_floats(samples), (Note.FLOATING_POINT,)
    else:
        reduced = (samples >> max(bits - 8, 0)).astype(np.uint8)
        notes = (Note.REDUCED_TO_8_BITS,) if bits > 8 else ()
    if negative:
        reduced = 255 - reduced
    if reduced.ndim == 2:
        reduced = np.repeat(reduced[..., None], 3, axis=2)
    return reduced, notes


def _from_floats(samples: npt.NDArray[Any]) -> RGB:
    """0 is black and 1 is white; of samples beyond, nothing says which is which."""
    lowest, highest = float(samples.min()), float(samples.max())
    if not (lowest >= 0 and highest <= 1):
        detail = (
            "its floating-point samples are not within 0 and 1, and nothing says which of them "
            "is black and which is white"
        )
        raise HandlerError("media_undecodable", detail)
    return np.asarray(np.rint(samples * 255), np.uint8)


def _from_lab(picture: Pillow.Image) -> RGB:
    """8-bit CIELAB of the white D50, as TIFF has it, to sRGB."""
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    shown = ImageCms.profileToProfile(picture, lab, srgb, outputMode="RGB")
    if shown is None:
        raise ValueError("the colours were not converted")
    return np.asarray(shown)


def _unread(tags: Tags) -> HandlerError:
    colours = _COLOURS.get(_tag(tags, _PHOTOMETRIC, -1), "unnamed")
    kind = _FORMATS.get(_format(tags), "unknown")
    bits = _tag(tags, _BITS, 1)
    detail = f"TIFF with {colours} samples of {bits} bits ({kind}) is not read here"
    return HandlerError("media_undecodable", detail)


def _directory(data: bytes) -> Tags:
    """The tags of the first page. Raises what Pillow raises on damage."""
    file = io.BytesIO(data)
    header = file.read(8)
    if header[2:4] in (b"+\x00", b"\x00+"):
        header += file.read(8)
    tags = ImageFileDirectory_v2(header)
    file.seek(tags.next)
    tags.load(file)
    return tags


def _tags(picture: Pillow.Image) -> Tags:
    return getattr(picture, "tag_v2", {})


def _format(tags: Tags) -> int:
    return _tag(tags, _FORMAT, _UNSIGNED)


def _is_negative(tags: Tags) -> bool:
    return _tag(tags, _PHOTOMETRIC, 1) == _WHITE_IS_ZERO


def _tag(tags: Tags, tag: int, default: int) -> int:
    """The value, or the first of several; the default for what is missing or no number."""
    value = tags.get(tag, default)
    if isinstance(value, tuple) and value:
        value = value[0]
    return value if isinstance(value, int) else default
