"""Find the inaudible mark that Resemble's speech generators, Chatterbox among them, put into sound.

The mark is that of Perth (resemble-perth, MIT): a network shifts the magnitudes of a spectrogram
below 2 kHz, and a second one tells marked from unmarked. It carries no message, so what comes back
is how many stretches of a recording the second network finds marked. Only its weights are used,
read from the installed distribution, an optional extra, by their known place in the archive; the
pickle in it is never loaded, and neither torch nor torchaudio is needed.

Measured on 1,351 recordings of 2.3 s without the mark and 169 of them marked by the first network;
figures in docs/decisions/watermarks.md.
"""

import hashlib
import io
import zipfile
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import soxr

from provenance.declared import Watermark, WatermarkScheme
from provenance.errors import WeightsUnusable

DISTRIBUTION: Final = "resemble-perth"
_FILE: Final = "perth/perth_net/pretrained/implicit/perth_net_250000.pth.tar"
_SHA256: Final = "a15bce457ebc53ce5e6c9c3f11df78cf7ee2bf9cdab0a798902135b4c4027670"

RATE: Final = 32_000
_WINDOW, _HOP, _BAND, _WIDTH, _LAYERS = 2048, 320, 128, 256, 7
_FLOOR_DB, _HEADROOM_DB = -180.0, 15.0
_SLOPE: Final = 0.01  # of the leaky rectifier
_SPEEDS: Final = (1.25, 1.0, 0.75)
"""The network looks three times, at the spectrogram stretched by so much."""

MARKED: Final = 0.95
"""Answer of the network from which a stretch counts as marked; 0 is unmarked, 1 is marked."""

BOUND: Final = 2.2e-3
"""Upper end, with 95 % confidence, of the share of unmarked recordings that reach `MARKED`."""

STRETCHES: Final = 4
SECONDS: Final = 4.0
"""At most so many stretches of so many seconds are read, spread over the recording."""

_SHORTEST: Final = 1.0
_Floats = npt.NDArray[np.float32]
Network = tuple[tuple[_Floats, _Floats], ...]
"""Convolutions over time: weights of shape (out, in, taps) and offsets of shape (out,)."""


def is_installed() -> bool:
    """Whether the weights are there."""
    try:
        distribution(DISTRIBUTION)
    except PackageNotFoundError:
        return False
    return True


def find_mark(samples: _Floats, rate: int) -> Watermark | None:
    """How much of a recording is marked; None when it is too short to tell.

    `samples`: mono float32 in [-1, 1], shape (n,). `p_chance` bounds how many unmarked recordings
    have one such stretch, and is 1 when none is found.

    Raises:
        WeightsUnusable: the distribution is not installed, or not the one that was measured.
    """
    answers = [presence(part, rate) for part in _stretches(samples, rate)]
    if not answers:
        return None
    matched = sum(answer >= MARKED for answer in answers)
    return Watermark(
        name="Perth",
        scheme=WatermarkScheme.PERTH,
        generator="Resemble's speech generators, such as Chatterbox",
        matched=matched,
        total=len(answers),
        p_chance=min(1.0, len(answers) * BOUND) if matched else 1.0,
    )


def presence(samples: _Floats, rate: int) -> float:
    """The network's answer for one stretch of at least a second: near 0 unmarked, near 1 marked.

    Raises:
        WeightsUnusable: as `find_mark`.
    """
    if rate != RATE:
        samples = np.asarray(soxr.resample(samples, rate, RATE), np.float32)
    levels = spectrum(samples)
    loud = levels.sum(axis=0)
    heard = (loud > 0.05 * loud.max()).astype(np.float32)
    found = [
        _look(levels[:_BAND], heard, *look) for look in zip(networks()[1:], _SPEEDS, strict=True)
    ]
    attention = np.exp([one for one, _ in found])
    return float((attention * [other for _, other in found]).sum() / attention.sum())


