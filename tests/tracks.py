"""Make recordings and films of several tracks, odd shapes and rare containers, for the tests."""

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

import av
import numpy as np
from av.bitstream import BitStreamFilterContext
from av.stream import Disposition

from detectors.base import AUDIO_RATE
from tests.media import RGB, Samples, audio_frames

FPS: Final = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Pictures:
    """A track of moving pictures; `flags` are how players are told to treat it."""

    frames: Sequence[RGB]
    codec: str = "libx264"
    flags: int | None = None
    pixel_format: str = "yuv420p"
    shape: Fraction | None = None  # of a pixel
    options: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sounds:
    """A track of sound, (n,) or (n, 2)."""

    samples: Samples
    codec: str = "aac"
    flags: int | None = None
    rate: int = AUDIO_RATE
    bit_rate: int = 64_000
    options: tuple[tuple[str, str], ...] = ()


PLAYED: Final = int(Disposition.default)
LEFT_ALONE: Final = 0


def muxed(container_format: str, *tracks: Pictures | Sounds) -> bytes:
    """A file with these tracks, in this order."""
    out = io.BytesIO()
    with av.open(out, "w", format=container_format) as file:
        streams = [_added(file, track) for track in tracks]
        for track, stream in zip(tracks, streams, strict=True):
            if isinstance(track, Sounds):
                for sound in audio_frames(track.samples, track.rate):
                    file.mux(stream.encode(sound))
            else:
                for pixels in track.frames:
                    frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
                    file.mux(stream.encode(frame))
            file.mux(stream.encode(None))
    return out.getvalue()


def _added(file: av.container.OutputContainer, track: Pictures | Sounds) -> Any:
    if isinstance(track, Sounds):
        sound = file.add_stream(track.codec, rate=track.rate)
        assert isinstance(sound, av.AudioStream)
        sound.layout = "mono" if track.samples.ndim == 1 else "stereo"
        sound.bit_rate = track.bit_rate
        sound.options = dict(track.options)
        if track.flags is not None:
            sound.disposition = Disposition(track.flags)
        return sound
    film = file.add_stream(track.codec, rate=FPS)
    assert isinstance(film, av.VideoStream)
    film.height, film.width = track.frames[0].shape[:2]
    film.pix_fmt = track.pixel_format
    steady = {"preset": "ultrafast", "crf": "20"} if track.codec == "libx264" else {}
    film.options = {**steady, **dict(track.options)}  # other presets give other bytes every time
    if track.shape is not None:
        film.codec_context.sample_aspect_ratio = track.shape
    if track.flags is not None:
        film.disposition = Disposition(track.flags)
    return film


def remuxed(movie: bytes, container_format: str) -> bytes:
    """The H.264 packets of an MP4 in another container, without being encoded anew."""
    out = io.BytesIO()
    with av.open(io.BytesIO(movie)) as source, av.open(out, "w", format=container_format) as file:
        assert isinstance(source, av.container.InputContainer)
        assert isinstance(file, av.container.OutputContainer)
        stream = source.streams.video[0]
        copy = file.add_stream_from_template(stream)
        copy.time_base = Fraction(1, 2 * FPS)  # two fields a frame, as H.264 counts
        start_codes = BitStreamFilterContext("h264_mp4toannexb", stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                for whole in start_codes.filter(packet):
                    whole.stream = copy
                    file.mux(whole)
    return out.getvalue()


def with_matrix(movie: bytes, a: float, b: float, c: float, d: float, track: int = 0) -> bytes:
    """An MP4 or MOV whose display matrix of one track is (a b; c d)."""
    start = _header(movie, track) + 4 + 40  # version 0: the matrix follows 40 bytes of fields
    fixed = [round(value * 65536) for value in (a, b, 0, c, d, 0, 0, 0)]
    last = 0 if not any((a, b, c, d)) else 1 << 30
    return movie[:start] + struct.pack(">9i", *fixed, last) + movie[start + 36 :]


def disabled(movie: bytes, track: int) -> bytes:
    """An MP4 or MOV in which one track is not enabled."""
    flags = _header(movie, track) + 4 + 3
    return movie[:flags] + bytes([movie[flags] & ~1]) + movie[flags + 1 :]


def _header(movie: bytes, track: int) -> int:
    place = -1
    for _ in range(track + 1):
        place = movie.index(b"tkhd", place + 1)
    return place


def hlg(pixels: RGB) -> av.VideoFrame:
    """An ordinary picture as HLG in BT.2020 (BT.2408: white at 203 of 1,000 nits), 10 bits."""
    light = 0.203 * (pixels / 255.0) ** 2.4
    wide = light @ np.array(
        [[0.6274, 0.0691, 0.0164], [0.3293, 0.9195, 0.0880], [0.0433, 0.0114, 0.8956]]
    )
    luminance = wide @ np.array([0.2627, 0.6780, 0.0593])
    scene = wide * np.maximum(luminance, 1e-6)[..., None] ** (1 / 1.2 - 1)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    high = a * np.log(np.maximum(12 * scene - b, 1e-6)) + c
    coded = np.where(scene <= 1 / 12, np.sqrt(3 * scene), high)
    whole = np.clip(np.rint(coded * 65535), 0, 65535).astype(np.uint16)
    return av.VideoFrame.from_ndarray(whole, format="rgb48le")


def hlg_film(frames: Sequence[RGB]) -> bytes:
    """A film of `hlg` frames."""
    out = io.BytesIO()
    with av.open(out, "w", format="mp4") as file:
        stream = file.add_stream("libx265", rate=FPS, options={"x265-params": "log-level=none"})
        assert isinstance(stream, av.VideoStream)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p10le"
        context = stream.codec_context
        context.color_trc, context.color_primaries, context.colorspace = 18, 9, 9
        for pixels in frames:
            frame = hlg(pixels).reformat(format="yuv420p10le", dst_colorspace="BT2020")
            frame.color_trc, frame.color_primaries, frame.colorspace = 18, 9, 9
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return out.getvalue()
