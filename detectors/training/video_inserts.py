"""Fit the rule for parts of films on real films put together from clips, of one look and of many."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from detectors.video.frames import interquartile_mean
from detectors.video.inserts import LEAST, Floats, InsertRule, stands_out

BySource = Mapping[str, Sequence[Floats]]
"""Frame scores of clips, by where they were published."""

LENGTHS: Final = (24, 32, 40, 48, 64)
"""Frames of the films that are put together."""

INTO: Final = 60
"""Frames of the films that generated parts are put into."""

FILMS: Final = 1500  # of each length
SEGMENTS: Final = (3, 12)  # frames of one clip in a row, at least and at most
OF_ONE_SOURCE: Final = 4  # clips
_SHARE: Final = 0.95


def fitted(real: BySource, point: float) -> InsertRule:
    """From the frame scores of real clips and the 5 % point of film scores.

    `growth` is the slope of the expected maximum against the logarithm of the length; `offset` puts
    the 95 % quantile over all films on the point.
    """
    rng = np.random.default_rng(7)
    found = {
        length: np.array([stands_out(film(real, length, rng)) for _ in range(FILMS)])
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
    real: BySource, made: Sequence[Floats], rule: InsertRule, point: float, frames: int
) -> tuple[float, float]:
    """How often a minute with `frames` of one generated clip passes the point.

    Cut into a single real clip, and into real clips of all sources in turn.
    """
    rng = np.random.default_rng(11)
    every = [clip for clips in real.values() for clip in clips]
    shares = []
    for single in (True, False):
        passed = []
        for _ in range(FILMS):
            own = [every[int(rng.integers(len(every)))]] if single else every
            minute = joined(own, INTO, rng)
            start = int(rng.integers(0, INTO - frames + 1))
            part = (
                joined([made[int(rng.integers(len(made)))]], frames, rng) if frames else minute[:0]
            )
            minute[start : start + frames] = part
            score = max(interquartile_mean(minute), rule.score(minute) or -np.inf)
            passed.append(score > point)
        shares.append(float(np.mean(passed)))
    return shares[0], shares[1]


def film(real: BySource, length: int, rng: np.random.Generator) -> Floats:
    """Frame scores of a real film: of one clip, of a few of one source, or of any, a third each."""
    every = [clip for clips in real.values() for clip in clips]
    kind = int(rng.integers(3))
    if kind == 0:
        return joined([every[int(rng.integers(len(every)))]], length, rng)
    if kind == 1:
        names = sorted(real)
        own = real[names[int(rng.integers(len(names)))]]
        return joined([own[int(rng.integers(len(own)))] for _ in range(OF_ONE_SOURCE)], length, rng)
    return joined(every, length, rng)


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
