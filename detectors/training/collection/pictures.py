"""From a file of a repository to a picture for training: decoded by the product, cut at its own size."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.media.reader import MediaReader
from detectors.training.collection.kinds import Facts, Kept, Kind, Make, Missing, Place

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SMALLEST: Final = 64  # pixels on the short side; less is an icon
LONGEST_SHAPE: Final = 3.0  # long side by short side; more is a banner
WHOLE: Final = 600  # pixels on the long side up to which a picture is kept as it is
SIDE: Final = 384  # of a native crop
GRID: Final = 16  # crops start on it, so that blocks of a JPEG stay where they were
THUMBNAIL: Final = 224  # short side of the whole picture beside a crop
QUALITY: Final = 80  # of that thumbnail's JPEG
PLAIN: Final = 4.0  # standard deviation of brightness up to which there is nothing to see
FORMATS: Final = {"jpeg": "jpg"}  # as manifests call them
_LOOK: Final = 16  # pixels a side of what two pictures are compared by
_SAME: Final = 0.995  # cosine of two looks from which on they are one picture
_ROWS: Final = 1000  # looks compared at once


@dataclass(frozen=True, slots=True)
class Cut:
    """A picture, shape (height, width, 3), whole or a native crop of it, and what it was."""

    pixels: Pixels
    thumbnail: Pixels | None
    box: tuple[int, int, int, int] | None  # left, top, width, height of the crop
    width: int
    height: int
    container: str


def cut_of(content: bytes, reader: MediaReader) -> Cut | None:
    """The picture or its crop; None for icons, banners and plain areas.

    Raises `MediaError` for what cannot be decoded.
    """
    image = reader.image(BytesIO(content))
    pixels = image.pixels
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    if short < SMALLEST or long > LONGEST_SHAPE * short or float(pixels.std()) < PLAIN:
        return None
    container = FORMATS.get(image.container, image.container)
    if long <= WHOLE or short <= SIDE:
        return Cut(pixels, None, None, width, height, container)
    left, top = _textured(pixels)
    return Cut(
        pixels[top : top + SIDE, left : left + SIDE],
        _reduced(pixels),
        (left, top, SIDE, SIDE),
        width,
        height,
        container,
    )


def write(cut: Cut, path: Path, thumbnail: Path) -> None:
    """Keep pixels as PNG, which holds nothing but them, and the whole picture as a small JPEG."""
    if cut.thumbnail is not None:
        thumbnail.parent.mkdir(parents=True, exist_ok=True)
        _encode(cut.thumbnail, thumbnail, ".jpg", [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    _encode(cut.pixels, path, ".png", [])


def look(path: Path) -> Floats:
    """What two copies of a picture have in common whatever their size, shape (768,), length 1."""
    small = cv2.resize(_read(path), (_LOOK, _LOOK), interpolation=cv2.INTER_AREA)
    found = small.astype(np.float32).reshape(-1)
    found -= found.mean()
    return np.asarray(found / max(float(np.linalg.norm(found)), 1e-6), np.float32)


def repeats(paths: list[Path]) -> Iterator[tuple[int, int]]:
    """Pairs of pictures (earlier, later) that are the same picture."""
    if not paths:
        return
    looks = np.stack([look(path) for path in paths])
    for first in range(0, len(paths), _ROWS):
        likeness = looks[first : first + _ROWS] @ looks.T
        for row, column in zip(*np.nonzero(likeness > _SAME), strict=True):
            if first + row < column:
                yield int(first + row), int(column)


def maker(reader: MediaReader) -> Make:
    """Writes pictures, or native crops of them beside a thumbnail."""

    def make(content: bytes, path: Path) -> Facts | Missing:
        cut = cut_of(content, reader)
        if cut is None:
            return Missing.NO_PICTURE
        write(cut, path, _thumbnail(path))
        return {
            "source_width": str(cut.width),
            "source_height": str(cut.height),
            "source_format": cut.container,
            "lossless_crop": "" if cut.box is None else " ".join(map(str, cut.box)),
        }

    return make


def row(kept: Kept, place: Place, out: Path) -> tuple[object, ...]:
    """A line of the manifest that trainings of pictures read."""
    entry, source, facts = kept.entry, place.repository, kept.facts
    generated = entry.label == "ai_generated"
    return (
        kept.path.relative_to(out),
        entry.label,
        entry.system if generated else "",
        source.group,
        source.group if place.both else "",
        int(source.look == "photographs") if generated else int(entry.system == "camera"),
        source.commit,
        entry.path,
        source.licence,
        entry.sha256,
        hashlib.sha256(kept.path.read_bytes()).hexdigest(),
        facts["source_width"],
        facts["source_height"],
        facts["source_format"],
        facts["lossless_crop"],
        _thumbnail(kept.path).relative_to(out) if facts["lossless_crop"] else "",
    )


def looked_at(path: Path, facts: Facts) -> Path:
    """The whole picture."""
    return _thumbnail(path) if facts["lossless_crop"] else path


PICTURES: Final = Kind(
    suffix=".png",
    facts=("source_width", "source_height", "source_format", "lossless_crop"),
    columns=(
        "path", "label", "generator", "source", "pair", "photoreal", "commit", "source_path",
        "licence", "source_sha256", "sha256", "source_width", "source_height", "source_format",
        "lossless_crop", "thumb",
    ),
    maker=maker,
    repeats=repeats,
    row=row,
    looked_at=looked_at,
)  # fmt: skip


def _thumbnail(path: Path) -> Path:
    return path.parent / "thumbs" / f"{path.stem}.jpg"


def _textured(pixels: Pixels) -> tuple[int, int]:
    """Left and top of the place with most texture, of nine spread over the picture."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height, width = grey.shape
    best, found = -1.0, (0, 0)
    for down in (0.0, 0.5, 1.0):
        for along in (0.5, 0.0, 1.0):
            left = round(along * (width - SIDE)) // GRID * GRID
            top = round(down * (height - SIDE)) // GRID * GRID
            place = grey[top : top + SIDE, left : left + SIDE]
            texture = float(np.abs(cv2.Laplacian(place, cv2.CV_16S)).mean())
            if texture > best:
                best, found = texture, (left, top)
    return found


def _reduced(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    factor = THUMBNAIL / min(height, width)
    size = (round(width * factor), round(height * factor))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _encode(pixels: Pixels, path: Path, suffix: str, options: list[int]) -> None:
    done, encoded = cv2.imencode(suffix, cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise OSError(f"{path} cannot be written")
    part = path.with_suffix(".part")
    part.write_bytes(encoded.tobytes())
    part.rename(path)


def _read(path: Path) -> Pixels:
    found = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if found is None:
        raise OSError(f"{path} is not a picture")
    return np.asarray(found, np.uint8)
