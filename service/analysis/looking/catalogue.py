"""Every view there is: of which media, what it shows, and how it misleads. Loads no numpy."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from detectors.base import Kind


class View(StrEnum):
    """What can be drawn of a file; `FRAME`, `THUMBNAIL` and `DIFFERENCE` need to be told of what."""

    NATIVE = "native"
    ERROR_LEVEL = "error-level"
    NOISE = "noise"
    GHOSTS = "ghosts"
    CLONES = "clones"
    CONTACT_SHEET = "contact-sheet"
    FRAME = "frame"
    SPECTROGRAM = "spectrogram"
    THUMBNAIL = "thumbnail"
    DIFFERENCE = "difference"


@dataclass(frozen=True, slots=True)
class About:
    """A view in plain words."""

    title: str
    shows: str
    misleads: str


ABOUT: Final = {
    View.NATIVE: About(
        "The picture at full size",
        "The decoded picture, each of its pixels as it is in the file, upright.",
        "It is a picture of the pixels and not the file itself: metadata and hidden data are not in it.",
    ),
    View.ERROR_LEVEL: About(
        "Error level",
        "The picture was saved once more as a JPEG, and this is how much each place changed. A part "
        "that was pasted in may have changed by another amount than its surroundings.",
        "Edges, text and saturated colours are always bright, and smooth areas always dark. Pictures "
        "that were shrunk or saved several times look even everywhere, whatever was done to them.",
    ),
    View.NOISE: About(
        "Noise residual",
        "What is left when the content is smoothed away. The grain of one camera is alike all over "
        "a picture; a part from elsewhere, or one that was painted, may have another grain.",
        "Phones remove grain and sharpen by content, so skin, sky and foliage differ in pictures "
        "that nobody touched. Strong compression leaves blocks in place of grain.",
    ),
    View.GHOSTS: About(
        "JPEG ghosts",
        "The picture was saved at many JPEG qualities. Each place is coloured by the quality at "
        "which it changed least. A part that was saved at a lower quality before it was pasted in "
        "can stand out.",
        "Flat and blown-out areas match any quality. A picture that was scaled after pasting shows "
        "nothing. Different textures settle at different qualities without any edit.",
    ),
    View.CLONES: About(
        "Repeated parts",
        "Places that look like copies of each other are joined by lines: somebody may have "
        "covered one place with another.",
        "Windows, bricks, letters and leaves repeat by nature. A part that was turned, scaled or "
        "smoothed before it was pasted is missed.",
    ),
    View.CONTACT_SHEET: About(
        "Contact sheet",
        "Frames spread evenly over the film, each with its time.",
        "What lies between two of them is not shown.",
    ),
    View.FRAME: About(
        "One frame",
        "A single frame, by its number from 0, upright and in the shape in which players show it.",
        "Compression changes fine detail from frame to frame; that is no edit.",
    ),
    View.SPECTROGRAM: About(
        "Spectrogram and pitch",
        "Time runs to the right and frequency upwards; bright means loud. The line below is the "
        "pitch of a voice where one was found. Marks at the bottom are blue for digital silence "
        "and white where the background changes from one instant to the next.",
        "Codecs and telephones cut off high frequencies, and noise reduction leaves holes. A "
        "change of the background can be a splice, and as well a pause, a door or a noise gate. "
        "The pitch is an estimate: music and several voices at once confuse it.",
    ),
    View.THUMBNAIL: About(
        "Thumbnail in the credentials",
        "A small picture that whoever signed the credentials put into them: what they recorded of "
        "this version, or of a file that it was made from.",
        "It is as believable as its signer, and was not compared with any file. Where the "
        "credentials fail their check it can be from anybody.",
    ),
    View.DIFFERENCE: About(
        "Differences",
        "The second picture was laid over the first. The brighter a place, the more the two differ "
        "there; places that only one of them shows are hatched.",
        "Another compression or size alone leaves a faint difference at every edge. Small shifts "
        "that were not recognised make everything bright.",
    ),
}

OF: Final = {
    Kind.IMAGE: (
        View.NATIVE,
        View.ERROR_LEVEL,
        View.NOISE,
        View.GHOSTS,
        View.CLONES,
        View.THUMBNAIL,
    ),
    Kind.VIDEO: (View.CONTACT_SHEET, View.FRAME, View.SPECTROGRAM, View.THUMBNAIL),
    Kind.AUDIO: (View.SPECTROGRAM, View.THUMBNAIL),
}
"""The views of each kind of media, in the order in which they are offered. Thumbnails are offered
where a manifest has some."""

AIDS: Final = (View.ERROR_LEVEL, View.NOISE, View.GHOSTS, View.CLONES)
"""Views of pictures that show something which is not in the picture itself."""

THUMBNAILS: Final = 24
"""Most thumbnails that are offered of one file, those of the latest versions first."""

_FRAME: Final = re.compile(r"frame-(0|[1-9]\d{0,5})")
_THUMBNAIL: Final = re.compile(r"thumbnail-(0|[1-9]\d?)(?:-(0|[1-9]\d{0,2}))?")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A view as a picture, and what it shows in sentences for whoever does not see it."""

    picture: bytes
    media_type: str
    sentences: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One view of a file: which, and of a film's frame or of a manifest its number.

    `part` is the number of an ingredient of that manifest.
    """

    view: View
    number: int = 0
    part: int | None = None


def asked(untrusted: str) -> Asked | None:
    """The view of this name, such as `noise`, `frame-17` or `thumbnail-0-2`; None: there is none."""
    if found := _FRAME.fullmatch(untrusted):
        return Asked(View.FRAME, int(found[1]))
    if found := _THUMBNAIL.fullmatch(untrusted):
        return Asked(View.THUMBNAIL, int(found[1]), int(found[2]) if found[2] else None)
    plain = (view for view in View if view not in (View.FRAME, View.THUMBNAIL, View.DIFFERENCE))
    return next((Asked(view) for view in plain if view == untrusted), None)


def compared_with(other: str) -> str:
    """The name of the view that shows how a file differs from another scan's."""
    return f"{View.DIFFERENCE}-{other}"
