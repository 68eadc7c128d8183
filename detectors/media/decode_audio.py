"""Decode the sound of a file to mono float32 at one rate. Runs in the sandboxed child only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

import av
import numpy as np
import numpy.typing as npt
import soxr
from av.container import InputContainer

from detectors.base import AUDIO_RATE
from detectors.media.limits import Limits
from detectors.media.notes import Note
from detectors.media.wire import HandlerError

_UNKNOWN_SIZES: Final = (0, 0xFFFFFFFF)  # what a recorder writes that cannot seek back
_MAX_DAMAGED: Final = 64  # packets; after that the rest is not worth the time
_RATES: Final = range(1_000, 768_001)

Samples = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """Decoded sound: mono float32 in [-1, 1] at `AUDIO_RATE`, shape (samples,)."""

    samples: Samples
    source_rate: int
    notes: tuple[Note, ...]


def decode(container: InputContainer, stream: av.AudioStream, limits: Limits) -> Sound:
    """The track from its start up to the limit. Raises `HandlerError`."""
    rate = stream.rate
    if rate not in _RATES:
        raise HandlerError("media_undecodable", f"a sampling rate of {rate} Hz makes no sense")
    wanted = round(limits.audio_seconds * rate)
    pieces: list[Samples] = []
    length, damaged = 0, 0
    for piece in _pieces(container, stream):
        if piece is None:
            damaged += 1
            continue
        pieces.append(piece)
        length += piece.size
        if length >= wanted or damaged > _MAX_DAMAGED:
            break
    if length == 0:
        raise HandlerError("media_undecodable", "the audio track holds no sound that can be read")
    heard = np.concatenate(pieces)[:wanted]
    notes = _notes(stream, heard.size / rate, cut=length > wanted, damaged=damaged > 0)
    return Sound(samples=_resampled(heard, rate), source_rate=rate, notes=notes)


def wav_is_short(file: BinaryIO) -> bool:
    """Whether a RIFF header promises more bytes than the file has."""
    size = file.seek(0, 2)
    file.seek(0)
    promised = int.from_bytes(file.read(8)[4:], "little")
    file.seek(0)
    return promised not in _UNKNOWN_SIZES and promised + 8 > size


def _pieces(container: InputContainer, stream: av.AudioStream) -> Iterator[Samples | None]:
    """Mono samples at the source rate; None for each packet that could not be decoded."""
    floats = av.AudioResampler(format="fltp")
    for packet in container.demux(stream):
        try:
            for frame in packet.decode():
                for planes in floats.resample(frame):
                    yield _mixed(planes)
        except (av.FFmpegError, ValueError):  # ValueError: the layout changed half-way
            yield None
    for planes in floats.resample(None):
        yield _mixed(planes)


def _mixed(planes: av.AudioFrame) -> Samples:
    """The mean of all channels: libswresample's own mix would push a loud stereo pair past 1."""
    mono: Samples = np.asarray(planes.to_ndarray(), np.float32).mean(axis=0)
    return mono


def _notes(stream: av.AudioStream, seconds: float, *, cut: bool, damaged: bool) -> tuple[Note, ...]:
    declared = 0.0
    if stream.duration is not None and stream.time_base is not None:
        declared = float(stream.duration * stream.time_base)
    found = (
        (Note.CUT_AT_LIMIT, cut),
        (Note.DAMAGED, damaged),
        (Note.SHORTER_THAN_DECLARED, not cut and seconds < 0.95 * declared - 0.5),
    )
    return tuple(note for note, true in found if true)


def _resampled(samples: Samples, rate: int) -> Samples:
    if not np.isfinite(samples).all():
        raise HandlerError("media_undecodable", "the sound holds values that are not numbers")
    if rate != AUDIO_RATE:
        samples = soxr.resample(samples, rate, AUDIO_RATE, quality="HQ")
    return np.clip(samples, -1.0, 1.0).astype(np.float32, copy=False)
