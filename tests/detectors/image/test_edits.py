"""The edit localiser, on made pictures."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from detectors.base import Image
from detectors.errors import NotApplicable
from detectors.image.edits import MOST_TILES, TILE, EditDetector, tiles_of
from detectors.image.views import Pixels
from detectors.media.notes import Note
from detectors.registry import load, named
from detectors.result import Reason
from detectors.training.edit_localiser import EditNetwork, write_graphs
from detectors.training.laundering import jpeg
from detectors.zoo.sessions import session
from tests.media import photo_like


@pytest.fixture(scope="module")
def detector() -> EditDetector:
    found = load(named("image.edits"))
    assert isinstance(found, EditDetector)
    return found


def spliced() -> tuple[Pixels, tuple[int, int, int, int]]:
    """A JPEG of a photograph with a smooth, lossless part pasted in, and where (shares of 24)."""
    host = jpeg(photo_like(768, 576, seed=5), 70)
    part = cv2.GaussianBlur(photo_like(768, 576, seed=9), (0, 0), 2)
    host[160:416, 256:512] = part[160:416, 256:512]
    return jpeg(host, 92), (256, 160, 512, 416)


def test_the_map_points_at_what_was_pasted(detector: EditDetector) -> None:
    pixels, (left, top, right, bottom) = spliced()
    patches = detector.observe(Image(pixels=pixels, container="jpeg", jpeg_quality=92)).patches
    inside = [
        patch.raw
        for patch in patches
        if left <= patch.left * 768
        and patch.right * 768 <= right
        and top <= patch.top * 576
        and patch.bottom * 576 <= bottom
    ]
    outside = [
        patch.raw
        for patch in patches
        if patch.right * 768 <= left or left + 256 <= patch.left * 768
    ]
    assert len(inside) > 20
    assert np.mean(inside) > np.mean(outside) + 1


@pytest.mark.parametrize("size", [(768, 576), (130, 900), (133, 131), (4000, 3000)])
def test_the_map_covers_the_picture_once(detector: EditDetector, size: tuple[int, int]) -> None:
    patches = detector.observe(Image(pixels=photo_like(*size, seed=5), container="png")).patches
    area = sum((p.right - p.left) * (p.bottom - p.top) for p in patches)
    assert 0.93 < area <= 1.0001
    assert all(0 <= p.left < p.right <= 1 and 0 <= p.top < p.bottom <= 1 for p in patches)


def test_large_pictures_are_sampled_on_the_jpeg_grid() -> None:
    row = (np.arange(4000) % 8).astype(np.uint8)
    pixels = np.asarray(np.broadcast_to(row[None, :, None], (3000, 4000, 3)), np.uint8)
    tiles = tiles_of(pixels)
    assert 4 < len(tiles) <= MOST_TILES
    assert {tile.pixels.shape for tile in tiles} == {(TILE, TILE, 3)}
    assert all((tile.pixels[0, :8, 0] == np.arange(8)).all() for tile in tiles)


def test_tiles_of_one_picture_are_compared_with_each_other(tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = EditNetwork().eval()
    detector = EditDetector(*map(session, write_graphs(network, tmp_path)))
    tiles = np.stack([photo_like(64, 64, seed=1), photo_like(64, 64, seed=2)])
    with torch.inference_mode():
        blocks, odds = network(torch.from_numpy(tiles[:1]).permute(0, 3, 1, 2).float())
    alone, one = detector.judged(tiles[:1])
    both, _ = detector.judged(tiles)
    assert alone == pytest.approx(blocks.numpy(), abs=1e-4)
    assert one == pytest.approx(float(odds), abs=1e-4)
    assert both.shape == (2, 8, 8)
    assert not np.allclose(both[:1], alone, atol=1e-3)


def test_an_empty_page_is_out_of_domain(detector: EditDetector) -> None:
    page = np.full((800, 600, 3), 255, np.uint8)
    cv2.putText(page, "page 1", (260, 400), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0))
    with pytest.raises(NotApplicable) as refused:
        detector.observe(Image(pixels=page, container="png"))
    assert refused.value.reason is Reason.OUT_OF_DOMAIN


def test_two_runs_agree_to_the_last_bit(detector: EditDetector) -> None:
    picture = Image(pixels=photo_like(700, 500, seed=5), container="png")
    assert detector.observe(picture) == detector.observe(picture)


@pytest.mark.parametrize("note", [Note.FEW_COLOURS, Note.ALPHA_COMPOSITED])
def test_palettes_and_transparency_are_never_called_an_edit(
    note: Note, detector: EditDetector
) -> None:
    picture = Image(pixels=photo_like(700, 500, seed=5), container="png", notes=(note,))
    with pytest.raises(NotApplicable, match="never measured on such pictures") as refused:
        detector.observe(picture)
    assert refused.value.reason is Reason.OUT_OF_DOMAIN
