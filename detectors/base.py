"""The one interface every detector has, and the decoded media it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, Self, runtime_checkable

if TYPE_CHECKING:  # the web process imports this module and must stay free of numpy
    import numpy as np
    import numpy.typing as npt

    from detectors.zoo.card import ModelCard

AUDIO_RATE = 16_000
"""Samples per second of every `Audio`, whatever the file had."""


class Kind(StrEnum):
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """A decoded picture: RGB, uint8, shape (height, width, 3), EXIF orientation applied."""

    pixels: "npt.NDArray[np.uint8]"
    container: str  # "jpeg", "png", "webp", "avif", "heic", "tiff", "gif", "jp2", "j2k", "bmp"
    jpeg_quality: int | None = None  # estimated from the quantisation tables of a JPEG
    lossless: bool | None = None  # whether the file keeps pixels as they are; None: not known
    thumbnail: "npt.NDArray[np.uint8] | None" = None  # the preview in EXIF, turned the same way
    notes: tuple[str, ...] = ()  # codes of `detectors.media.notes.Note`


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A track that was not decoded, because players play another one of its kind."""

    kind: Kind  # AUDIO or VIDEO
    number: int  # from 1, among the tracks of its kind
    of: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Audio:
    """A decoded recording: mono float32 in [-1, 1] at `AUDIO_RATE`, shape (samples,)."""

    samples: "npt.NDArray[np.float32]"
    source_rate: int  # Hz, before resampling
    container: str
    notes: tuple[str, ...] = ()  # codes of `detectors.media.notes.Note`
    left_out: tuple[LeftOut, ...] = ()

    @property
    def seconds(self) -> float:
        return float(self.samples.shape[0]) / AUDIO_RATE


@dataclass(frozen=True, slots=True, kw_only=True)
class Video:
    """Frames sampled by time: RGB uint8, shape (n, height, width, 3), with their times in seconds."""

    frames: "npt.NDArray[np.uint8]"
    times: "npt.NDArray[np.float64]"
    shot: "npt.NDArray[np.int32]"  # index of the shot each frame belongs to, shape (n,)
    seconds: float
    container: str
    audio: Audio | None = None
    notes: tuple[str, ...] = ()  # codes of `detectors.media.notes.Note`
    left_out: tuple[LeftOut, ...] = ()  # of its sound too


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """One frame of a film whose next ones may not be decoded yet: RGB uint8, (height, width, 3)."""

    pixels: "npt.NDArray[np.uint8]"
    seconds: float  # from the start of the film
    shot: int  # index of the shot it belongs to
    of: int  # frames that the film will have at most
    container: str


Media = Image | Audio | Video


def kind_of(media: Media) -> Kind:
    if isinstance(media, Image):
        return Kind.IMAGE
    return Kind.AUDIO if isinstance(media, Audio) else Kind.VIDEO


@dataclass(frozen=True, slots=True, kw_only=True)
class Patch:
    """Raw score of one rectangle of the picture; edges are shares of width and height in [0, 1]."""

    left: float
    top: float
    right: float
    bottom: float
    raw: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Raw score of one stretch of time, in seconds; `raw` is None where nothing was judged."""

    start: float
    end: float
    raw: float | None
    label: str = ""  # "speech", "shot 3", "face 1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Observation:
    """What a detector saw: an uncalibrated score, higher meaning more synthetic, and where.

    `allowance` raises the thresholds for this file alone: by how much genuine media in its
    condition (a codec, a telephone line) score higher; its parts lean by that much less. `margin` is
    how far, in 95 of 100 cases, `raw` would be from what another processor, or one changed bit of
    the media, would give.
    `redelivered` is the lowest raw score of the same media sent on once more, where that was tried.
    `drawn` says from 0 to 1 how much a picture looks drawn, which has widened `margin` already.
    """

    raw: float
    allowance: float = 0.0
    margin: float = 0.0
    redelivered: float | None = None
    drawn: float = 0.0
    patches: tuple[Patch, ...] = ()
    spans: tuple[Span, ...] = ()
    facts: Mapping[str, float] = field(default_factory=dict)  # small measurements worth showing


class Detector(Protocol):
    """A judge of one kind of media. It gets decoded arrays and never opens a file."""

    @classmethod
    def from_card(cls, card: "ModelCard", parts: Mapping[str, "Judge"]) -> Self:
        """Build from a card; `parts` are the detectors its `Spec.needs` names."""
        ...

    def observe(self, media: Any) -> Observation:  # noqa: ANN401 (each kind takes its own media)
        """Score decoded media. Raise `NotApplicable` or `DetectorError`; never return a guess."""
        ...


class Begun(Protocol):
    """A judge of one film that looked at its frames as they came. Closed when the film is done."""

    def arrived(self, frame: Sampled) -> None:
        """Look at the next frame, in threads of its own: returns at once and raises nothing."""
        ...

    def observe(self, media: Any) -> Observation:  # noqa: ANN401
        """As `Detector.observe` of the whole film, to the last bit, and sooner."""
        ...

    def close(self) -> None:
        """Look at no more of the frames that came."""
        ...


@runtime_checkable
class Begins(Protocol):
    """A judge of films that need not wait for all frames of one."""

    def begin(self) -> Begun | None:
        """A judge of the next film alone; None where nothing can be done sooner."""
        ...


class Published(Protocol):
    """A judge made by others, whose weights an operator pulled. They are verified already."""

    @classmethod
    def from_files(cls, card: "ModelCard", files: tuple[Path, ...]) -> Self:
        """Build from weight files, safetensors in the order of the published card's sources.

        A head that was trained here for a pulled encoder comes last.
        """
        ...

    def observe(self, media: Any) -> Observation: ...  # noqa: ANN401


class Judge(Protocol):
    """Anything that observes: a loaded detector or an ensemble of them."""

    def observe(self, media: Any) -> Observation: ...  # noqa: ANN401


@runtime_checkable
class DrawsMaps(Protocol):
    """A judge that spends time on showing where, and can be had without that."""

    def without_maps(self) -> Judge:
        """The same judge, with the same scores and no patches."""
        ...


@runtime_checkable
class Glances(Protocol):
    """A judge of pictures whose score is a sum, one part of which costs a fraction of the whole."""

    def sparing(self) -> "Glances":
        """The same judge with as few views as its score can be made of, and without maps."""
        ...

    def retrained(self, head: "Mapping[str, npt.NDArray[np.float32]]") -> "Glances":
        """The same judge with other weights on what it sees, fitted to frames of films."""
        ...

    def apart(self, media: Image) -> tuple[Observation, float]:
        """As `observe`, and how much of the raw score the fine detail of the picture adds."""
        ...

    def details(self, media: Image) -> float:
        """That part alone. Raises `NotApplicable` for flat pictures and nothing else."""
        ...


class Combiner(Protocol):
    """Fuses what several experts observed about one file, by weights that were measured."""

    @classmethod
    def from_card(cls, card: "ModelCard") -> Self: ...

    def combine(self, parts: Mapping[str, Observation]) -> Observation:
        """Fuse the observations that exist; `parts` lacks every expert that gave none.

        A missing expert is never imputed: the combiner uses the fit made without it. Raises
        `NotApplicable` when none it can use is there.
        """
        ...
