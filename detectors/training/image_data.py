"""The pictures of a manifest, and the views of each that image models are trained on."""

import csv
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import cv2
import numpy as np

from detectors.image.views import SIDE, Pixels, crop, resized
from detectors.training.laundering import FILES, jpeg, laundered, random_chain, resize

SEED: Final = 20261123
WHOLE_VIEWS: Final = ("whole.clean", "whole.washed.0", "whole.washed.1")
CROP_VIEWS: Final = ("crop.clean", "crop.washed.0", "crop.washed.1")
NAMED: Final = ("jpeg-70", "webp-80", "resize-0.5", "social")
"""Launderings that held-out pictures are measured under, beside the random ones of training."""

SMALL: Final = (112, 256)
"""Pixels on the short side of the small copies that are trained on."""

Views = tuple[Pixels, Pixels]
"""The whole picture and a crop of it."""

NAMED_VIEWS: Final = tuple((f"whole.{name}", f"crop.{name}") for name in NAMED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """One line of the manifest; `thumbnail` is set when `file` holds only a native crop."""

    file: Path
    thumbnail: Path | None
    synthetic: bool
    generator: str
    source: str
    pair: str
    source_format: str
    digest: str
    photoreal: bool  # stated to look like a photograph, though generated
    face_crop: bool  # a face cut out of a compressed film, not a picture as published
    drawn: bool = False  # real, but made by hand

    @property
    def key(self) -> str:
        return self.digest[:16]

    @property
    def photograph(self) -> bool:
        """From a camera, and as it was published."""
        return not self.synthetic and not self.face_crop and not self.drawn


def pictures(manifest: Path) -> list[Picture]:
    """The real and fully generated pictures of a manifest, each digest once.

    Face swaps are left out: most of such a picture is camera-made. The real halves of a source of
    face swaps stay, marked as face crops.
    """
    with manifest.open(newline="") as file:
        rows = list(csv.DictReader(file))
    swapped = {row["source"] for row in rows if row["label"] == "face_swap"}
    found = {
        row["sha256"]: _picture(row, manifest.parent, face_crop=row["source"] in swapped)
        for row in rows
        if row["label"] in {"real", "ai_generated"}
    }
    return [found[digest] for digest in sorted(found)]


def _picture(row: dict[str, str], folder: Path, *, face_crop: bool) -> Picture:
    return Picture(
        file=folder / row["path"],
        thumbnail=folder / row["thumb"] if row["thumb"] else None,
        synthetic=row["label"] == "ai_generated",
        generator=row["generator"],
        source=row["source"],
        pair=row["pair"],
        source_format=row["source_format"],
        digest=row["sha256"],
        photoreal=row.get("photoreal") == "1",
        face_crop=face_crop,
        drawn=row["label"] == "real" and row.get("photoreal") == "0",
    )


def read(file: Path) -> Pixels:
    """Decode a picture file to RGB, EXIF orientation applied."""
    found = cv2.imread(str(file), cv2.IMREAD_COLOR)
    if found is None:
        raise OSError(f"{file} is not a picture")
    return np.asarray(cv2.cvtColor(found, cv2.COLOR_BGR2RGB), dtype=np.uint8)


def generator_for(picture: Picture, view: str) -> np.random.Generator:
    """The same randomness for the same picture and view in every run."""
    return np.random.default_rng([SEED, int(picture.digest[:12], 16), *view.encode()])


def render(picture: Picture, view: str, read: Callable[[Path], Pixels] = read) -> Pixels:
    """One 224 px view of a picture, "whole" or "crop" with what it went through: nothing
    ("clean"), a random chain ("washed.0") or a laundering by its name ("jpeg-70").

    A named laundering leaves little in a picture reduced to a thumbnail, so it is not repeated
    there. Views of the same name show the same place, laundered alike, whatever `read` makes of the
    file.
    """
    rng = generator_for(picture, view)
    kind, _, treatment = view.partition(".")
    washed = treatment.startswith("washed")
    if kind == "whole" and picture.thumbnail is not None:
        thumbnail = read(picture.thumbnail)
        return crop(_wash_thumbnail(thumbnail, rng) if washed else thumbnail, 0.5, 0.5)
    pixels = read(picture.file)
    if washed:
        pixels = random_chain(pixels, rng, min_side=SIDE, factors=(0.45, 1.2))
    elif treatment in FILES:
        pixels = laundered(treatment, pixels)
    if kind == "whole":
        return resized(pixels)
    if not washed:
        return crop(pixels, 0.5, 0.5)
    x, y = rng.uniform(0.15, 0.85, size=2)
    return crop(pixels, float(x), float(y))


def _wash_thumbnail(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Laundering before the reduction leaves little in a thumbnail: another sampling, a codec."""
    factor = float(rng.uniform(1.0, 1.5))
    method = int(rng.choice((cv2.INTER_CUBIC, cv2.INTER_LINEAR, cv2.INTER_LANCZOS4)))
    larger = jpeg(resize(pixels, factor, method), int(rng.integers(60, 97)))
    back = SIDE / min(larger.shape[:2])
    method = int(rng.choice((cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
    return resize(larger, back, method)


def spread(chosen: list[Picture], most: int, of_generator: int) -> list[Picture]:
    """At most `most` of each class of a source, the first of every source before the second of any.

    Once there are `of_generator` pictures of one generator, no more of it are taken, or sites that
    were all made with one would outweigh every other.
    """
    seen: Counter[tuple[str, bool]] = Counter()
    ranked = []
    for picture in chosen:
        own = (picture.source, picture.synthetic)
        ranked.append((seen[own], picture))
        seen[own] += 1
    made: Counter[str] = Counter()
    found = []
    for rank, picture in sorted(ranked, key=lambda pair: pair[0]):
        made[picture.generator] += picture.synthetic
        if rank < most and made[picture.generator] <= of_generator:
            found.append(picture)
    return found


def handed_on(picture: Picture, view: str, read: Callable[[Path], Pixels] = read) -> Pixels:
    """A "whole" or "crop" of a picture as other people get it: washed, or a small copy of it.

    Half of the pictures are reduced to `SMALL` px on their short side and saved again; both views of
    one are then of the same small copy.
    """
    rng = generator_for(picture, "handed")
    if rng.random() < 0.5:
        kind = view.partition(".")[0]
        return render(picture, f"{kind}.washed.0", read)
    pixels = read(picture.thumbnail or picture.file)
    short = min(pixels.shape[:2])
    side = int(rng.integers(SMALL[0], min(SMALL[1], short) + 1)) if short > SMALL[0] else short
    small = random_chain(resize(pixels, side / short), rng, min_side=side, factors=(1.0, 1.0))
    return resized(small) if view.startswith("whole") else crop(small, 0.5, 0.5)


def some_views(manifest: Path, count: int, seed: int) -> Iterator[Views]:
    """Whole and crop of so many pictures of a manifest drawn at random, face crops left out."""
    chosen = [picture for picture in pictures(manifest) if not picture.face_crop]
    for index in np.random.default_rng(seed).choice(len(chosen), count, replace=False):
        yield render(chosen[index], "whole.clean"), render(chosen[index], "crop.clean")
