"""What a look-up comes to: originals in the index that a file is a copy or a part of."""

from enum import StrEnum
from typing import Literal

from pydantic import AwareDatetime, Field

from provenance.bounded import Closed, Sha256, Text
from provenance.result import Provenance


class Via(StrEnum):
    """What two files have in common."""

    BYTES = "bytes"  # they are the same file
    PICTURE = "picture"  # a picture, or a still of a film
    FRAMES = "frames"  # the pictures of a film, in the same order and at the same pace
    SOUND = "sound"


class Box(Closed):
    """A rectangle of a picture; edges are shares of its width and height."""

    left: float = Field(ge=0, le=1)
    top: float = Field(ge=0, le=1)
    right: float = Field(ge=0, le=1)
    bottom: float = Field(ge=0, le=1)


class Original(Closed):
    """A file of the index, with what its own credentials said when it was added."""

    sha256: Sha256
    name: Text
    kind: Literal["image", "video", "audio"]
    media_type: Text
    width: int | None = Field(default=None, gt=0)
    height: int | None = Field(default=None, gt=0)
    seconds: float | None = Field(default=None, ge=0)
    added_at: AwareDatetime
    provenance: Provenance | None = None


class Match(Closed):
    """How a file corresponds to one original. Shares are of areas."""

    original: Original
    via: Via
    similarity: float = Field(ge=0, le=1)  # correlation of pictures, agreeing share of sound
    agreeing: int = Field(default=0, ge=0)  # keypoints of a picture, frames of a film, landmarks
    visible: float = Field(default=1, ge=0, le=1)  # share of the original that is shown
    filled: float = Field(default=1, ge=0, le=1)  # share of this picture that shows it
    scale: float | None = Field(default=None, gt=0)  # pixels for each pixel of the original
    turned: float = 0.0  # degrees, counter-clockwise
    mirrored: bool = False
    start: float | None = Field(default=None, ge=0)  # seconds of the original that correspond
    end: float | None = Field(default=None, ge=0)
    altered: tuple[Box, ...] = ()  # places that show something else than the original
