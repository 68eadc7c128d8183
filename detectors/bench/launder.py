"""What files go through before they reach us, applied when a detector is measured.

Each laundering turns decoded media into a complete new file, which is read like any other. The
picture and sound launderings are the ones the trainings know; here they only get names.
"""

import io
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import BinaryIO, Final

import av
from av.filter import Graph
from av.stream import Stream
from av.video.frame import PictureType
from scipy.io import wavfile

from detectors.base import AUDIO_RATE, Audio, Image, Kind, Media
from detectors.training import audio_launder, laundering


@dataclass(frozen=True, slots=True, kw_only=True)
class Film:
    """How a film is encoded anew. Sides are scaled by `factor`; `rate` is in frames a second."""

    crf: int
    codec: str = "libx264"
    factor: Fraction = Fraction(1)
    shorter: int | None = None  # px that the shorter side is reduced to, where it has more
    rate: int | None = None  # None: each frame keeps its time
    kilobits: int | None = None  # a second, at most

    @property
    def options(self) -> dict[str, str]:
        """What the encoder is told."""
        told = {"crf": str(self.crf), **_ENCODERS[self.codec]}
        if self.kilobits is not None:
            told |= {"maxrate": f"{self.kilobits}k", "bufsize": f"{2 * self.kilobits}k"}
        return told

    def side(self, side: int, shorter: int) -> int:
        """What a side becomes in a film whose shorter side is `shorter`, in px."""
        factor = self.factor
        if self.shorter is not None:
            factor = min(factor, Fraction(self.shorter, shorter))
        return max(2, int(side * factor) // 2 * 2)


_ENCODERS: Final[Mapping[str, Mapping[str, str]]] = {
    "libx264": {},
    "libx265": {"preset": "veryfast", "x265-params": "pools=none:frame-threads=1:log-level=error"},
    "libvpx-vp9": {"b": "0", "deadline": "realtime", "cpu-used": "5"},
}
"""What each encoder is told beside the quality: as services do that have to be quick."""

FILMS: Final = MappingProxyType(
    {
        "h264-crf28": Film(crf=28),
        "h264-crf35": Film(crf=35),
        "resize-0.5": Film(crf=23, factor=Fraction(1, 2)),
        "fps-30": Film(crf=23, rate=30),
        "messenger": Film(crf=28, shorter=352, kilobits=700),
        "reupload-480p": Film(crf=23, shorter=480, kilobits=1_000),
        "h265": Film(crf=28, codec="libx265", shorter=480),
        "vp9": Film(crf=36, codec="libvpx-vp9", shorter=480),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """A complete sound file as telephones, recorders and messengers write it, at `rate` Hz."""

    container: str
    codec: str
    rate: int
    bits: int | None = None  # a second; None: as the codec has it


RECORDINGS: Final = MappingProxyType(
    {
        "pcm-8k": Recording(container="wav", codec="pcm_s16le", rate=8_000),
        "g711": Recording(container="wav", codec="pcm_mulaw", rate=8_000),
        "adpcm-8k": Recording(container="wav", codec="adpcm_ima_wav", rate=8_000),
        "amr": Recording(container="amr", codec="libopencore_amrnb", rate=8_000, bits=12_200),
        "voice-note": Recording(container="ogg", codec="libopus", rate=48_000, bits=16_000),
        "aac-64k": Recording(container="adts", codec="aac", rate=44_100, bits=64_000),
    }
)
"""Sound launderings that the decoder sees as such files: what arrays alone went through, it never met."""

NAMES: Final = MappingProxyType(
    {
        Kind.IMAGE: tuple(laundering.FILES),
        Kind.AUDIO: (*audio_launder.LAUNDERINGS, *RECORDINGS),
        Kind.VIDEO: tuple(FILMS),
    }
)
"""The launderings each kind is measured under."""


def laundered(name: str, media: Media, file: BinaryIO) -> bytes:
    """A complete file of `media` after the named laundering. Raises `KeyError` for other names.

    `media` is what was decoded from `file`; a film is encoded from the file itself, every frame.
    """
    if isinstance(media, Image):
        return laundering.FILES[name](media.pixels)
    if isinstance(media, Audio):
        return recorded(media, RECORDINGS[name]) if name in RECORDINGS else _wave(name, media)
    return encoded(file, FILMS[name])


def _wave(name: str, media: Audio) -> bytes:
    samples = audio_launder.LAUNDERINGS[name](media.samples)
    out = io.BytesIO()
    wavfile.write(out, AUDIO_RATE, samples)
    return out.getvalue()


def recorded(media: Audio, form: Recording) -> bytes:
    """The sound as a file of that form."""
    out = io.BytesIO()
    with av.open(out, "w", format=form.container) as sink:
        stream = sink.add_stream(form.codec, rate=form.rate)
        assert isinstance(stream, av.AudioStream)  # noqa: S101 (narrows the type)
        stream.layout = "mono"
        if form.bits is not None:
            stream.bit_rate = form.bits
        resampler = av.AudioResampler(
            stream.format, "mono", form.rate, frame_size=stream.codec_context.frame_size or None
        )
        frame = av.AudioFrame.from_ndarray(media.samples[None], "flt", "mono")
        frame.sample_rate = AUDIO_RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            sink.mux(stream.encode(piece))
        sink.mux(stream.encode(None))
    return out.getvalue()


def encoded(file: BinaryIO, film: Film, *, seconds: float = math.inf) -> bytes:
    """A Matroska file with the first `seconds` of `file` encoded anew, its first sound track copied.

    Raises `av.FFmpegError` for what cannot be decoded.
    """
    file.seek(0)
    out = io.BytesIO()
    with av.open(file, "r") as source, av.open(out, "w", format="matroska") as sink:
        picture = source.streams.video[0]
        rate = film.rate or Fraction(picture.average_rate or 25)
        video = _track(sink, picture, rate, film)
        tracks = {track: sink.add_stream_from_template(track) for track in source.streams.audio[:1]}
        pace = _pacer(picture, rate)
        for packet in source.demux(picture, *tracks):
            if packet.dts is not None and packet.dts * packet.time_base > seconds:
                break
            if packet.stream in tracks:
                _copy(packet, tracks[packet.stream], sink)
                continue
            for frame in picture.decode(packet):
                pace.push(frame)
            for paced in _pulled(pace):
                sink.mux(video.encode(paced))
        pace.push(None)
        for paced in _pulled(pace):
            sink.mux(video.encode(paced))
        sink.mux(video.encode(None))
    return out.getvalue()


def _track(
    sink: av.container.OutputContainer, picture: av.VideoStream, rate: Fraction | int, film: Film
) -> av.VideoStream:
    """By one thread, so that a bench takes as many cores as it has jobs."""
    track = sink.add_stream(film.codec, rate=rate, options=film.options)
    assert isinstance(track, av.VideoStream)  # noqa: S101 (narrows the type)
    shorter = min(picture.width, picture.height)
    track.width, track.height = (film.side(s, shorter) for s in (picture.width, picture.height))
    track.pix_fmt = "yuv420p"
    track.codec_context.thread_count = 1
    return track


def _copy(
    packet: "av.Packet[Stream]", track: av.AudioStream, sink: av.container.OutputContainer
) -> None:
    if packet.dts is not None:  # the demuxer's flush
        packet.stream = track
        sink.mux(packet)


def _pacer(picture: av.VideoStream, rate: Fraction | int) -> Graph:
    """A filter that repeats or drops frames until there are `rate` a second."""
    graph = Graph()
    nodes = (
        graph.add_buffer(template=picture),
        graph.add("fps", f"fps={rate}"),
        graph.add("buffersink"),
    )
    graph.link_nodes(*nodes).configure()
    return graph


def _pulled(graph: Graph) -> Iterator[av.VideoFrame]:
    """The frames that have come out of a filter so far."""
    while True:
        try:
            frame = graph.vpull()
        except (av.BlockingIOError, av.EOFError):
            return
        frame.pict_type = PictureType.NONE  # or x264 would repeat the key frames of the original
        yield frame
