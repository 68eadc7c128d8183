"""Fit the rule for parts of films: real films put together from many clips must not pass by it."""

from collections.abc import Sequence
from typing import Final

import numpy as np

from detectors.video.frames import interquartile_mean
from detectors.video.inserts import LEAST, Floats, InsertRule, highest

LENGTHS: Final = (16, 24, 32, 48, 64)
"""Frames of the films that are put together."""

INTO: Final = 60
"""Frames of the films that generated parts are put into."""

FILMS: Final = 1500  # of each length
SEGMENTS: Final = (3, 12)  # frames of one clip in a row, at least and at most
_SHARE: Final = 0.95


def fitted(real: Sequence[Floats], point: float) -> InsertRule:
    """From the frame scores of real clips and the 5 % point of film scores.

    `growth` is the slope of the expected maximum against the logarithm of the length; `offset` puts
    the 95 % quantile of the highest stretch on the point.
    """
    rng = np.random.default_rng(7)
    found = {
        length: np.array([highest(joined(real, length, rng)) for _ in range(FILMS)])
        for length in LENGTHS
    }
    logs = np.log(np.array(LENGTHS) / LEAST)
    growth = float(np.polyfit(logs, [maxima.mean() for maxima in found.values()], 1)[0])
    plain = np.concatenate(
        [maxima - growth * log for maxima, log in zip(found.values(), logs, strict=True)]
    )
    offset = point - float(np.quantile(plain, _SHARE))
    return InsertRule(offset=round(offset, 4), growth=round(growth, 4))


def share_found(
    real: Sequence[Floats], made: Sequence[Floats], rule: InsertRule, point: float, frames: int
) -> float:
    """Share of films that pass the point: 60 frames of real clips with `frames` generated ones."""
    rng = np.random.default_rng(11)
    passed = []
    for _ in range(FILMS):
        film = joined(real, INTO, rng)
        start = int(rng.integers(0, INTO - frames + 1))
        film[start : start + frames] = joined(made, frames, rng)
        score = max(interquartile_mean(film), rule.score(film) or -np.inf)
        passed.append(score > point)
    return float(np.mean(passed))


def joined(clips: Sequence[Floats], length: int, rng: np.random.Generator) -> Floats:
    """Frame scores of a film of `length` frames cut together from clips drawn at random."""
    parts: list[Floats] = []
    left = length
    while left:
        clip = clips[int(rng.integers(len(clips)))]
        count = min(left, int(rng.integers(SEGMENTS[0], SEGMENTS[1] + 1)))
        parts.append(clip[np.sort(rng.integers(0, clip.size, count))])
        left -= count
    return np.concatenate(parts)
