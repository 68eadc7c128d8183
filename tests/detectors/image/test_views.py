import numpy as np
import pytest

from detectors.errors import NotApplicable
from detectors.image.views import (
    MIN_SIDE,
    SIDE,
    crop,
    grid,
    require_size,
    require_texture,
    resized,
)
from detectors.result import Reason
from tests.media import photo_like


@pytest.mark.parametrize("size", [(640, 480), (480, 640), (130, 700), (4000, 3000), (224, 224)])
def test_the_resized_view_is_one_square_whatever_the_shape(size: tuple[int, int]) -> None:
    assert resized(photo_like(*size, seed=1)).shape == (SIDE, SIDE, 3)


@pytest.mark.parametrize(("x", "y"), [(0.5, 0.5), (0.0, 0.0), (1.0, 1.0)])
def test_a_crop_holds_the_pictures_own_pixels(x: float, y: float) -> None:
    picture = photo_like(500, 400, seed=2)
    found = crop(picture, x, y)
    top, left = round(y * (400 - SIDE)), round(x * (500 - SIDE))
    assert np.array_equal(found, picture[top : top + SIDE, left : left + SIDE])


def test_a_picture_smaller_than_a_crop_is_reflected_at_its_edges() -> None:
    picture = photo_like(300, 150, seed=2)
    found = crop(picture, 0.5, 0.5)
    assert found.shape == (SIDE, SIDE, 3)
    assert np.array_equal(found[37 : 37 + 150], picture[:, 38 : 38 + SIDE])


@pytest.mark.parametrize("size", [(4000, 3000), (3000, 4000), (640, 480), (130, 9000), (128, 128)])
def test_the_cells_of_the_grid_tile_the_picture(size: tuple[int, int]) -> None:
    cells = grid(*size, side=128, most=24)
    assert 1 <= len(cells) <= 24
    assert sum((c.right - c.left) * (c.bottom - c.top) for c in cells) == pytest.approx(1)
    assert min(c.left for c in cells) == min(c.top for c in cells) == 0
    assert max(c.right for c in cells) == max(c.bottom for c in cells) == 1


def test_small_pictures_have_no_cell_smaller_than_a_crop() -> None:
    assert len(grid(300, 260, side=128, most=24)) == 4


def test_a_picture_under_the_smallest_side_is_not_judged() -> None:
    require_size(photo_like(MIN_SIDE, 400, seed=1))
    with pytest.raises(NotApplicable) as refused:
        require_size(photo_like(MIN_SIDE - 1, 400, seed=1))
    assert refused.value.reason is Reason.TOO_SMALL


def test_flat_pictures_and_gradients_are_out_of_domain() -> None:
    flat = np.full((SIDE, SIDE, 3), 200, np.uint8)
    gradient = np.broadcast_to(np.arange(SIDE, dtype=np.uint8)[:, None, None] // 2, flat.shape)
    for view in (flat, np.ascontiguousarray(gradient)):
        with pytest.raises(NotApplicable) as refused:
            require_texture(view)
        assert refused.value.reason is Reason.OUT_OF_DOMAIN


def test_a_photograph_has_texture() -> None:
    require_texture(resized(photo_like(800, 600, seed=4)))
