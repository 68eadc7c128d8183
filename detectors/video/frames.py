"""Judge sampled frames of a film through an image detector, and pool them on its time axis."""

import math
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Final, Self, TypeVar

import cv2
import numpy as np
import numpy.typing as npt

from detectors.base import Begun, Glances, Image, Judge, Observation, Sampled, Span, Video
from detectors.errors import NotApplicable
from detectors.result import JUDGED_FRAMES, REFUSED_FRAMES
from detectors.video.inserts import InsertRule
from detectors.video.refusals import MIN_FRAMES, too_few
from detectors.zoo.card import ModelCard
from detectors.zoo.threads import Ahead, side_by_side
from detectors.zoo.weights import read_arrays, verified

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
Seen = TypeVar("Seen")

EDGE: Final = 0.08
"""Share cut off each side: station logos and the watermarks of generators sit there."""

SHORT_SIDE: Final = 320
"""Frames are reduced to this, so that a film's resolution cannot be the cue."""

ANCHORS: Final = 8
"""Frames of a film that are judged in full at least; of 67 clips of six sources eight frames gave AUC
0.886 in full, 0.884 with each view of every second frame."""

INSERTS: Final = "inserts"
"""Setting: the two numbers of the `InsertRule`."""

_NEIGHBOURS: Final = 1  # frames on each side that a span of the time line is smoothed with


@dataclass(frozen=True, slots=True)
class _Looked:
    """What is known of frames of a film, by their index, or will be: in full, or their fine detail."""

    full: dict[int, Future[tuple[Observation, float] | NotApplicable]] = field(default_factory=dict)
    between: dict[int, Future[float | NotApplicable]] = field(default_factory=dict)


