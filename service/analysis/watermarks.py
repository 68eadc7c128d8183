"""Read the hidden marks of generators from decoded media: of pictures always, of sound if wanted."""

from dataclasses import dataclass
from typing import Final

from detectors.base import AUDIO_RATE, Audio, Image, Media, Video
from provenance import perth
from provenance.declared import Watermark
from provenance.errors import WeightsUnusable
from provenance.watermark import find_watermarks
from service.reporting.report import NotChecked

NO_AUDIO_WATERMARK: Final = "no_audio_watermark"
"""Reason code of a mark in sound that was to be looked for and could not be."""


@dataclass(frozen=True, slots=True)
class Marks:
    """Every mark looked for, and what could not be."""

    watermarks: tuple[Watermark, ...] = ()
    missing: tuple[NotChecked, ...] = ()


def read(media: Media, *, in_sound: bool) -> Marks:
    """Look for every known mark; `in_sound` costs 60 ms a second, of at most 16."""
    if isinstance(media, Image):
        return Marks(find_watermarks(media.pixels))
    sound = media.audio if isinstance(media, Video) else media
    return _of_sound(sound) if in_sound and sound is not None else Marks()


def _of_sound(sound: Audio) -> Marks:
    try:
        found = perth.find_mark(sound.samples, AUDIO_RATE)
    except WeightsUnusable as error:
        statement = f"The sound could not be searched for a watermark: {error}."
        gap = NotChecked(what="audio watermark", reason=NO_AUDIO_WATERMARK, statement=statement)
        return Marks(missing=(gap,))
    return Marks() if found is None else Marks((found,))
