"""The spectrogram of a recording with the pitch of a voice, silences and sudden changes, by librosa.

Pitch is probabilistic YIN (Mauch and Dixon, 2014) over 65 to 500 Hz. A change of the background is
where the quiet tenth of the mel bands moves by many decibels at once and stays there.
"""

import fcntl
import os
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import AUDIO_RATE
from service.analysis.looking.catalogue import Drawn
from service.analysis.looking.drawing import Floats, Pixels, as_jpeg, heat, percent
from service.reporting.timeline import clock


def _compiled() -> Path:
    """Where numba keeps what it compiled of librosa; without a folder that can be written it refuses."""
    if "NUMBA_CACHE_DIR" not in os.environ:
        folder = Path(tempfile.gettempdir()) / f"assay-librosa-{os.getuid()}"
        folder.mkdir(mode=0o700, exist_ok=True)
        if folder.stat().st_uid != os.getuid() or folder.stat().st_mode & 0o077:
            folder = Path(tempfile.mkdtemp(prefix="assay-librosa-"))
        os.environ["NUMBA_CACHE_DIR"] = str(folder)
    return Path(os.environ["NUMBA_CACHE_DIR"])


def _load_librosa() -> None:
    """One process after another: two that compile at once can leave code that crashes all later ones.

    librosa loads its parts on first use, and they compile when they are loaded or first called.
    """
    folder = _compiled()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for part in ("core.audio", "core.pitch", "core.spectrum", "feature.spectral"):
            import_module(f"librosa.{part}")
        pitch = import_module("librosa.core.pitch")
        pitch.pyin(np.zeros(4096, np.float32), fmin=65, fmax=500, sr=AUDIO_RATE)


_load_librosa()
import librosa  # noqa: E402 (loaded above)

WIDTH: Final = 1280
HEIGHT: Final = 320
PITCH_HEIGHT: Final = 112
MARKS_HEIGHT: Final = 16
TOP: Final = AUDIO_RATE / 2
DYNAMIC: Final = 80.0
"""Decibels below the loudest that are told from silence."""

PITCH_LOW, PITCH_HIGH = 65.0, 500.0
_WINDOW: Final = 1024  # samples: 64 ms
_PITCH_HOP: Final = 320  # samples: 20 ms
_MINUTE: Final = 60 * AUDIO_RATE  # a multiple of that
_MELS: Final = 40
_BACKGROUND_HOP: Final = 800  # samples: 50 ms
_SIDE: Final = 10  # of these on either side of a change
_JUMP: Final = 12.0  # decibels
_SILENCE: Final = 0.05  # seconds of samples that are exactly alike
_LISTED: Final = 12
_QUIET: Final = -60.0  # decibels below the loudest: nothing worth calling sound
_PITCH: Final = (120, 235, 255)
_SILENT: Final = (130, 200, 255)
_CHANGED: Final = (255, 255, 255)

Doubles = npt.NDArray[np.float64]


def spectrogram(samples: Floats) -> Drawn:
    """Linear frequency to 8 kHz over the whole length, as wide as the time line of the report.

    `samples` are mono at `AUDIO_RATE`.
    """
    seconds = len(samples) / AUDIO_RATE
    decibels = _decibels(samples)
    times, pitch = _pitch(samples)
    silences, changes = _silences(samples), _changes(samples)
    marks = np.full((MARKS_HEIGHT, WIDTH, 3), 18, np.uint8)
    for start, end in silences:
        _tick(marks, start / seconds, end / seconds, _SILENT)
    for at in changes:
        _tick(marks, at / seconds, at / seconds, _CHANGED)
    spectrum = heat((decibels[::-1] + DYNAMIC) / DYNAMIC)
    return as_jpeg(
        np.concatenate([spectrum, _traced(times / seconds, pitch), marks]),
        _range_in_words(decibels),
        _pitch_in_words(pitch),
        _listed("Digital silence", [f"{clock(a)} to {clock(b)}" for a, b in silences]),
        _listed("A sudden change of the background", [clock(at) for at in changes]),
    )


