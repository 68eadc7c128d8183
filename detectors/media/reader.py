"""Open untrusted media: hand a file to the sandboxed decoder and check all that comes back."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, BinaryIO, Final, Literal, TypeVar

import numpy as np
import numpy.typing as npt
from pydantic import Field, ValidationError

from detectors.base import Audio, Image, Kind, LeftOut, Sampled, Video
from detectors.errors import (
    DecoderCrashed,
    MediaError,
    MediaTimeout,
    MediaTooLarge,
    MediaUndecodable,
)
from detectors.media.arriving import Arriving, Seen
from detectors.media.launch import DECODER
from detectors.media.limits import MAX_TRACKS, THUMBNAIL_SIDE, Limits
from detectors.media.notes import Note
from detectors.media.sandbox import Caller, HandlerError, Part, Reply
from detectors.result import Closed

HANDLER: Final = DECODER
"""What to give a `Sandbox` or `SandboxPool` that serves a `MediaReader`."""

ImageContainer = Literal[
    "jpeg", "png", "webp", "avif", "heic", "tiff", "gif", "jp2", "j2k", "bmp",
]  # fmt: skip
FilmContainer = Literal[
    "mp4", "mov", "m4a", "webm", "mkv", "avi", "ogg", "opus", "ogv", "asf", "flv", "mxf",
    "mpegts", "mpegps", "mpegvideo", "ivf", "rm",
]  # fmt: skip
SoundContainer = Literal[
    FilmContainer, "wav", "w64", "aiff", "au", "caf", "flac", "mp3", "mp2", "aac", "amr",
    "wavpack", "ape", "tta", "mpc", "mpc8", "dsf", "voc", "ac3", "eac3", "dts",
]  # fmt: skip

Model = TypeVar("Model", bound=Closed)

_ERRORS: Final[Mapping[str, type[MediaError]]] = {
    "media_undecodable": MediaUndecodable,
    "media_too_large": MediaTooLarge,
    "out_of_memory": MediaTooLarge,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameBudget:
    """How many frames of a film to sample, and how small: `short_side` None keeps their size."""

    frames: int
    short_side: int | None = None


LEAST_FRAMES: Final = 16
"""Frames of a film however short it is: enough to follow a face and to outvote an odd one."""

SHORT_SIDE_KEPT: Final = 720
"""Shorter side in px that frames of films beyond `LEAST_FRAMES` seconds are reduced to."""


class Probe(Closed):
    """What a file says of itself, read without decoding more than one frame."""

    kind: Kind
    container: ImageContainer | SoundContainer
    codec: str = Field(max_length=64)
    width: int | None = Field(default=None, gt=0)  # as shown: turned, with square pixels
    height: int | None = Field(default=None, gt=0)
    orientation: int = Field(default=1, ge=1, le=8)  # EXIF, of a picture
    seconds: float | None = Field(default=None, ge=0)
    fps: float | None = Field(default=None, gt=0)
    frames: int | None = Field(default=None, gt=0)
    has_audio: bool = False
    audio_codec: str | None = Field(default=None, max_length=64)  # of a film
    source_rate: int | None = Field(default=None, gt=0)  # Hz
    jpeg_quality: int | None = Field(default=None, ge=1, le=100)
    lossless: bool | None = None
    notes: tuple[Note, ...] = ()


def one_a_second(probe: Probe, most: int) -> FrameBudget:
    """The budget of a film that is judged: a frame a second, at least `LEAST_FRAMES`.

    Beyond `most` seconds the same number is spread over all of it.
    """
    wanted = math.ceil(probe.seconds or 0)
    if wanted <= LEAST_FRAMES:
        return FrameBudget(frames=min(LEAST_FRAMES, most))
    return FrameBudget(frames=min(wanted, most), short_side=SHORT_SIDE_KEPT)


class _LeftOut(Closed):
    kind: Literal[Kind.AUDIO, Kind.VIDEO]
    number: int = Field(gt=0)
    of: int = Field(gt=0)


_LeftOuts = Annotated[tuple[_LeftOut, ...], Field(max_length=MAX_TRACKS)]


class _Sound(Closed):
    container: SoundContainer
    source_rate: int = Field(gt=0)
    notes: tuple[Note, ...]
    left_out: _LeftOuts


class _Film(Closed):
    container: FilmContainer
    seconds: float = Field(ge=0)
    notes: tuple[Note, ...]
    left_out: _LeftOuts
    sound: _Sound | None = None


class _Sampled(Closed):
    container: FilmContainer
    of: int = Field(gt=0)
    seconds: float = Field(ge=0)
    shot: int = Field(ge=0, lt=2**31)


class _Frame(Closed):
    seconds: float = Field(ge=0)
    count: int = Field(gt=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One frame of a film: RGB uint8, shape (height, width, 3), as players show it."""

    pixels: npt.NDArray[np.uint8]
    seconds: float  # from the start of the film
    count: int  # frames of the film


