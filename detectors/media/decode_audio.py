"""Decode the sound of a file to mono float32 at one rate. Runs in the sandboxed child only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import av
import numpy as np
import numpy.typing as npt
import soxr
from av.container import InputContainer

from detectors.base import AUDIO_RATE
from detectors.media.limits import Limits
from detectors.media.mix import Mixer
from detectors.media.notes import Note
from detectors.media.wire import HandlerError

_MAX_DAMAGED: Final = 64  # packets; after that the rest is not worth the time
_RATES: Final = range(1_000, 768_001)
_CHAIN_ENDS: Final = (av.error.PatchWelcomeError, av.error.ArgumentError)
_TAGS: Final = (b"ID3", b"TAG", b"APETAGEX")  # between joined MP3 files; no sound, so no damage

_UNBOUNDED: Final = ("pcm_f16", "pcm_f24", "pcm_f32", "pcm_f64")
"""Beginnings of the names of codecs whose samples are numbers of any size, so that none was cut off."""

_HOTTEST: Final = 100.0
"""Level (40 dB above full scale) up to which unbounded sound is turned down; beyond it a sample is amiss."""

_FLAC_SYNC: Final = (b"\xff\xf8", b"\xff\xf9")
_PAIRED: Final = 8  # from here on two channels, stored as one and the difference

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Decoded sound: mono float32 in [-1, 1] at `AUDIO_RATE`, shape (samples,)."""

    samples: Samples
    source_rate: int
    notes: tuple[Note, ...]
    alone: int | None  # the channel to decode by itself, since all of them mixed cancel out


class _Unread:
    """What of a track could not be decoded."""

    def __init__(self) -> None:
        self.damaged = 0  # packets
        self.last_damaged = False  # whether the last one is among them
        self.chain_ends = False  # what follows is joined on and of another make


class _Line:
    """Sound at one rate, put together from frames of any."""

    def __init__(self, limit: float) -> None:
        self.seconds = 0.0
        self.rate = 0  # of the first frame
        self._limit = limit
        self._sound = bytearray()  # grows where it lies: an hour is never held twice
        self._resampler: soxr.ResampleStream | None = None
        self._last = 0  # rate of the frame before

    @property
    def is_full(self) -> bool:
        return self.seconds > self._limit

    def add(self, heard: Samples, rate: int) -> None:
        """Append samples at `rate`. Raises `HandlerError` for what is no number and for no rate."""
        if rate not in _RATES:
            raise HandlerError("media_undecodable", "the audio track has no sampling rate")
        if not np.isfinite(heard).all():
            raise HandlerError("media_undecodable", "the sound holds values that are not numbers")
        if rate != self._last:
            self._flush()
            self._last, self.rate = rate, self.rate or rate
            if rate != AUDIO_RATE:
                self._resampler = soxr.ResampleStream(rate, AUDIO_RATE, 1, quality="HQ")
        wanted = round((self._limit - self.seconds) * rate)
        self.seconds += heard.size / rate
        self._append(heard[: max(0, wanted)])

    def finished(self, *, unbounded: bool) -> tuple[Samples, bool]:
        """All of it within [-1, 1], and whether it was turned down for that instead of cut off."""
        self._flush()
        samples = np.frombuffer(self._sound, np.float32)
        peak = float(max(samples.max(initial=0.0), -samples.min(initial=0.0)))
        down = unbounded and 1.0 < peak <= _HOTTEST
        if down:
            samples /= peak
        np.clip(samples, -1.0, 1.0, out=samples)
        return samples, down

    def _append(self, heard: Samples) -> None:
        if self._resampler is not None:
            heard = self._resampler.resample_chunk(heard)
        self._sound += heard.tobytes()

    def _flush(self) -> None:
        if self._resampler is not None:
            rest = self._resampler.resample_chunk(np.zeros(0, np.float32), last=True)
            self._sound += rest.tobytes()
            self._resampler = None


def decode(
    container: InputContainer,
    stream: av.AudioStream,
    limits: Limits,
    *,
    alone: int | None = None,
    has_length: bool = True,
) -> Sound:
    """The track from its start up to the limit, resampled as it comes. Raises `HandlerError`.

    `alone` takes one channel instead of the mean of all. `has_length` says that the length the
    container gives is none that the demuxer guessed.
    """
    line, mixer, unread = _Line(limits.audio_seconds), Mixer(alone), _Unread()
    for frame in _frames(container, stream, unread):
        line.add(mixer.mono(frame), frame.sample_rate)
        if line.is_full:
            break
    if line.seconds == 0:
        raise HandlerError("media_undecodable", "the audio track holds no sound that can be read")
    cut_off = unread.last_damaged and not has_length  # bare frames may end anywhere
    declared = _declared(stream) if has_length and not line.is_full else 0.0
    samples, turned_down = line.finished(unbounded=stream.codec_context.name.startswith(_UNBOUNDED))
    found = (
        (Note.TURNED_DOWN, turned_down),
        (Note.CUT_AT_LIMIT, line.is_full),
        (Note.DAMAGED, unread.damaged > cut_off),
        (Note.REST_OF_CHAIN_UNREAD, unread.chain_ends),
        (
            Note.SHORTER_THAN_DECLARED,
            line.seconds < 0.95 * declared - 0.5 and not unread.chain_ends,
        ),
        (Note.CHANNELS_CANCEL, mixer.cancels),
        (Note.OTHER_CHANNELS_UNHEARD, mixer.cancels and not mixer.cancels_throughout),
    )
    return Sound(
        samples=samples,
        source_rate=line.rate,
        notes=tuple(note for note, true in found if true),
        alone=mixer.loudest if mixer.cancels else None,
    )


def _frames(
    container: InputContainer, stream: av.AudioStream, unread: _Unread
) -> Iterator[av.AudioFrame]:
    """Decoded frames, until too many packets are damaged or what follows cannot be demuxed."""
    packets, make = container.demux(stream), b""
    while unread.damaged <= _MAX_DAMAGED:
        try:
            packet = next(packets, None)
        except _CHAIN_ENDS:  # of Ogg: other rates or channels, another codec
            unread.chain_ends = True
            return
        except av.FFmpegError:
            unread.damaged += 1
            return
        if packet is None:
            return
        try:
            yield from packet.decode()
            unread.last_damaged = unread.last_damaged and not packet.size
            make = make or _flac_make(packet)
        except av.FFmpegError:
            if make and _flac_make(packet) not in (b"", make):
                unread.chain_ends = True
                return
            unread.last_damaged = not bytes(packet).startswith(_TAGS)
            unread.damaged += unread.last_damaged


def _flac_make(packet: "av.Packet[av.AudioStream]") -> bytes:
    """Rate, channels and depth as a frame of FLAC has them; empty for what begins with none.

    Its decoder calls a frame of another make damaged (RFC 9639, 9.1).
    """
    head = bytes(packet)[:4]
    if len(head) < 4 or head[:2] not in _FLAC_SYNC:
        return b""
    channels = head[3] >> 4
    return bytes((head[2] & 0x0F, 1 if channels >= _PAIRED else channels, head[3] & 0x0E))


def _declared(stream: av.AudioStream) -> float:
    """Seconds that the container says the track lasts; 0 where it says nothing."""
    if stream.duration is None or stream.time_base is None:
        return 0.0
    return float(stream.duration * stream.time_base)
