"""Follow faces through the sampled frames of a film, each within one shot."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from detectors.faces.find import Face

REACH: Final = 1.0
"""Mesh distance up to which a face is the one of the last sighting.

In 68 clips neighbouring samples of one face (749) were at most 0.53 apart, samples eight apart at
most 0.78; two faces of one frame (65) at least 1.81.
"""

MISSED: Final = 1
"""Samples of a shot in which a face may be missed without its track ending."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A face in one of the sampled frames."""

    frame: int  # index of the frame
    face: Face


Track = tuple[Sighting, ...]


def tracks(found: Sequence[tuple[Face, ...]], shot: npt.NDArray[np.int32]) -> tuple[Track, ...]:
    """The faces of each frame joined into tracks, in the order in which they begin.

    `shot` has the shot of each frame. A face is joined to the track whose last sighting is nearest,
    such that all the distances of a frame together are smallest; a new shot begins new tracks.
    """
    every: list[list[Sighting]] = []
    for number, faces in enumerate(found):
        alive = [
            track
            for track in every
            if track[-1].frame >= number - 1 - MISSED and shot[track[-1].frame] == shot[number]
        ]
        joined = dict(_matches([track[-1].face for track in alive], faces))
        for index, face in enumerate(faces):
            if index in joined:
                alive[joined[index]].append(Sighting(number, face))
            else:
                every.append([Sighting(number, face)])
    return tuple(tuple(track) for track in every)


def distance(first: Face, second: Face) -> float:
    """Mean distance of the points of two meshes, in shares of the mean side of the faces."""
    apart = np.linalg.norm(first.mesh - second.mesh, axis=1).mean()
    return float(2 * apart / (first.side + second.side))


def _matches(last: Sequence[Face], faces: Sequence[Face]) -> list[tuple[int, int]]:
    """Pairs of a face and the track it continues, as indices."""
    if not last or not faces:
        return []
    apart = np.array([[distance(face, known) for known in last] for face in faces])
    # Beyond reach all are equally wrong, and worse than any number of right pairs.
    cost = np.where(apart <= REACH, apart, 1e3)
    rows, columns = linear_sum_assignment(cost)
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if apart[row, column] <= REACH
    ]
