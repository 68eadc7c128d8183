"""What a picture seems to have gone through: JPEG compression, and resizing.

Nothing here says who did it or why, and what leaves no trace is not seen; it decides nothing.

Measured on 300 JPEG photographs of many sources (`python -m detectors.bench.history`): the grid of a
JPEG was found in 95 % after quality 50, 91 % after 70, 79 % after 85 and 31 % after 95, and in 1 %
without one; that of an earlier JPEG, shifted under a JPEG of quality 90, in 26 % after quality 60,
and in 2 % of photographs as published. Enlargement by 1.25, 1.5 and 1.8 was found in 86, 84 and
81 %, after JPEG 90 on top in 28, 49 and 61 %, reduction to 0.71 in 9 %; none of the photographs as
published seems resized.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Image
from detectors.image.views import MIN_SIDE, Pixels
from detectors.media.notes import Note

PERIOD: Final = 8
"""Side of a JPEG block in px."""

LARGEST: Final = 1024
"""Side in px of the part that is looked at: the upper left, where the file's own grid begins."""

LOSSLESS: Final = frozenset({"png", "tiff", "gif"})
"""Containers that have no blocks of their own where the file does not say: lossy WebP, AVIF and
HEIC have a grid of 8 px as well."""

GRID_SCORE: Final = 3.0
RESIZED_SCORE: Final = 8.0
SAME_FREQUENCY: Final = 0.012  # cycles a pixel
LOWEST_FREQUENCY: Final = 0.06
CLIPPED: Final = 40.0  # grey levels: one hard edge must not outweigh the rest of its column

Greys = npt.NDArray[np.int16]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Traces in the pixels and the file; what is not there is None or False."""

    quality: int | None = None  # of the JPEG file as it is, 1 to 100, from its tables
    was_jpeg: bool = False  # the file keeps pixels as they are, and these come from a JPEG
    shifted: bool = False  # under the grid of this JPEG lies that of another, cut differently
    resized: bool = False

    @property
    def sentences(self) -> tuple[str, ...]:
        """The same for people."""
        found: list[str] = []
        if self.quality is not None:
            found.append(f"It was saved as a JPEG at a quality of about {self.quality}.")
        if self.was_jpeg:
            found.append("It was a JPEG before and was saved in another format.")
        if self.shifted:
            found.append("It was a JPEG, was cropped, and was saved as a JPEG again.")
        if self.resized:
            found.append("It was resized, or was cut from a picture that was.")
        return tuple(found)


def history(picture: Image) -> History:
    """Traces of a picture; of one under `MIN_SIDE` px only what its tables say."""
    if min(picture.pixels.shape[:2]) < MIN_SIDE:
        return History(quality=picture.jpeg_quality)
    grey = _grey(picture.pixels)
    turned = Note.ORIENTATION_APPLIED in picture.notes  # its own grid may then begin anywhere
    lossless = picture.container in LOSSLESS if picture.lossless is None else picture.lossless
    return History(
        quality=picture.jpeg_quality,
        was_jpeg=lossless and _is_gridded(grey, but_own=False),
        shifted=picture.container == "jpeg" and not turned and _is_gridded(grey, but_own=True),
        resized=_is_resized(grey),
    )


def grid_score(grey: Greys, *, but_own: bool) -> float:
    """How far one of eight phases stands out among columns where steps are largest, in deviations.

    A step counts where it exceeds both its neighbours, so that contrast does not matter (after Fan
    and de Queiroz 2003, who compare steps within blocks and between them). With `but_own` the
    phase of a grid that begins at the first column is left out.
    """
    steps = np.abs(np.diff(grey, axis=1))
    peaks = (steps[:, 1:-1] > np.maximum(steps[:, :-2], steps[:, 2:])).mean(axis=0)
    periods = len(peaks) // PERIOD
    shares = np.roll(peaks[: periods * PERIOD].reshape(periods, PERIOD).mean(axis=0), 2)
    if but_own:
        shares = shares[1:]
    best = int(np.argmax(shares))
    others = np.delete(shares, best)
    # Keeps flat pictures from dividing by nothing.
    chance = 0.3 * np.sqrt(0.22 / (grey.shape[0] * periods))
    return float((shares[best] - others.mean()) / (others.std() + chance))


def resizing_peak(grey: Greys) -> tuple[float, float]:
    """Height over the median, and frequency, of the strongest period of interpolation.

    Interpolated columns have smaller second differences, at the period of the resampling (Gallagher
    2005). Multiples of an eighth belong to JPEG and are left out.
    """
    second = np.abs(2 * grey[:, 1:-1] - grey[:, :-2] - grey[:, 2:])
    profile = np.log(np.minimum(second, CLIPPED).mean(axis=0) + 0.5)
    profile -= cv2.blur(profile[None], (9, 1))[0]
    size = profile.size
    spectrum = np.abs(np.fft.rfft(profile * np.hanning(size)))
    frequencies = np.arange(spectrum.size) / size
    eighths = np.abs(frequencies * PERIOD - np.round(frequencies * PERIOD)) / PERIOD
    usable = (frequencies > LOWEST_FREQUENCY) & (eighths > 2.5 / size)
    strongest = int(np.argmax(np.where(usable, spectrum, 0.0)))
    height = spectrum[strongest] / (np.median(spectrum[usable]) + 1e-6)
    return float(height), float(frequencies[strongest])


def _is_gridded(grey: Greys, *, but_own: bool) -> bool:
    """Whether both axes show a grid."""
    return min(grid_score(axis, but_own=but_own) for axis in (grey, grey.T)) > GRID_SCORE


def _is_resized(grey: Greys) -> bool:
    """Whether both axes show one period."""
    (across, at), (down, also_at) = resizing_peak(grey), resizing_peak(grey.T)
    return min(across, down) > RESIZED_SCORE and abs(at - also_at) < SAME_FREQUENCY


def _grey(pixels: Pixels) -> Greys:
    part = np.ascontiguousarray(pixels[:LARGEST, :LARGEST])
    return np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2GRAY), np.int16)
