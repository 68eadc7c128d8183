"""Judge sampled frames of a film through an image detector, and pool them on its time axis."""

import math
from collections.abc import Mapping
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import DrawsMaps, Image, Judge, Observation, Span, Video
from detectors.errors import NotApplicable
from detectors.result import Reason
from detectors.zoo.card import ModelCard

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]

MIN_FRAMES: Final = 3
EDGE: Final = 0.08
"""Share cut off each side: station logos and the watermarks of generators sit there."""

SHORT_SIDE: Final = 320
"""Frames are reduced to this, so that a film's resolution cannot be the cue."""

_NEIGHBOURS: Final = 1  # frames on each side that a span of the time line is smoothed with


class FramesDetector:
    """Score = interquartile mean of the frames' scores: no single frame decides.

    The image detector was trained on pictures alone, so how films are timed, sized and cut cannot
    have been learned. A film of which a part is generated shows that part on its time line.
    """

    def __init__(self, judge: Judge, frames: int) -> None:
        """`judge` scores pictures; at most `frames` of a film are shown to it."""
        self._judge = judge
        self._frames = frames

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Use the one detector in `parts`. Raises `CardInvalid` without a number of frames.

        Where in a frame it points is shown nowhere, so no time is spent on it.
        """
        (judge,) = parts.values()
        plain = judge.without_maps() if isinstance(judge, DrawsMaps) else judge
        return cls(plain, card.number("frames"))

    def observe(self, media: Video) -> Observation:
        """Pooled log odds. Raises `NotApplicable` when under `MIN_FRAMES` frames can be judged."""
        chosen = spread(len(media.frames), self._frames)
        raws, margin, refusal = self._judged(media, chosen)
        judged = raws[~np.isnan(raws)]
        if judged.size < MIN_FRAMES:
            if refusal is not None:
                raise refusal
            raise NotApplicable(
                Reason.TOO_SHORT,
                f"{judged.size} frames of the film could be judged; {MIN_FRAMES} are needed.",
            )
        return Observation(
            raw=interquartile_mean(judged),
            margin=margin / math.sqrt(max(judged.size / 2, 1)),  # of the half that is averaged
            spans=spans(raws, media.times[chosen], media.shot[chosen], media.seconds),
            facts={
                "judged_frames": float(judged.size),
                "refused_frames": float(raws.size - judged.size),
                "shots": float(np.unique(media.shot[chosen]).size),
                "deviation": float(judged.std()),
            },
        )

    def _judged(
        self, media: Video, chosen: npt.NDArray[np.intp]
    ) -> tuple[Floats, float, NotApplicable | None]:
        """Score of each chosen frame, and the margin of one.

        NaN, with the reason, for those it refuses, like black ones.
        """
        raws, margin = np.full(chosen.size, np.nan), 0.0
        refusal = None
        for number, index in enumerate(chosen):
            frame = Image(pixels=normalised(media.frames[index]), container=media.container)
            try:
                seen = self._judge.observe(frame)
            except NotApplicable as error:
                refusal = error.anew()
            else:
                raws[number], margin = seen.raw, seen.margin
        return raws, margin, refusal


def spread(available: int, wanted: int) -> npt.NDArray[np.intp]:
    """Indices of at most `wanted` frames, evenly over those available."""
    count = min(available, wanted)
    return np.asarray((np.arange(count) + 0.5) * available / count, dtype=np.intp)


def normalised(frame: Pixels) -> Pixels:
    """An RGB frame without its edges, reduced to `SHORT_SIDE`; smaller ones keep their size."""
    height, width = frame.shape[:2]
    top, left = round(height * EDGE), round(width * EDGE)
    inner = np.ascontiguousarray(frame[top : height - top, left : width - left])
    factor = SHORT_SIDE / max(1, min(inner.shape[:2]))
    if factor >= 1:
        return inner
    size = (round(inner.shape[1] * factor), round(inner.shape[0] * factor))
    return np.asarray(cv2.resize(inner, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def interquartile_mean(scores: Floats) -> float:
    """Mean of the middle half of the scores."""
    ordered = np.sort(scores)
    cut = ordered.size // 4
    return float(ordered[cut : ordered.size - cut].mean())


def edges(times: Floats, seconds: float) -> Floats:
    """The times between which each frame stands for the film: those nearest to it, (frames + 1,)."""
    return np.concatenate([[0.0], (times[1:] + times[:-1]) / 2, [max(seconds, times[-1])]])


def spans(
    raws: Floats, times: Floats, shot: npt.NDArray[np.int32], seconds: float
) -> tuple[Span, ...]:
    """The time line: each frame stands for the time nearest to it, smoothed within its shot.

    A frame that was refused has no score, whatever its neighbours have.
    """
    cells = edges(times, seconds)
    found = []
    for number in range(raws.size):
        near = slice(max(0, number - _NEIGHBOURS), number + _NEIGHBOURS + 1)
        same = raws[near][(shot[near] == shot[number]) & ~np.isnan(raws[near])]
        judged = not np.isnan(raws[number])
        found.append(
            Span(
                start=float(cells[number]),
                end=float(cells[number + 1]),
                raw=float(np.median(same)) if judged else None,
                label=f"shot {shot[number] + 1}",
            )
        )
    return tuple(found)