def _decibels(samples: Floats) -> Floats:
    """Shape (HEIGHT, WIDTH), the lowest frequency first, relative to the loudest."""
    hop = max(64, len(samples) // (4 * WIDTH))
    power = np.abs(librosa.stft(samples, n_fft=_WINDOW, hop_length=hop)) ** 2
    scaled = cv2.resize(power.astype(np.float32), (WIDTH, HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(librosa.power_to_db(scaled, ref=np.max, top_db=DYNAMIC), np.float32)


def _pitch(samples: Floats) -> tuple[Doubles, Doubles]:
    """Times in seconds and Hz, NaN where there is no voice; a minute at a time, to save memory."""
    pitch = np.concatenate(
        [_pitch_of(samples[at : at + _MINUTE]) for at in range(0, len(samples), _MINUTE)]
    )
    return np.arange(len(pitch)) * _PITCH_HOP / AUDIO_RATE, pitch


def _pitch_of(samples: Floats) -> Doubles:
    count = -(-len(samples) // _PITCH_HOP)
    padded = np.pad(samples, (0, max(0, 2 * _WINDOW - len(samples))))
    if not np.any(padded):
        return np.full(count, np.nan)
    pitch, _, _ = librosa.pyin(
        padded,
        fmin=PITCH_LOW,
        fmax=PITCH_HIGH,
        sr=AUDIO_RATE,
        frame_length=_WINDOW,
        hop_length=_PITCH_HOP,
        resolution=0.2,
    )
    return np.asarray(pitch[:count], np.float64)


def _silences(samples: Floats) -> list[tuple[float, float]]:
    """Stretches in seconds in which every sample is the one before: nothing was recorded there."""
    still = np.concatenate([[False], np.diff(samples) == 0, [False]])
    edges = np.flatnonzero(np.diff(still.astype(np.int8)))
    runs = edges.reshape(-1, 2) / AUDIO_RATE
    long = runs[runs[:, 1] - runs[:, 0] >= _SILENCE]
    return [(float(a), float(b)) for a, b in long[:_LISTED]]


def _changes(samples: Floats) -> list[float]:
    """Seconds at which the background is another one than half a second before, to stay."""
    power = librosa.feature.melspectrogram(
        y=samples, sr=AUDIO_RATE, n_fft=_WINDOW, hop_length=_BACKGROUND_HOP, n_mels=_MELS
    )
    level = 10 * np.log10(power + 1e-10)
    count = level.shape[1]
    jumps = np.zeros(count)
    if count > 2 * _SIDE:
        beginnings = range(count - _SIDE)
        quiet = np.array(
            [np.percentile(level[:, at : at + _SIDE], 10, axis=1) for at in beginnings]
        )
        jumps[_SIDE:-_SIDE] = np.median(np.abs(quiet[_SIDE:] - quiet[:-_SIDE]), axis=1)
    found: list[float] = []
    for at in np.argsort(-jumps):
        if jumps[at] < _JUMP or len(found) == _LISTED:
            break
        moment = float(at) * _BACKGROUND_HOP / AUDIO_RATE
        if all(abs(moment - other) > 1 for other in found):
            found.append(moment)
    return sorted(found)


def _traced(shares: Doubles, pitch: Doubles) -> Pixels:
    """The pitch over a logarithmic scale with lines at 100, 200 and 400 Hz."""
    panel = np.full((PITCH_HEIGHT, WIDTH, 3), 18, np.uint8)
    for line in (100.0, 200.0, 400.0):
        panel[_down(np.array([line]))[0]] = 70
    voiced = np.isfinite(pitch)
    across = np.clip(np.round(shares * (WIDTH - 1)), 0, WIDTH - 1).astype(int)
    down = _down(np.where(voiced, pitch, PITCH_LOW))
    for at in np.flatnonzero(voiced[1:] & voiced[:-1]):
        ends = [(int(across[it]), int(down[it])) for it in (at, at + 1)]
        cv2.line(panel, ends[0], ends[1], _PITCH, 2, cv2.LINE_AA)
    return panel


def _down(pitch: Doubles) -> npt.NDArray[np.int_]:
    share = np.log(pitch / PITCH_LOW) / np.log(PITCH_HIGH / PITCH_LOW)
    return np.asarray(np.round((1 - share) * (PITCH_HEIGHT - 1)), np.int_)


def _tick(marks: Pixels, start: float, end: float, colour: tuple[int, int, int]) -> None:
    left, right = (min(WIDTH - 1, round(share * WIDTH)) for share in (start, end))
    marks[2:, left : max(right, left + 2)] = colour


def _range_in_words(decibels: Floats) -> str:
    heard = np.flatnonzero(decibels.max(axis=1) > _QUIET)
    if len(heard) == 0 or decibels.max() == decibels.min():
        return "The recording is silent."
    top = (heard[-1] + 1) / HEIGHT * TOP
    if top > 0.97 * TOP:
        return "There is sound over the whole range that is shown, up to 8 kHz."
    return f"There is sound up to {top / 1000:.1f} kHz, and next to nothing above."


def _pitch_in_words(pitch: Doubles) -> str:
    voiced = pitch[np.isfinite(pitch)]
    if len(voiced) < 5:
        return "No voice with a pitch was found."
    low, middle, high = np.percentile(voiced, [5, 50, 95])
    return (
        f"A pitch was found in {percent(len(voiced) / len(pitch))} of the time, mostly between "
        f"{low:.0f} and {high:.0f} Hz, with {middle:.0f} Hz in the middle."
    )


def _listed(what: str, places: list[str]) -> str:
    if not places:
        return f"{what}: none was found."
    more = ", and perhaps more" if len(places) == _LISTED else ""
    return f"{what}: {'; '.join(places)}{more}."
