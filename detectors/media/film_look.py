"""How players show the frames of a film: turned, mirrored, in shape and in the colours of a screen.

Runs in the sandboxed child only.
"""

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Self, cast

import av
import numpy as np
import numpy.typing as npt
from av.buffer import Buffer
from av.video.reformatter import (
    ColorPrimaries,
    ColorRange,
    Colorspace,
    ColorTrc,
    VideoReformatter,
)

from detectors.media.notes import Note

RGB = npt.NDArray[np.uint8]

_UNSPECIFIED: Final = 2  # AVCOL_SPC_UNSPECIFIED
_HD_HEIGHT: Final = 720  # from here on an untagged film is BT.709
_HDR: Final = frozenset({ColorTrc.SMPTE2084, ColorTrc.ARIB_STD_B67})  # PQ and HLG
_WIDE: Final = frozenset({ColorPrimaries.BT2020, ColorPrimaries.SMPTE431, ColorPrimaries.SMPTE432})
_EXACT: Final = 0.01  # share by which a matrix may miss a quarter turn
_SQUARE: Final = 0.02  # share by which a pixel may miss a square: rounding of a whole size
_STRETCHED: Final = np.clip((np.arange(256) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)
_WIDEST: Final = 4  # times as wide as high; no camera, disc or player goes beyond 2.5


@dataclass(frozen=True, slots=True)
class Orientation:
    """One of the eight ways to lay out a picture: mirrored at its diagonal first, then flipped."""

    transposed: bool = False
    left_right: bool = False
    up_down: bool = False
    odd: bool = False  # the film asked for something else, which was left undone

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self:
        """As its display matrix asks (ISO 14496-12, 6.2.2); nothing for one that shows nothing."""
        matrix = frame.side_data.get("DISPLAYMATRIX")
        if matrix is None:
            return cls()
        values = np.frombuffer(bytes(cast(Buffer, matrix)), np.int32)
        a, b, c, d = (int(values[place]) for place in (0, 1, 3, 4))
        if a * d - b * c == 0:
            return cls()
        if max(abs(b), abs(c)) <= _EXACT * min(abs(a), abs(d)):
            return cls(left_right=a < 0, up_down=d < 0)
        if max(abs(a), abs(d)) <= _EXACT * min(abs(b), abs(c)):
            return cls(transposed=True, left_right=c < 0, up_down=b < 0)
        return cls(odd=True)

    @property
    def changes(self) -> bool:
        """Whether frames look different from how they are stored."""
        return self.transposed or self.left_right or self.up_down

    def applied(self, frames: RGB) -> RGB:
        """`frames` of shape (n, height, width, 3), laid out as players show them; a view."""
        if self.transposed:
            frames = frames.transpose(0, 2, 1, 3)
        across = -1 if self.left_right else 1
        down = -1 if self.up_down else 1
        return frames[:, ::down, ::across]


class Look:
    """Turns decoded frames into pixels of one size, and notes what had to be changed."""

    def __init__(self, stream: av.VideoStream, short_side: int | None) -> None:
        context = stream.codec_context
        self._shape = _pixel_shape(stream)
        self._odd_pixels = False
        if self._shape > _WIDEST or self._shape * _WIDEST < 1:
            self._shape, self._odd_pixels = 1.0, True
        self.width, self.height = squared(context.width, context.height, self._shape)
        scale = 1.0 if short_side is None else min(1.0, short_side / min(self.width, self.height))
        self.width = max(1, round(self.width * scale))
        self.height = max(1, round(self.height * scale))
        self._reformatter = VideoReformatter()  # one, since its tables for HDR take seconds to make
        self._seen: set[Note] = set()

    def pixels(self, frame: av.VideoFrame) -> RGB:
        """RGB of shape (height, width, 3), as stored: not turned yet."""
        self._note(frame)
        if frame.color_trc in _HDR or frame.color_primaries in _WIDE:
            try:
                rgb = self._scaled(frame, ColorTrc.BT709, ColorPrimaries.BT709)
                self._seen.add(Note.HDR_CONVERTED)
                return rgb
            except av.FFmpegError:
                self._seen.add(Note.HDR_NOT_CONVERTED)
        return self._scaled(frame)

    def _scaled(
        self,
        frame: av.VideoFrame,
        transfer: ColorTrc | None = None,
        primaries: ColorPrimaries | None = None,
    ) -> RGB:
        untagged = frame.colorspace == _UNSPECIFIED
        rgb = self._reformatter.reformat(
            frame,
            format="rgb24",
            width=self.width,
            height=self.height,
            interpolation="AREA" if self.width < frame.width else "BICUBIC",
            src_colorspace=Colorspace.ITU709 if untagged and frame.height >= _HD_HEIGHT else None,
            dst_color_trc=transfer,
            dst_color_primaries=primaries,
        )
        pixels = np.asarray(rgb.to_ndarray(), np.uint8)
        if frame.format.name.startswith("gray") and frame.color_range == ColorRange.MPEG:
            return _STRETCHED[pixels]  # FFmpeg takes grey for full range, whatever the film says
        return pixels

    @property
    def notes(self) -> set[Note]:
        """Of the frames that were asked for so far."""
        return self._seen

    def _note(self, frame: av.VideoFrame) -> None:
        found = (
            (Note.REDUCED_TO_8_BITS, max(part.bits for part in frame.format.components) > 8),
            (Note.INTERLACED, frame.interlaced_frame),
            (Note.PIXELS_NOT_SQUARE, self._shape != 1.0),
            (Note.ODD_PIXELS_IGNORED, self._odd_pixels),
        )
        self._seen |= {note for note, true in found if true}


def squared(width: int, height: int, shape: float) -> tuple[int, int]:
    """Width and height with square pixels: the side that has too many is reduced."""
    if shape > 1:
        return width, max(1, round(height / shape))
    return max(1, round(width * shape)), height


def shown_size(stream: av.VideoStream, frame: av.VideoFrame) -> tuple[int, int]:
    """Width and height of `stream` as players show it."""
    look = Look(stream, None)
    if Orientation.of(frame).transposed:
        return look.height, look.width
    return look.width, look.height


def _pixel_shape(stream: av.VideoStream) -> float:
    """Width of a pixel over its height; 1 for what is meant to be square."""
    told: Fraction | None = stream.sample_aspect_ratio
    shape = float(told) if told else 1.0
    return 1.0 if math.isclose(shape, 1.0, rel_tol=_SQUARE) else shape
