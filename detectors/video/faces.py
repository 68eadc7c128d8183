"""Was a face in this film swapped in? Faces are followed through each shot and judged as tracks."""

from collections.abc import Mapping, Sequence
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from detectors.base import Judge, Observation, Span, Video
from detectors.errors import CardInvalid, NotApplicable
from detectors.faces.find import Face
from detectors.faces.swap import LEAST_SIDE, MARGIN, FaceSwapDetector
from detectors.faces.track import Track, tracks
from detectors.result import Reason
from detectors.video.frames import edges, interquartile_mean, spread
from detectors.zoo.card import ModelCard
from detectors.zoo.threads import side_by_side

Floats = npt.NDArray[np.float64]

MIN_SIGHTINGS: Final = 3
"""Frames of one shot in which a face must be large enough to be judged."""

MOST_SIGHTINGS: Final = 6
"""Of a track that are judged, each by one view of the encoder.

On 111 clips of swaps and of the films under them six of up to sixteen gave the same AUC as all (0.64).
"""

_NEIGHBOURS: Final = 1  # sightings on each side that a span of the time line is smoothed with


class FaceTracksDetector:
    """Score of a track = interquartile mean of the log odds of its face in a few frames.

    Score of the film = log of the mean odds of its tracks: any one of them may be the swapped face,
    as with equal prior weight on each. No single frame decides.
    """

    def __init__(self, judge: FaceSwapDetector, frames: int) -> None:
        """`judge` finds faces and scores them; at most `frames` of a film are shown to it."""
        self._judge = judge
        self._frames = frames

    @classmethod
    def from_card(cls, card: ModelCard, parts: Mapping[str, Judge]) -> Self:
        """Use the face-swap detector in `parts`. Raises `CardInvalid` without a number of frames."""
        (judge,) = parts.values()
        if not isinstance(judge, FaceSwapDetector):
            raise CardInvalid(f"model card {card.name}: faces are judged by a FaceSwapDetector")
        return cls(judge, card.number("frames"))

    def observe(self, media: Video) -> Observation:
        """Pooled log odds. Raises `NotApplicable` when no face can be followed and judged."""
        chosen = spread(len(media.frames), self._frames)
        found = side_by_side(lambda index: self._judge.find(media.frames[index]), chosen)
        every = usable(found, media.shot[chosen])
        followed = tuple(thinned(track) for track in every)
        odds = self._odds(media, chosen, followed)
        pooled = np.array([interquartile_mean(own) for own in odds])
        return Observation(
            raw=float(np.logaddexp.reduce(pooled) - np.log(pooled.size)),
            margin=MARGIN,
            spans=spans(followed, odds, edges(media.times[chosen], media.seconds)),
            facts={
                "faces": float(len(followed)),
                "frames_of_one_face": float(max(len(track) for track in every)),
                "largest_face_px": round(max(s.face.side for track in every for s in track)),
            },
        )

    def _odds(
        self, media: Video, chosen: npt.NDArray[np.intp], followed: Sequence[Track]
    ) -> list[Floats]:
        """Log odds of every sighting of each track, judged frame by frame."""
        odds = [np.empty(len(track)) for track in followed]
        for number, index in enumerate(chosen):
            places = [
                (which, place)
                for which, track in enumerate(followed)
                for place, sighting in enumerate(track)
                if sighting.frame == number
            ]
            if not places:
                continue
            faces = tuple(followed[which][place].face for which, place in places)
            for (which, place), value in zip(
                places, self._judge.odds(media.frames[index], faces), strict=True
            ):
                odds[which][place] = value
        return odds


def usable(found: Sequence[tuple[Face, ...]], shot: npt.NDArray[np.int32]) -> tuple[Track, ...]:
    """The tracks that can be judged, without sightings too small for it.

    Raises `NotApplicable` when there is none: no face, none large enough, or none for long enough.
    """
    every = [face for faces in found for face in faces]
    if not every:
        text = (
            "No face was found in the one frame that was looked at."
            if len(found) == 1
            else f"No face was found in the {len(found)} frames that were looked at."
        )
        raise NotApplicable(Reason.NO_FACE, text)
    largest = max(face.side for face in every)
    if largest < LEAST_SIDE:
        text = f"The largest face is {largest:.0f} px wide. At least {LEAST_SIDE} are needed."
        raise NotApplicable(Reason.TOO_SMALL, text)
    large = (
        tuple(sighting for sighting in track if sighting.face.side >= LEAST_SIDE)
        for track in tracks(found, shot)
    )
    followed = tuple(track for track in large if len(track) >= MIN_SIGHTINGS)
    if not followed:
        text = f"No face of at least {LEAST_SIDE} px appears in {MIN_SIGHTINGS} frames of one shot."
        raise NotApplicable(Reason.TOO_SHORT, text)
    return followed


def thinned(track: Track) -> Track:
    """At most `MOST_SIGHTINGS` of a track, the first and the last among them."""
    if len(track) <= MOST_SIGHTINGS:
        return track
    kept = np.linspace(0, len(track) - 1, MOST_SIGHTINGS).round().astype(int)
    return tuple(track[index] for index in kept)


def spans(followed: Sequence[Track], odds: Sequence[Floats], cells: Floats) -> tuple[Span, ...]:
    """The time line, track after track: "face 1" is the first that appears.

    `cells` has the times between which each frame stands for the film, see `edges`. What was seen last
    holds until the next sighting of the track.
    """
    found = []
    for number, (track, own) in enumerate(zip(followed, odds, strict=True), start=1):
        for place, sighting in enumerate(track):
            near = own[max(0, place - _NEIGHBOURS) : place + _NEIGHBOURS + 1]
            until = track[place + 1].frame if place + 1 < len(track) else sighting.frame + 1
            found.append(
                Span(
                    start=float(cells[sighting.frame]),
                    end=float(cells[until]),
                    raw=float(np.median(near)),
                    label=f"face {number}",
                )
            )
    return tuple(found)
