"""Whether speech came through a telephone line: does it hold anything above 4 kHz?

A line, a voice recorder or a narrow codec ends below 4 kHz, and no later copy brings back what it
took away. To what judges all of the band, genuine speech without that part looks more synthetic
than synthetic speech with it, so it is left to what judges the low part alone.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import signal

from detectors.audio.speech import SpeechFinder, Stretch
from detectors.audio.windows import LEAST_SPEECH, NARROW, WIDE, Band, require_speech
from detectors.base import AUDIO_RATE, Audio
from detectors.errors import NotApplicable
from detectors.result import Reason

Floats = npt.NDArray[np.float32]

LOWEST_RATE: Final = 12_000
"""Samples per second below which a file cannot hold what is judged."""

LEAST_ABOVE_DB: Final = -40.0
"""Level above 4.4 kHz against that of 0.3 to 3.4 kHz, below which speech is narrow.

Of 529 genuine recordings of 16 kHz and more in which speech is judged, two lie below (0.4 %), of
677 synthetic ones three. All 22 recordings of 8 kHz lie below, and so do 181 genuine ones of 16 kHz
and more once they are taken to 8 kHz, as PCM, G.711, ADPCM or AMR, or back up to 16, 44.1 or 48 kHz
and through MP3, Opus or AAC. Only upsampling without a filter, which mirrors the band, escapes.
"""

JUDGED_NARROW: Final = "judged_narrow"
"""Fact of an observation, 1 where speech was judged in the band of a telephone; absent elsewhere."""

_TELLING: Final = 2.0  # seconds of a stretch that is measured by itself: vowels reach less high
_FRAME: Final = 512  # samples (32 ms)
_BLOCK: Final = 256 * _FRAME  # samples measured at once, which bounds memory
_LOUD: Final = 95  # percentile of frames: fricatives are rare, and they alone reach high
_LOW: Final = (300.0, 3400.0)  # Hz
_HIGH: Final = (4400.0, 7000.0)  # Hz


@dataclass(frozen=True, slots=True)
class HeardSpeech:
    """The stretches to judge, in which band, and how much speech beside them was left out."""

    stretches: list[Stretch]
    band: Band  # WIDE, or NARROW where next to nothing else is left
    narrow: float  # seconds of narrow speech beside wide one


def heard_speech(finder: SpeechFinder, audio: Audio) -> HeardSpeech:
    """Speech by its band: the wide stretches or, where they are too few, all of it as narrow.

    Raises `NotApplicable` as `require_speech` does.
    """
    found = require_speech(finder, audio)
    if audio.source_rate < LOWEST_RATE:
        return HeardSpeech(found, NARROW, 0.0)
    wide = [one for one in found if one.seconds < _TELLING or _is_wide(audio, [one])]
    voiced = sum(stretch.voiced for stretch in wide)
    too_little_left = len(wide) < len(found) and voiced < LEAST_SPEECH
    if too_little_left or not _is_wide(audio, wide):
        return HeardSpeech(found, NARROW, 0.0)
    return HeardSpeech(wide, WIDE, round(sum(stretch.voiced for stretch in found) - voiced, 2))


def require_wide_speech(finder: SpeechFinder, audio: Audio) -> HeardSpeech:
    """The wide stretches alone. Raises `NotApplicable`, as `NARROW_BAND` where there are too few."""
    heard = heard_speech(finder, audio)
    if heard.band is not WIDE:
        raise _narrow_band(audio)
    return heard


def _narrow_band(audio: Audio) -> NotApplicable:
    """What to raise for narrow speech that is not judged."""
    if audio.source_rate < LOWEST_RATE:
        return NotApplicable(
            Reason.NARROW_BAND,
            f"The sound has {audio.source_rate:,} samples a second, as on a telephone line. Speech "
            f"is judged from {LOWEST_RATE:,} up.",
        )
    return NotApplicable(
        Reason.NARROW_BAND,
        "The speech holds next to nothing above 4 kHz, as on a telephone line.",
    )


def _is_wide(audio: Audio, stretches: list[Stretch]) -> bool:
    pieces = [audio.samples[stretch.start : stretch.end] for stretch in stretches]
    return above_4_khz(pieces) >= LEAST_ABOVE_DB


def above_4_khz(pieces: list[Floats]) -> float:
    """Level of the loudest frames in 4.4 to 7 kHz against 0.3 to 3.4 kHz, in dB."""
    low, high = np.hstack([_levels(piece) for piece in pieces])
    return float(
        10 * np.log10((np.percentile(high, _LOUD) + 1e-15) / (np.percentile(low, _LOUD) + 1e-12))
    )


def _levels(piece: Floats) -> npt.NDArray[np.float64]:
    """Power of each frame in the low and the high band, shape (2, frames)."""
    window = signal.get_window("hann", _FRAME).astype(np.float32)
    pitches = np.fft.rfftfreq(_FRAME, 1 / AUDIO_RATE)
    found = []
    for start in range(0, piece.size - _FRAME + 1, _BLOCK):
        block = piece[start : start + _BLOCK + _FRAME // 2]
        frames = np.lib.stride_tricks.sliding_window_view(block, _FRAME)[:: _FRAME // 2]
        power = np.square(np.abs(np.fft.rfft(frames * window)))
        found.append([power[:, (pitches >= a) & (pitches < b)].sum(1) for a, b in (_LOW, _HIGH)])
    return np.concatenate(found, axis=1)
