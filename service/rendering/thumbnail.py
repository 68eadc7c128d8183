"""A preview made small for a list; previews are JPEGs that our own workers drew."""

import io
from typing import Final

LONG_SIDE: Final = 144
"""Pixels: twice what the page gives it, for displays that are twice as fine."""

QUALITY: Final = 70
STRIP: Final = 8
"""From this many times as wide as high a preview is a strip of frames, of which one is shown."""


def small(preview: bytes) -> bytes:
    """A JPEG at most `LONG_SIDE` wide and high."""
    from PIL import Image  # five megabytes that most processes never need

    with Image.open(io.BytesIO(preview), formats=("JPEG",)) as picture:
        picture.draft("RGB", (2 * LONG_SIDE, 2 * LONG_SIDE))
        width, height = picture.size
        middle = width // 2 if width >= STRIP * height else 0
        shown = picture.crop((middle, 0, middle + height * 4 // 3, height)) if middle else picture
        shown.thumbnail((LONG_SIDE, LONG_SIDE), reducing_gap=2.0)
        written = io.BytesIO()
        shown.convert("RGB").save(written, "JPEG", quality=QUALITY)
    return written.getvalue()
