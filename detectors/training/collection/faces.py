"""From a file of a repository to a face for training: kept byte for byte, beside what it was cut from."""

import hashlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Final

from detectors.media.reader import MediaReader
from detectors.training.collection.kinds import Facts, Kept, Kind, Make, Missing, Place

SMALLEST: Final = 64  # pixels on the short side


def maker(reader: MediaReader) -> Make:
    """Writes files as they are, once they have been decoded."""

    def make(content: bytes, path: Path) -> Facts | Missing:
        image = reader.image(BytesIO(content))
        height, width = image.pixels.shape[:2]
        if min(height, width) < SMALLEST:
            return Missing.NO_PICTURE
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.rename(path)
        return {"width": str(width), "height": str(height)}

    return make


def repeats(paths: list[Path]) -> Iterator[tuple[int, int]]:
    """None: a swap looks like the face that it was laid over, and the table has each file once."""
    del paths
    yield from ()


def row(kept: Kept, place: Place, out: Path) -> tuple[object, ...]:
    """A line of the manifest that `face_bank` reads.

    The system of a swap is "METHOD/FILM" with the film that it was made from, that of a real face
    "camera": a swap and the face under it have one owner, and no fold divides them.
    """
    entry, source = kept.entry, place.repository
    swapped = entry.label == "face_swap"
    method, _, film = entry.system.partition("/")
    return (
        kept.path.relative_to(out),
        entry.label,
        method if swapped else "",
        source.group,
        film if swapped else Path(entry.path).stem,
        source.commit,
        entry.path,
        source.licence,
        hashlib.sha256(kept.path.read_bytes()).hexdigest(),
        kept.facts["width"],
        kept.facts["height"],
    )


def looked_at(path: Path, facts: Facts) -> Path:
    """The face itself."""
    del facts
    return path


FACES: Final = Kind(
    suffix=".face",
    facts=("width", "height"),
    columns=(
        "path", "label", "generator", "source", "owner", "commit", "source_path", "licence",
        "sha256", "width", "height",
    ),
    maker=maker,
    repeats=repeats,
    row=row,
    looked_at=looked_at,
)  # fmt: skip
