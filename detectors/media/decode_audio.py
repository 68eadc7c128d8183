"""Decode the sound of a file to mono float32 at one rate. Runs in the sandboxed child only."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Final

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
    """The track from its start up to the limit, resampled as it comes. Raises `HandlerError`."""
    sound = bytearray()  # grows where it lies: an hour is never held twice
    resampler: soxr.ResampleStream | None = None
    rate, wanted, length, damaged = 0, 0, 0, 0
    for frame in _frames(container, stream):
        rate = rate or (0 if frame is None else frame.sample_rate)
        if frame is None or frame.sample_rate != rate:
            damaged += 1
        else:
            wanted = round(limits.audio_seconds * rate)
            heard = _finite(_mono(frame))[: max(0, wanted - length)]
            length += frame.samples
            if rate in _RATES and rate != AUDIO_RATE:
                resampler = resampler or soxr.ResampleStream(rate, AUDIO_RATE, 1, quality="HQ")
                heard = resampler.resample_chunk(heard)
            sound += heard.tobytes()
        if damaged > _MAX_DAMAGED or length > wanted:
            break
    if length == 0 or rate not in _RATES:
        raise HandlerError("media_undecodable", "the audio track holds no sound that can be read")
    if resampler is not None:
        sound += resampler.resample_chunk(np.zeros(0, np.float32), last=True).tobytes()
    samples = np.frombuffer(sound, np.float32)
    np.clip(samples, -1.0, 1.0, out=samples)
    seconds = min(length, wanted) / rate
    notes = _notes(stream, seconds, cut=length > wanted, damaged=damaged > 0)
    return Sound(samples=samples, source_rate=rate, notes=notes)


def wav_is_short(file: BinaryIO) -> bool:
    """Whether a RIFF header promises more bytes than the file has."""
    size = file.seek(0, 2)
    file.seek(0)
    promised = int.from_bytes(file.read(8)[4:], "little")
    file.seek(0)
    return promised not in _UNKNOWN_SIZES and promised + 8 > size


def _frames(container: InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame | None]:
    """Decoded frames; None for each packet that could not be decoded."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.FFmpegError:
            yield None


def _mono(frame: av.AudioFrame) -> Samples:
    """The mean of all channels.

    Not libswresample's mix, which pushes a loud stereo pair past 1, and whose set-up in PyAV 18
    crashed on a fuzzed WAV of 22 channels.
    """
    values: npt.NDArray[Any] = frame.to_ndarray()
    if not frame.format.is_planar:
        values = values.reshape(-1, frame.layout.nb_channels).T
    mean: npt.NDArray[np.float64] = values.mean(axis=0, dtype=np.float64)
    if values.dtype == np.uint8:
        mean = (mean - 128) / 128
    elif values.dtype.kind == "i":
        mean = mean / 2.0 ** (8 * values.itemsize - 1)
    return mean.astype(np.float32)


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


def _finite(samples: Samples) -> Samples:
    if not np.isfinite(samples).all():
        raise HandlerError("media_undecodable", "the sound holds values that are not numbers")
    return samples
