"""What recordings go through before they reach us: codecs and telephone lines.

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
from detectors.media.decode_audio import decode
from detectors.media.limits import Limits

Floats = npt.NDArray[np.float32]
Launder = Callable[[Floats], Floats]


def through_codec(samples: Floats, codec: str, container: str, bits: int, rate: int) -> Floats:
    """A file of `codec` at `bits` per second and `rate` Hz, decoded as any file is, lined up."""
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
    with av.open(file, "r") as source:
        sound = decode(source, source.streams.audio[0], Limits())
    return _lined_up(sound.samples, samples)


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


LAUNDERINGS: Final[Mapping[str, Launder]] = MappingProxyType(
    {
        "mp3_64k": lambda x: through_codec(x, "libmp3lame", "mp3", 64_000, 24_000),
        "opus_24k": lambda x: through_codec(x, "libopus", "ogg", 24_000, 48_000),
        "telephone": telephone,
    }
)
"""The launderings that calibration pools and cards report; always the same ones."""

LINES: Final[Mapping[str, Launder]] = MappingProxyType(
    {
        "pcm_8k": lambda x: through_codec(x, "pcm_s16le", "wav", 128_000, 8_000),
        "g711": lambda x: through_codec(x, "pcm_mulaw", "wav", 64_000, 8_000),
        "adpcm_8k": lambda x: through_codec(x, "adpcm_ima_wav", "wav", 32_000, 8_000),
        "amr": lambda x: through_codec(x, "libopencore_amrnb", "amr", 12_200, 8_000),
    }
)
"""Files of 8,000 samples a second, as telephones and old recorders leave them."""


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
