"""Pictures that are no photographs, as the domain is trained on them."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from detectors.training import domain_making
from tests.media import photo_like

PHOTO = photo_like(320, 240, seed=2)


@pytest.mark.parametrize("style", domain_making.STYLES)
def test_the_same_seed_makes_the_same_picture(style: str) -> None:
    make = domain_making.STYLES[style]
    first, again, other = (make(PHOTO, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.dtype == np.uint8
    assert first.ndim == 3
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


@pytest.mark.parametrize("style", ["strokes", "regions", "flat", "cartoon"])
def test_a_rendering_still_shows_its_photograph(style: str) -> None:
    made = domain_making.STYLES[style](PHOTO, np.random.default_rng(3))
    assert made.shape == PHOTO.shape
    assert 0.5 < np.corrcoef(made.mean(axis=2).ravel(), PHOTO.mean(axis=2).ravel())[0, 1] < 0.9999


def test_clip_art_lies_over_a_plain_ground(tmp_path: Path) -> None:
    file = tmp_path / "red.png"
    drawing = Pillow.new("RGBA", (200, 150), (0, 0, 0, 0))
    drawing.paste((255, 0, 0, 255), (50, 50, 100, 100))
    drawing.save(file)
    sheet = domain_making.clip_art(file, np.random.default_rng(1))
    assert sheet is not None
    assert min(sheet.shape[:2]) == domain_making.CLIP_ART_SIDE
    assert (sheet[0, 0] == sheet[-1, -1]).all()
    assert tuple(sheet[160, 160]) == (255, 0, 0)


@pytest.mark.parametrize("size", [(32, 32), (99, 400)])
def test_icons_are_left_out(tmp_path: Path, size: tuple[int, int]) -> None:
    file = tmp_path / "icon.png"
    Pillow.new("RGBA", size).save(file)
    assert domain_making.clip_art(file, np.random.default_rng(1)) is None
