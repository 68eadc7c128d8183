"""Sample frames of a film by time, from key frames where enough. Runs in the child only."""

from bisect import bisect_right
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

import av
import cv2
import numpy as np
import numpy.typing as npt
from av.container import InputContainer

from detectors.media.film_clock import Cursor, Index, read_index
from detectors.media.film_look import RGB, Look, Orientation
from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.wire import HandlerError

_SKIP_FROM: Final = 4  # frames between samples from which unreferenced frames need no decoding
_TIE: Final = 1e-6  # seconds: the same moment on two clocks
# Bhattacharyya distance of HSV histograms. Neighbouring samples of 113 one-shot clips of a few
# seconds stayed below it in 99.4 % of 1,243 cases; frames of 112 pairs of clips were all above.
_CUT_DISTANCE: Final = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """What is known of a film once its frames were sampled."""

    seconds: float
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One frame, (height, width, 3), with its time from the start and the shot it belongs to."""

    pixels: RGB
    seconds: float
    shot: int
    of: int  # samples that the film is to have at most


def decode(
    container: InputContainer,
    stream: av.VideoStream,
    limits: Limits,
    *,
    frames: int,
    short_side: int | None,
) -> Generator[Sample, None, Film]:
    """Up to `frames` frames at even spacing, as players show them. Raises `HandlerError`.

    Each is there before the next one is decoded, and no two are held at once.
    """
    refuse_large(stream, limits)
    look, index = Look(stream, short_side), read_index(container, stream)
    seconds = min(index.seconds, limits.video_seconds)
    fitting = limits.frame_bytes // (look.width * look.height * 3)
    count = max(1, min(frames, limits.frames, fitting, index.packets))
    stream.thread_type = "AUTO"
    skips = index.packets > _SKIP_FROM * count
    cursor = Cursor(container, stream, index, skips=skips)
    shots, last, turned = Shots(), 0.0, None
    for time, frame in _samples(cursor, index, seconds, count):
        turned = turned or Orientation.of(frame)
        pixels = np.ascontiguousarray(turned.applied(look.pixels(frame)[None])[0])
        last = max(time - index.start, last)
        yield Sample(pixels=pixels, seconds=last, shot=shots.of(pixels), of=count)
    if turned is None:
        raise HandlerError("media_undecodable", "the video track holds no frame that can be read")
    found = (
        (Note.CUT_AT_LIMIT, index.seconds > limits.video_seconds),
        (Note.FEWER_FRAMES, count < min(frames, index.packets)),
        (Note.DAMAGED, cursor.damaged > 0),
        (Note.SHORTER_THAN_DECLARED, index.short),
        (Note.MIRRORED_OR_TURNED, turned.changes),
        (Note.ODD_ANGLE_IGNORED, turned.odd),
    )
    notes = (*(note for note, true in found if true), *sorted(look.notes))
    return Film(seconds=seconds, notes=notes)


def frame(
    container: InputContainer, stream: av.VideoStream, limits: Limits, number: int
) -> tuple[RGB, float, int]:
    """The frame of this number, from 0, as players show it; its time, and how many there are.

    Raises `HandlerError`.
    """
    refuse_large(stream, limits)
    index = read_index(container, stream)
    if number >= index.packets:
        raise HandlerError("media_undecodable", f"the film has {index.packets} frames")
    stream.thread_type = "AUTO"
    found = Cursor(container, stream, index, skips=False).frame_at(index.ticks[number])
    if found is None:
        raise HandlerError("media_undecodable", f"frame {number} cannot be read")
    time, picture = found
    pixels = Orientation.of(picture).applied(Look(stream, None).pixels(picture)[None])[0]
    return pixels, max(0.0, time - index.start), index.packets


class Shots:
    """Counts shots, frame by frame: a new one starts where the colours change at once."""

    def __init__(self) -> None:
        self._shot = 0
        self._colours: npt.NDArray[np.float32] | None = None

    def of(self, frame: RGB) -> int:
        """Index of the shot that the next frame belongs to."""
        colours = _colours(frame)
        if self._colours is not None:
            distance = cv2.compareHist(self._colours, colours, cv2.HISTCMP_BHATTACHARYYA)
            self._shot += distance > _CUT_DISTANCE
        self._colours = colours
        return self._shot


def _colours(frame: RGB) -> npt.NDArray[np.float32]:
    small = cv2.resize(frame, (96, 54), interpolation=cv2.INTER_AREA)
    hsv = cv2.cvtColor(small, cv2.COLOR_RGB2HSV)
    histogram = cv2.calcHist([hsv], [0, 1, 2], None, [8, 4, 8], [0, 180, 0, 256, 0, 256])
    return np.asarray(cv2.GaussianBlur(histogram.reshape(8, 32), (3, 3), 0), np.float32)


def refuse_large(stream: av.VideoStream, limits: Limits) -> None:
    """Raise `HandlerError` for frames over the pixel limit or of no size."""
    width, height = stream.codec_context.width, stream.codec_context.height
    if width < 1 or height < 1:
        raise HandlerError("media_undecodable", "the video track has frames of no size")
    if width * height > limits.pixels:
        detail = f"a frame has {width:,} x {height:,} pixels; {limits.pixels:,} are allowed"
        raise HandlerError("media_too_large", detail)


def _samples(
    cursor: Cursor, index: Index, seconds: float, count: int
) -> Iterator[tuple[float, av.VideoFrame]]:
    """One frame for each of `count` equal stretches: a key frame where it has one.

    Elsewhere the first frame of its second quarter, since every frame from the last key frame on
    has to be decoded to get there.
    """
    stretch = seconds / count
    half_a_frame = index.seconds / index.packets / 2
    seen: float | None = None
    for number in range(count):
        middle = index.start + (number + 0.5) * stretch
        near = bisect_right(index.keys, middle)
        nearest = min(
            index.keys[max(0, near - 1) : near + 1], key=lambda key: round(abs(key - middle), 6)
        )
        has_key = abs(nearest - middle) < stretch / 2 - _TIE
        frame = cursor.frame_at(nearest if has_key else middle - max(stretch / 4, half_a_frame))
        if frame is None or frame[0] == seen:
            continue
        seen = frame[0]
        yield frame