class MediaReader:
    """Turns files into arrays without opening them in this process.

    Every method reads the whole of `file` whatever its position, takes real files and `BytesIO`,
    and raises `MediaUndecodable`, `MediaTooLarge`, `MediaTimeout` or `DecoderCrashed`.
    """

    def __init__(self, sandbox: Caller, limits: Limits | None = None) -> None:
        """`sandbox` runs `HANDLER`; its owner closes it."""
        self._sandbox = sandbox
        self._limits = limits or Limits()

    def probe(self, file: BinaryIO) -> Probe:
        """Kind, container, size and length, as the decoder sees them."""
        reply = self._ask("probe", file, self._limits.probe_wall_seconds)
        return _checked(Probe, reply.body)

    def image(self, file: BinaryIO) -> Image:
        """The picture; of several, the first."""
        reply = self._ask("image", file, self._limits.image_wall_seconds)
        header = _checked(Probe, {"kind": Kind.IMAGE, **reply.body})
        pixels = _array(reply, "pixels", np.uint8, (None, None, 3))
        if pixels.size == 0 or pixels.shape[:2] != (header.height, header.width):
            raise DecoderCrashed("the decoder sent a picture of another size than it said")
        return Image(
            pixels=pixels,
            container=header.container,
            jpeg_quality=header.jpeg_quality,
            lossless=header.lossless,
            thumbnail=_thumbnail(reply),
            notes=header.notes,
        )

    def audio(self, file: BinaryIO, *, of_a_film: bool = False) -> Audio:
        """The audio track of a recording or a film that players play; a film may take longer."""
        limits = self._limits
        seconds = limits.video_wall_seconds if of_a_film else limits.audio_wall_seconds
        reply = self._ask("audio", file, seconds)
        return _sound(reply, _checked(_Sound, reply.body))

    def video(
        self, file: BinaryIO, budget: FrameBudget, *, sound: bool = True, seen: Seen | None = None
    ) -> Video:
        """Frames spread evenly over the film, and its sound unless that is asked for by itself.

        `seen` hears of each frame while the next one is decoded.
        """
        most, most_bytes = min(budget.frames, self._limits.frames), self._limits.frame_bytes
        arriving = Arriving(most=most, most_bytes=most_bytes, seen=seen)
        wanted = {**asdict(budget), "sound": sound}
        seconds = self._limits.video_wall_seconds
        reply = self._ask(
            "video", file, seconds, lambda part: arriving.add(_sampled(part)), **wanted
        )
        film = _checked(_Film, reply.body)
        return Video(
            frames=arriving.frames,
            times=arriving.times,
            shot=arriving.shots,
            seconds=film.seconds,
            container=film.container,
            audio=None if film.sound is None else _sound(reply, film.sound),
            notes=film.notes,
            left_out=_left_out(film.left_out),
        )

    def frame(self, file: BinaryIO, number: int) -> Frame:
        """The frame of a film with this number, from 0."""
        reply = self._ask("frame", file, self._limits.video_wall_seconds, number=number)
        said = _checked(_Frame, reply.body)
        pixels = _array(reply, "pixels", np.uint8, (None, None, 3))
        if pixels.size == 0:
            raise DecoderCrashed("the decoder sent an empty frame")
        return Frame(pixels=pixels, seconds=said.seconds, count=said.count)

    def _ask(
        self,
        what: str,
        file: BinaryIO,
        seconds: float,
        part: Part | None = None,
        **more: int | None,
    ) -> Reply:
        request = {"do": what, "limits": asdict(self._limits), **more}
        try:
            return self._sandbox.call(request, file, seconds=seconds, part=part)
        except HandlerError as error:
            raise _ERRORS.get(error.code, MediaUndecodable)(error.detail) from error
        except MediaTimeout as error:
            raise MediaTimeout(f"reading the {what} took too long: {error}") from error


def _checked(model: type[Model], untrusted: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate(untrusted)
    except ValidationError as error:
        raise DecoderCrashed(f"the decoder sent a {model.__name__} out of bounds") from error


def _array(
    reply: Reply, name: str, dtype: type[np.generic], shape: tuple[int | None, ...]
) -> npt.NDArray[Any]:
    values = reply.arrays.get(name)
    if (
        values is None
        or values.dtype != dtype
        or values.ndim != len(shape)
        or any(
            want is not None and want != got for want, got in zip(shape, values.shape, strict=True)
        )
    ):
        raise DecoderCrashed(f"the decoder sent no {name} of the right shape")
    return values


def _thumbnail(reply: Reply) -> npt.NDArray[np.uint8] | None:
    if "thumbnail" not in reply.arrays:
        return None
    preview = _array(reply, "thumbnail", np.uint8, (None, None, 3))
    if preview.size == 0 or max(preview.shape) > THUMBNAIL_SIDE:
        raise DecoderCrashed("the decoder sent a thumbnail out of bounds")
    return preview


def _sampled(part: Reply) -> Sampled:
    said = _checked(_Sampled, part.body)
    return Sampled(
        pixels=_array(part, "pixels", np.uint8, (None, None, 3)),
        seconds=said.seconds,
        shot=said.shot,
        of=said.of,
        container=said.container,
    )


def _sound(reply: Reply, said: _Sound) -> Audio:
    samples = _array(reply, "samples", np.float32, (None,))
    if (
        samples.size == 0
        or not np.isfinite(samples.sum(dtype=np.float64))
        or max(samples.max(), -samples.min()) > 1.0
    ):
        raise DecoderCrashed("the decoder sent samples out of bounds")
    return Audio(
        samples=samples,
        source_rate=said.source_rate,
        container=said.container,
        notes=said.notes,
        left_out=_left_out(said.left_out),
    )


def _left_out(said: tuple[_LeftOut, ...]) -> tuple[LeftOut, ...]:
    return tuple(LeftOut(kind=track.kind, number=track.number, of=track.of) for track in said)
