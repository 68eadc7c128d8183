"""What recordings go through before they reach us: codecs, telephone lines, noise, rooms.

Every function takes and returns mono float32 at 16 kHz, shape (samples,), and keeps the length.
"""

import io
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

import av
import av.audio
import numpy as np
import numpy.typing as npt
from scipy import signal

from detectors.base import AUDIO_RATE

Floats = npt.NDArray[np.float32]
Launder = Callable[[Floats, np.random.Generator], Floats]


def through_codec(samples: Floats, codec: str, container: str, bits: int, rate: int) -> Floats:
    """Encode with `codec` at `bits` per second and `rate` Hz, decode again, and line both up."""
    file = io.BytesIO()
    with av.open(file, "w", format=container) as sink:
        stream = sink.add_stream(codec, rate=rate)
        assert isinstance(stream, av.audio.AudioStream)  # noqa: S101 (narrows the type)
        stream.bit_rate, stream.layout = bits, "mono"
        resampler = av.AudioResampler(
            stream.format, "mono", rate, frame_size=stream.codec_context.frame_size or None
        )
        frame = av.AudioFrame.from_ndarray(samples[None], "flt", "mono")
        frame.sample_rate = AUDIO_RATE
        for piece in [*resampler.resample(frame), *resampler.resample(None)]:
            sink.mux(stream.encode(piece))
        sink.mux(stream.encode(None))
    file.seek(0)
    back = av.AudioResampler("flt", "mono", AUDIO_RATE)
    with av.open(file, "r") as source:
        pieces = [p.to_ndarray()[0] for f in source.decode(audio=0) for p in back.resample(f)]
        pieces += [p.to_ndarray()[0] for p in back.resample(None)]
    return _lined_up(np.concatenate(pieces).astype(np.float32), samples)


def telephone(samples: Floats) -> Floats:
    """A telephone line: 8 kHz, 300 to 3,400 Hz, mu-law at 8 bits."""
    narrow = signal.resample_poly(samples, 1, 2)
    band = signal.butter(4, [300, 3400], "bandpass", fs=8000, output="sos")
    narrow = np.asarray(signal.sosfilt(band, narrow), np.float32)
    peak = float(np.abs(narrow).max()) or 1.0
    companded = np.sign(narrow) * np.log1p(255 * np.abs(narrow / peak)) / np.log(256.0)
    coarse = np.round(companded * 127) / 127
    expanded = np.sign(coarse) * np.expm1(np.abs(coarse) * np.log(256.0)) / 255 * peak
    return _fitted(signal.resample_poly(expanded, 2, 1), samples.size)


def noisy(samples: Floats, rng: np.random.Generator) -> Floats:
    """Noise with a random spectral slope between white and brown, 12 to 35 dB below the voice."""
    spectrum = np.fft.rfft(rng.standard_normal(samples.size))
    slope = rng.uniform(0.0, 1.0)
    noise = np.fft.irfft(spectrum / np.arange(1, spectrum.size + 1) ** slope, samples.size)
    gain = _rms(samples) / _rms(noise) * 10 ** (-rng.uniform(12, 35) / 20)
    return (samples + gain * noise).astype(np.float32)


def in_a_room(samples: Floats, rng: np.random.Generator) -> Floats:
    """Exponentially decaying noise as the room's response, 0.1 to 0.5 s to fall by 60 dB."""
    decay = rng.uniform(0.1, 0.5)
    times = np.arange(round(decay * AUDIO_RATE)) / AUDIO_RATE
    tail = rng.standard_normal(times.size) * 10 ** (-3 * times / decay)
    tail *= 10 ** (-rng.uniform(6, 18) / 20) / np.sqrt(np.sum(tail**2))
    tail[0] = 1.0
    return _fitted(signal.fftconvolve(samples, tail), samples.size)


def equalised(samples: Floats, rng: np.random.Generator) -> Floats:
    """A microphone's or a mixer's tone control: a random smooth gain of up to 6 dB by frequency."""
    spectrum = np.fft.rfft(samples)
    knots = rng.uniform(-6, 6, 8)
    gain = np.interp(np.linspace(0, 7, spectrum.size), np.arange(8), knots)
    return np.fft.irfft(spectrum * 10 ** (gain / 20), samples.size).astype(np.float32)


def narrowed(samples: Floats, rng: np.random.Generator) -> Floats:
    """A recorder or a codec that stops somewhere between 4.5 and 7.5 kHz."""
    low = signal.butter(10, rng.uniform(4500, 7500), fs=AUDIO_RATE, output="sos")
    return signal.sosfiltfilt(low, samples).astype(np.float32)


LAUNDERINGS: Final[Mapping[str, Launder]] = MappingProxyType(
    {
        "mp3_64k": lambda x, _: through_codec(x, "libmp3lame", "mp3", 64_000, 24_000),
        "opus_24k": lambda x, _: through_codec(x, "libopus", "ogg", 24_000, 48_000),
        "telephone": lambda x, _: telephone(x),
    }
)
"""The launderings that calibration pools and cards report; always the same ones."""

HARDENING: Final[Mapping[str, Launder]] = MappingProxyType(
    {
        "mp3": lambda x, r: through_codec(
            x, "libmp3lame", "mp3", int(r.choice([48_000, 64_000, 96_000, 128_000])), 24_000
        ),
        "aac": lambda x, r: through_codec(
            x, "aac", "adts", int(r.choice([32_000, 48_000, 64_000])), 24_000
        ),
        "opus": lambda x, r: through_codec(
            x, "libopus", "ogg", int(r.choice([16_000, 24_000, 32_000])), 48_000
        ),
        "telephone": lambda x, _: telephone(x),
        "noise": noisy,
        "room": in_a_room,
        "tone": equalised,
        "narrow": narrowed,
    }
)
"""The launderings that training draws from, with random strength."""


def hardened(samples: Floats, name: str, rng: np.random.Generator) -> Floats:
    """One training view: random tone, then the named laundering."""
    return HARDENING[name](equalised(samples, rng) if rng.random() < 0.5 else samples, rng)


def _lined_up(decoded: Floats, original: Floats) -> Floats:
    """Undo the codec's delay, found by cross-correlation over up to 200 ms."""
    reach = round(0.2 * AUDIO_RATE)
    padded = np.pad(decoded, (0, max(0, original.size + reach - decoded.size)))
    padded = padded[: original.size + reach]
    likeness = signal.correlate(padded, original, "valid", "fft")
    delay = int(np.argmax(likeness))
    return _fitted(padded[delay:], original.size)


def _fitted(samples: npt.NDArray[np.floating], size: int) -> Floats:
    return np.pad(samples, (0, max(0, size - samples.size)))[:size].astype(np.float32)


def _rms(samples: npt.NDArray[np.floating]) -> float:
    return float(np.sqrt(np.mean(np.square(samples)))) or 1e-6