def spectrum(samples: _Floats) -> _Floats:
    """Levels of a spectrogram, shape (1025, frames): decibels brought to about [0, 1]."""
    padded = np.pad(samples, _WINDOW // 2, mode="reflect")
    frames = np.lib.stride_tricks.sliding_window_view(padded, _WINDOW)[::_HOP]
    hann = np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    size = np.abs(np.fft.rfft(frames * hann, axis=1)).T
    decibels = 20 * np.log10(np.maximum(size, 1e-9))
    return ((decibels - _FLOOR_DB) / (_HEADROOM_DB - _FLOOR_DB)).astype(np.float32)


def run(network: Network, levels: _Floats) -> _Floats:
    """Pass levels of shape (channels, frames) through convolutions over time."""
    for number, (weights, offsets) in enumerate(network):
        taps = weights.shape[2]
        padded = np.pad(levels, ((0, 0), (taps // 2, taps // 2)))
        frames = levels.shape[1]
        levels = np.repeat(offsets[:, None], frames, axis=1)
        for tap in range(taps):
            levels += weights[:, :, tap] @ padded[:, tap : tap + frames]
        if number < len(network) - 1:
            levels = np.where(levels > 0, levels, _SLOPE * levels)
    return levels


def _stretches(samples: _Floats, rate: int) -> list[_Floats]:
    size = min(len(samples), round(SECONDS * rate))
    if size < _SHORTEST * rate or not samples.any():
        return []
    count = min(STRETCHES, len(samples) // size)
    starts = np.linspace(0, len(samples) - size, count).astype(int)
    return [part for start in starts if (part := samples[start : start + size]).any()]


def _look(band: _Floats, heard: _Floats, network: Network, speed: float) -> tuple[float, float]:
    """Attention and answer of one of the three looks, over the frames in which something is heard."""
    frames = band.shape[1]
    size = int(frames * speed)
    if size != frames:
        places = np.linspace(0, frames - 1, size)
        left = places.astype(int)
        share = (places - left).astype(np.float32)
        band = band[:, left] * (1 - share) + band[:, np.minimum(left + 1, frames - 1)] * share
        heard = heard[np.arange(size) * frames // size]
    attention, answer = run(network, band) @ heard / heard.sum()
    return float(attention), float(answer)


@lru_cache(maxsize=1)
def networks() -> tuple[Network, Network, Network, Network]:
    """The network that marks, and the three looks of the one that finds, checked against a digest.

    Raises:
        WeightsUnusable: as `find_mark`.
    """
    try:
        path = Path(str(distribution(DISTRIBUTION).locate_file(_FILE)))
        data = path.read_bytes()
    except (PackageNotFoundError, OSError) as error:
        raise WeightsUnusable(f"{DISTRIBUTION} is not installed") from error
    if hashlib.sha256(data).hexdigest() != _SHA256:
        raise WeightsUnusable(f"the weights of {DISTRIBUTION} are not those that were measured")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        blobs = (archive.read(f"archive/data/{number}") for number in range(4 * 2 * _LAYERS))
        values = [np.frombuffer(blob, np.float32) for blob in blobs]
    marking = _network(values[: 2 * _LAYERS], out=_BAND)
    looks = [_network(values[2 * _LAYERS * n : 2 * _LAYERS * (n + 1)], out=2) for n in (1, 2, 3)]
    return marking, looks[0], looks[1], looks[2]


def _network(values: list[_Floats], out: int) -> Network:
    """Weights of shape (out, in, taps) and offsets by turns: one tap at both ends, seven between."""
    shapes = [(_WIDTH, _BAND, 1), *[(_WIDTH, _WIDTH, 7)] * (_LAYERS - 2), (out, _WIDTH, 1)]
    weights = (value.reshape(shape) for value, shape in zip(values[::2], shapes, strict=True))
    return tuple(zip(weights, values[1::2], strict=True))
