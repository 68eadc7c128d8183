"""Move through a film on its own clock: an index from its packets, and seeking by key frames.

Runs in the sandboxed child only.
"""

import contextlib
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
from av.container import InputContainer

from detectors.media.wire import HandlerError

_BY_BYTES: Final = frozenset({"mpegts", "mpeg"})
"""Containers without an index: a place is searched for among the bytes and may be missed."""
_EARLIER: Final = 1.0  # seconds; by so much earlier a place among bytes is sought
_WHOLE: Final = 0.75  # of the mean distance, below which a frame's stated duration is a field's
_SLACK: Final = 1e-4  # seconds
_UNIT: Final = re.compile(rb"\x00\x00\x01(.)", re.DOTALL)
_REFERENCED, _TYPE = 0x60, 0x1F  # bits of the first byte of a slice
_OTHER_SLICE, _KEY_SLICE = 1, 5  # values of `_TYPE`
_DIGITS: Final = 6  # of a second, so that one moment is the same number on every clock


@dataclass(frozen=True, slots=True)
class Index:
    """What reading the packets, without decoding any, tells. Times are on the file's own clock."""

    ticks: list[float]  # time of each packet, ascending
    keys: list[float]  # times of the key frames, ascending
    seconds: float
    short: bool  # the file ends before its header says

    @property
    def start(self) -> float:
        return self.ticks[0]

    @property
    def packets(self) -> int:
        return len(self.ticks)


def read_index(container: InputContainer, stream: av.VideoStream) -> Index:
    """Read every packet once. Raises `HandlerError` where the track has none."""
    ticks: list[float] = []
    keys: list[float] = []
    decoding_order = _keeps_decoding_order(container, stream)
    last, reached = (-np.inf, 0.0), 0.0  # time and duration of the packet that is shown last
    with contextlib.suppress(av.FFmpegError):  # what came before the damage counts
        for packet in container.demux():
            stamp = packet.dts if decoding_order or packet.pts is None else packet.pts
            if stamp is None:
                continue
            time = float(stamp * packet.time_base)
            length = float((packet.duration or 0) * packet.time_base)
            reached = max(reached, time + length)
            if packet.stream_index != stream.index or not packet.size:
                continue
            last = max(last, (time, length))
            ticks.append(time)
            if packet.is_keyframe or (
                decoding_order and _first_slice(bytes(packet)) & _TYPE == _KEY_SLICE
            ):
                keys.append(time)
    if not ticks:
        raise HandlerError("media_undecodable", "the video track is empty or damaged")
    ticks.sort()
    span, shown = ticks[-1] - ticks[0], last[1]
    mean = span / max(1, len(ticks) - 1)
    if shown < _WHOLE * mean:
        shown = mean
    declared = 0.0 if container.duration is None else container.duration / av.time_base
    short = reached < 0.95 * declared - 0.5
    return Index(ticks, sorted(keys) or ticks[:1], round(span + shown, _DIGITS), short)


class Cursor:
    """Moves through a film, forwards by decoding and over long gaps by seeking to key frames."""

    def __init__(
        self, container: InputContainer, stream: av.VideoStream, index: Index, *, skips: bool
    ) -> None:
        """With `skips`, frames that no other one refers to are passed over, to save time."""
        self.damaged = 0
        self._container = container
        self._stream = stream
        self._index = index
        self._early = _EARLIER if container.format.name in _BY_BYTES else 0.0
        self._time = -np.inf
        self._frames: Iterator[tuple[float, av.VideoFrame]] = iter(())
        self._counts = _keeps_decoding_order(container, stream)
        self._skips = skips
        self._unreferenced: set[int | None] = set()  # time stamps of packets
        if skips and not self._counts:
            stream.codec_context.skip_frame = "NONREF"

    def frame_at(self, wanted: float) -> tuple[float, av.VideoFrame] | None:
        """The first frame at or after `wanted`, or the last one there is, with its time."""
        keys = self._index.keys
        before = bisect_right(keys, wanted + _SLACK) - 1
        if before >= 0 and keys[before] > self._time:
            self._seek(keys[before])
        last = None
        for last in self._frames:
            self._time = last[0]
            if self._time >= wanted - _SLACK:
                break
        return last

    def _seek(self, time: float) -> None:
        offset = round((time - self._early) / float(self._stream.time_base or 1))
        try:
            self._container.seek(offset, stream=self._stream, backward=True)
        except av.FFmpegError:
            self.damaged += 1
            return
        decoded = self._decoded()
        self._frames = self._counted(decoded, time) if self._counts else _timed(decoded, time)

    def _decoded(self) -> Iterator[av.VideoFrame]:
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
                if packet is None:
                    return
                if self._counts and self._skips and self._is_unreferenced(packet):
                    self._unreferenced.add(packet.pts)
                yield from packet.decode()
            except av.FFmpegError:
                self.damaged += 1

    def _is_unreferenced(self, packet: "av.Packet[av.VideoStream]") -> bool:
        slice_header = _first_slice(bytes(packet))
        return bool(slice_header) and not slice_header & _REFERENCED

    def _counted(
        self, decoded: Iterator[av.VideoFrame], start: float
    ) -> Iterator[tuple[float, av.VideoFrame]]:
        """Decoders put frames in order, so the next frame has the next of the times there are."""
        ticks = self._index.ticks
        times = ticks[bisect_left(ticks, start - _SLACK) :]
        for time, frame in zip(times, decoded, strict=False):
            if frame.pts not in self._unreferenced:
                yield time, frame


def _timed(decoded: Iterator[av.VideoFrame], start: float) -> Iterator[tuple[float, av.VideoFrame]]:
    for frame in decoded:
        yield start if frame.time is None else frame.time, frame


def _keeps_decoding_order(container: InputContainer, stream: av.VideoStream) -> bool:
    """Whether packets come without presentation times: FFmpeg makes them up for H.264 in AVI.

    It does not tell their key frames either, where they begin with start codes.
    """
    return container.format.name == "avi" and stream.codec_context.name == "h264"


def _first_slice(packet: bytes) -> int:
    """The first byte of the first slice of H.264 (7.3.1); 0 where there is none."""
    headers, place = [], 4  # behind the length of a unit
    while place < len(packet):
        headers.append(packet[place])
        place += int.from_bytes(packet[place - 4 : place], "big") + 4
    if place - 4 != len(packet):  # units lie between start codes, then
        headers = [found[1][0] for found in _UNIT.finditer(packet)]
    slices = (header for header in headers if header & _TYPE in (_OTHER_SLICE, _KEY_SLICE))
    return next(slices, 0)