class FramesDetector:
    """Score = interquartile mean of the frames' scores, or the highest stretch if that says more.

    No single frame decides. Heads were trained on single pictures and frames alone, so how films are
    timed and cut cannot have been learned.
    """

    def __init__(
        self, judge: Judge | Glances, frames: int, inserts: InsertRule | None = None
    ) -> None:
        """`judge` scores pictures; at most `frames` of a film are shown to it."""
        self._judge: Judge | Glances = judge.sparing() if isinstance(judge, Glances) else judge
        self._frames = frames
        self._inserts = inserts

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Use the one detector in `parts`, sparingly: where in a frame it points is shown nowhere.

        Weights of the card, if it has any, take the place of those for pictures. Raises `CardInvalid`
        without a number of frames.
        """
        judge: Judge | Glances
        (judge,) = parts.values()
        if card.weights and isinstance(judge, Glances):
            judge = judge.retrained(read_arrays(verified(card, 0)))
        rule = card.settings.get(INSERTS)
        inserts = InsertRule(*rule) if isinstance(rule, list) else None
        return cls(judge, card.number("frames"), inserts)

    def observe(self, media: Video) -> Observation:
        """Pooled log odds. Raises `NotApplicable` when under `MIN_FRAMES` frames can be judged."""
        return self.pooled(media, _Looked())

    def begin(self) -> Begun | None:
        """As `Begins.begin`."""
        judge = self._judge
        return _Begun(self, judge, self._frames) if isinstance(judge, Glances) else None

    def pooled(self, media: Video, looked: _Looked) -> Observation:
        """As `observe`; what somebody else looks at is waited for instead of being computed."""
        chosen = spread(len(media.frames), self._frames)
        found = _Frames(self._judge, media, chosen, looked)
        raws = found.judged()
        judged = raws[~np.isnan(raws)]
        if judged.size < MIN_FRAMES:
            raise too_few(
                found.refusals,
                judged=judged.size,
                looked=chosen.size,
                short_side=min(media.frames.shape[1:3]),
            )
        line = spans(raws, media.times[chosen], media.shot[chosen], media.seconds)
        throughout = interquartile_mean(judged)
        part = None if self._inserts is None else self._inserts.score(scores_of(line))
        return Observation(
            raw=throughout if part is None else max(throughout, part),
            allowance=found.allowance,
            margin=found.margin_of_mean(judged.size),
            spans=line,
            facts={
                JUDGED_FRAMES: float(judged.size),
                REFUSED_FRAMES: float(raws.size - judged.size),
                "shots": float(np.unique(media.shot[chosen]).size),
                "deviation": float(judged.std()),
                "throughout": round(throughout, 3),
                **({} if part is None else {"highest_stretch": round(part, 3)}),
            },
        )


class _Frames:
    """The scores of the chosen frames of one film.

    A judge that glances sees `ANCHORS` frames spread over the film, and the first of each shot, with
    all its views; between them only the fine detail is looked at anew, for a view each, and the rest
    is taken from the anchor before it in the same shot.
    """

    def __init__(
        self,
        judge: Judge | Glances,
        media: Video,
        chosen: npt.NDArray[np.intp],
        looked: _Looked,
    ) -> None:
        self._judge = judge
        self._looked = looked
        self._media = media
        self._chosen = chosen
        self._margin = 0.0
        self.allowance = 0.0
        self.refusals: list[NotApplicable] = []

    def judged(self) -> Floats:
        """Score of each chosen frame; NaN for those it refuses, like black ones."""
        judge = self._judge
        if isinstance(judge, Glances):
            return self._glanced(judge)
        raws = np.full(self._chosen.size, np.nan)
        seen = side_by_side(
            lambda number: _tried(judge.observe, self._frame(number)), range(raws.size)
        )
        for number, found in enumerate(seen):
            if isinstance(found, NotApplicable):
                self.refusals.append(found)
            else:
                raws[number] = self._kept(found)
        return raws

    def _glanced(self, judge: Glances) -> Floats:
        raws = np.full(self._chosen.size, np.nan)
        shot = self._media.shot[self._chosen]
        full = np.flatnonzero(anchors(shot))
        seen = dict(
            zip(
                full.tolist(),
                side_by_side(lambda number: self._apart(judge, number), full.tolist()),
                strict=True,
            )
        )
        rest: dict[int, float] = {}  # by shot: what an anchor scored without its fine detail
        added: dict[int, float] = {}  # by frame between anchors: the same of the anchor before it
        for number, own in enumerate(shot.tolist()):
            if number not in seen and own in rest:
                added[number] = rest[own]
                continue
            if number not in seen:
                seen[number] = self._apart(judge, number)
            found = seen[number]
            if isinstance(found, NotApplicable):
                self.refusals.append(found)
            else:
                rest[own] = found[0].raw - found[1]
                raws[number] = self._kept(found[0])
        between = side_by_side(lambda number: self._details(judge, number), tuple(added))
        for number, details in zip(added, between, strict=True):
            if isinstance(details, NotApplicable):
                self.refusals.append(details)
            else:
                raws[number] = added[number] + details
        return raws

    def _apart(self, judge: Glances, number: int) -> tuple[Observation, float] | NotApplicable:
        looked = self._looked.full.get(int(self._chosen[number]))
        return looked.result() if looked else _tried(judge.apart, self._frame(number))

    def _details(self, judge: Glances, number: int) -> float | NotApplicable:
        looked = self._looked.between.get(int(self._chosen[number]))
        return looked.result() if looked else _tried(judge.details, self._frame(number))

    def _frame(self, number: int) -> Image:
        return _shown(self._media.frames[self._chosen[number]], self._media.container)

    def _kept(self, seen: Observation) -> float:
        self._margin, self.allowance = seen.margin, seen.allowance
        return seen.raw

    def margin_of_mean(self, count: int) -> float:
        """Of the half of `count` frames that is averaged; small frames stray all alike."""
        return self._margin if self.allowance else self._margin / math.sqrt(max(count / 2, 1))


class _Begun:
    """Frames of one film that are judged while others are decoded, as far as can be foreseen.

    Which are anchors is known for certain at the end alone: a film may have fewer frames than it
    promised, and an anchor may be refused. What was looked at otherwise than it should have been is
    not used, so the result is the same.
    """

    def __init__(self, detector: FramesDetector, judge: Glances, most: int) -> None:
        self._detector = detector
        self._judge = judge
        self._most = most
        self._ahead = Ahead()
        self._came = 0
        self._shot = -1  # of the frame before, of those that are judged
        self._looked = _Looked()

    def arrived(self, frame: Sampled) -> None:
        """As `Begun.arrived`."""
        number, self._came = self._came, self._came + 1
        chosen = spread(frame.of, self._most)
        if number not in chosen:
            return

        def shown() -> Image:
            return _shown(frame.pixels, frame.container)

        if frame.shot != self._shot or number in chosen[spread(chosen.size, ANCHORS)]:
            self._looked.full[number] = self._ahead.begin(
                lambda: _tried(self._judge.apart, shown())
            )
        else:
            self._looked.between[number] = self._ahead.begin(
                lambda: _tried(self._judge.details, shown())
            )
        self._shot = frame.shot

    def observe(self, media: Video) -> Observation:
        """As `Begun.observe`."""
        return self._detector.pooled(media, self._looked)

    def close(self) -> None:
        """As `Begun.close`."""
        self._ahead.close()


def _shown(frame: Pixels, container: str) -> Image:
    return Image(pixels=normalised(frame), container=container)


def _tried(judge: Callable[[Image], Seen], frame: Image) -> Seen | NotApplicable:
    """What a judge says of a frame, or why it does not."""
    try:
        return judge(frame)
    except NotApplicable as error:
        return error.anew()


def anchors(shot: npt.NDArray[np.int32]) -> npt.NDArray[np.bool_]:
    """Which frames are judged in full, of frames with these shots."""
    chosen = np.zeros(shot.size, np.bool_)
    chosen[spread(shot.size, ANCHORS)] = True
    chosen[1:] |= shot[1:] != shot[:-1]
    chosen[:1] = True
    return chosen


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


def scores_of(line: tuple[Span, ...]) -> Floats:
    """The scores along a time line, without what was not judged."""
    return np.array([span.raw for span in line if span.raw is not None])


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
