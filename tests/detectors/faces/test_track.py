"""Faces are followed from frame to frame, on made meshes."""

import numpy as np
import numpy.typing as npt
import pytest

from detectors.faces.find import Face
from detectors.faces.track import MISSED, REACH, Track, distance, tracks

SQUARE = np.array([[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]], np.float32)


def face(x: float, y: float = 0.0, side: float = 100.0) -> Face:
    """A mesh of four corners around (x, y)."""
    return Face(mesh=SQUARE * np.float32(side) + np.array([x, y], np.float32), score=0.9)


def shot(*numbers: int) -> npt.NDArray[np.int32]:
    return np.array(numbers, np.int32)


def places(found: tuple[Track, ...]) -> list[list[tuple[int, float]]]:
    """Frame and horizontal position of every sighting."""
    return [[(s.frame, float(s.face.mesh[:, 0].mean())) for s in track] for track in found]


def test_the_distance_is_in_shares_of_a_face() -> None:
    assert distance(face(0), face(50)) == pytest.approx(0.5)
    assert distance(face(0, side=20), face(10, side=20)) == pytest.approx(0.5)
    assert distance(face(0), face(0)) == 0


def test_a_moving_face_is_one_track() -> None:
    found = tracks([(face(0),), (face(40),), (face(80),)], shot(0, 0, 0))
    assert places(found) == [[(0, 0), (1, 40), (2, 80)]]


def test_two_faces_keep_their_tracks_whatever_order_they_are_found_in() -> None:
    found = tracks(
        [(face(0), face(300)), (face(310), face(10)), (face(20), face(320))], shot(0, 0, 0)
    )
    assert places(found) == [[(0, 0), (1, 10), (2, 20)], [(0, 300), (1, 310), (2, 320)]]


def test_neighbours_that_move_together_are_joined_by_the_smallest_total() -> None:
    # The nearest pair alone (60 to 50) would leave the face at 0 without a partner.
    found = tracks([(face(0), face(60)), (face(50), face(110))], shot(0, 0))
    assert places(found) == [[(0, 0), (1, 50)], [(0, 60), (1, 110)]]


def test_a_new_shot_begins_new_tracks() -> None:
    found = tracks([(face(0),), (face(0),), (face(0),)], shot(0, 1, 1))
    assert places(found) == [[(0, 0)], [(1, 0), (2, 0)]]


def test_a_face_beyond_reach_is_another_one() -> None:
    far = 100 * REACH
    assert len(tracks([(face(0),), (face(far - 1),)], shot(0, 0))) == 1
    assert len(tracks([(face(0),), (face(far + 1),)], shot(0, 0))) == 2


def test_a_face_that_leaves_does_not_lend_its_track_to_another() -> None:
    found = tracks([(face(0), face(300)), (face(300),)], shot(0, 0))
    assert places(found) == [[(0, 0)], [(0, 300), (1, 300)]]


def test_a_face_may_be_missed_for_a_moment_and_not_longer() -> None:
    within: list[tuple[Face, ...]] = [(face(0),), *[()] * MISSED, (face(0),)]
    beyond: list[tuple[Face, ...]] = [(face(0),), *[()] * (MISSED + 1), (face(0),)]
    assert len(tracks(within, shot(*[0] * len(within)))) == 1
    assert len(tracks(beyond, shot(*[0] * len(beyond)))) == 2


def test_without_faces_there_are_no_tracks() -> None:
    assert tracks([(), ()], shot(0, 0)) == ()
