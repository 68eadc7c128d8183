"""The media that several benchmarks measure with, made here."""

from typing import Final

from tests import media
from tests.sounds import speech_like

FILM_SECONDS: Final = 60


def photograph() -> bytes:
    """A JPEG of 12 megapixels."""
    return media.jpeg(media.photograph(4000, 3000), 92)


def film(lines: int = 1080) -> bytes:
    """A minute of MP4 in six shots, 16:9, with speech."""
    return media.video_bytes(
        seconds=FILM_SECONDS,
        width=lines * 16 // 9,
        height=lines,
        fps=24,
        shots=6,
        sound=speech_like(float(FILM_SECONDS), 4),
        real=True,
    )
