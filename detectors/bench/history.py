"""Measure how often the traces of `detectors.image.history` are found, and found in vain.

    python -m detectors.bench.history --manifest MANIFEST

Takes the JPEG photographs of a manifest, launders them in known ways, and prints shares.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from detectors.base import Image
from detectors.image.history import history
from detectors.image.views import Pixels
from detectors.training.image_data import pictures, read
from detectors.training.laundering import jpeg, resize

MOST: Final = 300
WITHOUT_GRID: Final = 0.71  # reducing by this leaves none
QUALITIES: Final = (50, 70, 85, 95)
FACTORS: Final = (1.25, 1.5, 1.8)
SIDE: Final = 900


def main() -> None:
    """Print one line a laundering: what was found in what share of the photographs."""
    parser = argparse.ArgumentParser(prog="python -m detectors.bench.history")
    parser.add_argument("--manifest", type=Path, required=True)
    given = parser.parse_args()
    found: dict[str, Counter[str]] = {}
    real = [p for p in pictures(given.manifest) if not p.synthetic and p.source_format == "jpg"]
    step = max(1, len(real) // MOST)
    chosen = real[::step][:MOST]
    for picture in chosen:
        for name, media in _versions(read(picture.file)):
            seen = history(media)
            traces = {"jpeg": seen.was_jpeg, "shifted": seen.shifted, "resized": seen.resized}
            found.setdefault(name, Counter()).update(k for k, value in traces.items() if value)
    for name, counts in found.items():
        shares = ", ".join(
            f"{trace} {counts[trace] / len(chosen):.0%}" for trace in ("jpeg", "shifted", "resized")
        )
        sys.stdout.write(f"{name:28}{shares}\n")


def _versions(pixels: Pixels) -> Iterator[tuple[str, Image]]:
    """The photograph after each treatment, as the file it would lie in."""
    clean = resize(pixels, WITHOUT_GRID)
    yield "as published", Image(pixels=pixels, container="jpeg")
    yield "no grid", Image(pixels=clean, container="png")
    for quality in QUALITIES:
        moved = jpeg(clean, quality)[5:, 3:]
        yield f"JPEG {quality}, cropped", Image(pixels=moved, container="png")
    twice = jpeg(jpeg(clean, 60)[5:, 3:], 90)
    yield "JPEG 60, cropped, JPEG 90", Image(pixels=twice, container="jpeg")
    for factor in FACTORS:
        larger = resize(pixels, factor)[:SIDE, :SIDE]
        yield f"enlarged {factor}", Image(pixels=larger, container="png")
        yield f"enlarged {factor}, JPEG 90", Image(pixels=jpeg(larger, 90), container="jpeg")


if __name__ == "__main__":
    main()
