"""Finding faces, on drawn ones."""

import numpy as np
import pytest

from detectors.faces.find import FaceFinder
from detectors.faces.view import SIDE, face_view
from detectors.registry import card_of, named
from detectors.zoo.weights import verified
from tests.faces import SKIN, face_like
from tests.media import photo_like


@pytest.fixture(scope="module")
def finder() -> FaceFinder:
    card = card_of(named("image.face_swap"))
    return FaceFinder(verified(card, 0), verified(card, 1))


@pytest.mark.parametrize(
    ("size", "centre", "side"),
    [
        ((400, 300), (200, 150), 200),
        ((900, 700), (300, 400), 160),
        ((1200, 900), (600, 300), 90),
        ((224, 224), (112, 112), 220),  # fills the picture: found on the second, smaller look
    ],
)
def test_a_face_is_found_where_it_is(
    finder: FaceFinder, size: tuple[int, int], centre: tuple[int, int], side: int
) -> None:
    (face,) = finder.find(face_like(*size, centre=centre, side=side))
    left, top, right, bottom = face.box
    assert abs((left + right) / 2 - centre[0]) < 0.15 * side
    assert abs((top + bottom) / 2 - centre[1]) < 0.25 * side
    assert 0.6 * side < face.side < 1.2 * side
    assert face.mesh.shape == (468, 2)


def test_two_faces_come_largest_first(finder: FaceFinder) -> None:
    small = face_like(300, 400, centre=(150, 200), side=120)
    large = face_like(400, 400, centre=(200, 200), side=220)
    sides = [face.side for face in finder.find(np.hstack([small, large]))]
    assert len(sides) == 2
    assert sides == sorted(sides, reverse=True)


def test_a_picture_without_a_face_has_none(finder: FaceFinder) -> None:
    assert finder.find(photo_like(640, 480, seed=3)) == ()


def test_the_view_shows_the_face_at_one_size(finder: FaceFinder) -> None:
    pixels = face_like(900, 700, centre=(60, 400), side=160)  # cut off by the edge
    (face,) = finder.find(pixels)
    view = face_view(pixels, face.mesh)
    assert view.shape == (SIDE, SIDE, 3)
    skin = np.abs(view.astype(int) - SKIN).max(axis=2) < 30
    assert skin.mean() > 0.3
