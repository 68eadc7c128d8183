"""How edits are measured."""

import numpy as np
import pytest

from detectors.base import Kind
from detectors.bench.scores import CLEAN
from detectors.registry import card_of, named, specs_for, votes
from detectors.training.edit_card import best_threshold
from detectors.training.edit_judging import Judged, edited_picture, pixel_f1
from tests.media import photo_like


def judged(patches: list[float], truth: list[float], kind: str = "splice") -> Judged:
    return Judged(
        path="a",
        source="b",
        kind=kind,
        saved="jpeg-90",
        laundering=CLEAN,
        raw=1.0,
        reason="",
        patches=np.array(patches, np.float32),
        areas=np.full(len(patches), 1 / len(patches), np.float32),
        truth=np.array(truth, np.float32),
    )


def test_pixel_f1_counts_areas() -> None:
    item = judged([2.0, 2.0, -2.0, -2.0], [1.0, 0.5, 0.5, 0.0])
    # found: half of the picture, of which 3/8 are edited; edited: 1/2
    assert pixel_f1(item, 0.0) == pytest.approx(2 * 0.375 / (0.5 + 0.5))
    assert pixel_f1(judged([-2.0], [0.0], kind=""), 0.0) == 0.0


def test_a_localiser_of_made_edits_alone_gets_no_vote() -> None:
    assert not card_of(named("image.edits")).votes
    assert "image.edits" not in [s.name for s in specs_for(Kind.IMAGE) if votes(s)]


def test_the_threshold_of_the_map_is_the_one_of_the_best_f1() -> None:
    threshold, score = best_threshold([judged([0.7, -0.7], [1.0, 0.0])])
    assert -0.7 < threshold < 0.7
    assert score == 1.0


def test_a_picture_is_edited_where_the_mask_says() -> None:
    pixels = photo_like(500, 380, seed=4)
    rng = np.random.default_rng(3)
    edited, truth = edited_picture(pixels, photo_like(300, 300, seed=5), "splice", rng)
    changed = np.abs(edited.astype(int) - pixels).max(axis=2) > 0
    assert truth.sum() > 500
    assert changed[truth > 0].mean() > 0.7
    rows, columns = np.nonzero(truth)
    outside = changed.copy()
    outside[rows.min() - 12 : rows.max() + 13, columns.min() - 12 : columns.max() + 13] = False
    assert not outside.any()
