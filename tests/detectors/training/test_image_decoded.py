"""Photographs decoded anew, and heads that learn from them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from detectors.image.views import Pixels
from detectors.training.image_autoencoder import Autoencoder
from detectors.training.image_data import Picture, generator_for, read, render
from detectors.training.image_decoded import cache_decoded, decoded_crops
from detectors.training.image_heads import Twins, fit_pooled, held_out
from tests import media

Floats = npt.NDArray[np.float32]


def photographs(count: int = 4) -> list[Pixels]:
    return [media.photo_like(200, 160, seed=index) for index in range(count)]


@pytest.fixture(scope="module")
def autoencoder() -> Autoencoder:
    return Autoencoder.trained(photographs(), steps=2)


def test_a_decoded_picture_shows_what_was_encoded(autoencoder: Autoencoder) -> None:
    original = media.photo_like(150, 133, seed=9)
    found = autoencoder.decoded(original)
    assert found.shape == original.shape
    assert found.dtype == np.uint8
    blurred = cv2.GaussianBlur(original, (0, 0), 3)
    assert np.corrcoef(cv2.GaussianBlur(found, (0, 0), 3).ravel(), blurred.ravel())[0, 1] > 0.9
    assert not np.array_equal(found, original)


def test_training_repeats_itself_and_survives_the_disk(
    autoencoder: Autoencoder, tmp_path: Path
) -> None:
    again = Autoencoder.trained(photographs(), steps=2)
    again.save(tmp_path / "weights.safetensors")
    loaded = Autoencoder.load(tmp_path / "weights.safetensors")
    for name, value in autoencoder.state_dict().items():
        assert torch.equal(value, loaded.state_dict()[name]), name


def picture(folder: Path, index: int, *, synthetic: bool = False, face: bool = False) -> Picture:
    file = folder / f"{index}.png"
    file.write_bytes(media.png(media.photo_like(260, 240, seed=index)))
    return Picture(
        file=file,
        thumbnail=None,
        synthetic=synthetic,
        generator="",
        source=f"source {index}",
        pair="",
        source_format="png",
        digest=f"{index:016x}".ljust(64, "0"),
        photoreal=False,
        face_crop=face,
    )


def test_views_show_the_same_place_whatever_is_read(tmp_path: Path) -> None:
    one = picture(tmp_path, 1)

    def inverted(file: Path) -> Pixels:
        return 255 - read(file)

    for view in ("crop.clean", "crop.washed.0"):
        plain, changed = render(one, view), render(one, view, inverted)
        assert np.corrcoef(plain.ravel(), changed.ravel())[0, 1] < -0.95, view
    assert generator_for(one, "crop.clean").random() != generator_for(one, "whole.clean").random()


class Means:
    """An encoder whose tokens are all the mean colours of the view, doubled to two blocks."""

    blocks, width, grid = 2, 3, 14

    def tokens(self, view: npt.NDArray[np.uint8]) -> Floats:
        mean = view.reshape(-1, 3).mean(axis=0).astype(np.float32)
        return np.broadcast_to(mean, (2, 197, 3)).copy()


def test_only_photographs_are_decoded_and_cached(
    tmp_path: Path, autoencoder: Autoencoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = [
        picture(tmp_path, 1),
        picture(tmp_path, 2, synthetic=True),
        picture(tmp_path, 3),
        picture(tmp_path, 4, face=True),
    ]
    trained: list[Sequence[Pixels]] = []

    def train(pictures: Sequence[Pixels]) -> Autoencoder:
        trained.append(pictures)
        return autoencoder

    monkeypatch.setattr(Autoencoder, "trained", train)
    for _ in range(2):
        cache_decoded(chosen, Means(), tmp_path / "cache")
    assert [len(pictures) for pictures in trained] == [2]
    found = decoded_crops(chosen, tmp_path / "cache")
    assert found.has.tolist() == [True, False, True, False]
    for rows in found.views:
        assert rows.shape == (4, 18)
        assert (np.abs(rows).sum(axis=1) > 0).tolist() == [True, False, True, False]


def made_rows(count: int, rng: np.random.Generator) -> tuple[Floats, list[Picture]]:
    """The whole (feature 0) tells the classes apart, the crop's decoder trace (feature 3) less."""
    synthetic = np.arange(count) % 2 == 1
    rows = rng.normal(0, 1, (count, 4)).astype(np.float32)
    rows[:, 0] += synthetic * 2
    rows[:, 3] += synthetic * 0.3
    chosen = [
        Picture(
            file=Path(f"{index}"),
            thumbnail=None,
            synthetic=bool(synthetic[index]),
            generator="",
            source=f"source {index % 24 // 2}",
            pair="",
            source_format="png",
            digest=f"{index:016x}".ljust(64, "0"),
            photoreal=False,
            face_crop=False,
        )
        for index in range(count)
    ]
    return rows, chosen


def test_twins_teach_what_the_decoder_leaves() -> None:
    rng = np.random.default_rng(3)
    rows, chosen = made_rows(480, rng)
    decoded = rows.copy()
    decoded[:, :2] = 0
    decoded[:, 3] += 4
    has = np.array([one.photograph for one in chosen])
    twins = Twins(has=has, decoded=[decoded], whole=slice(2))
    plain, taught = fit_pooled([rows], chosen), fit_pooled([rows], chosen, twins)
    assert taught.coef_[0, 3] > plain.coef_[0, 3] + 0.2
    assert abs(taught.coef_[0, 2]) < 0.3


def test_a_twin_stays_in_the_fold_of_its_original() -> None:
    """However strange the twins of one source are, its own pictures are scored as before."""
    rows, chosen = made_rows(480, np.random.default_rng(4))
    has = np.array([one.photograph for one in chosen])
    own = np.array([one.source == "source 0" for one in chosen])
    decoded = rows.copy()
    decoded[:, :2] = 0
    strange = decoded.copy()
    strange[own] *= -50
    before, after = (
        held_out(
            [rows], chosen, trained_on=1, twins=Twins(has=has, decoded=[twins], whole=slice(2))
        )
        for twins in (decoded, strange)
    )
    assert np.array_equal(before[0, own], after[0, own])
    assert not np.array_equal(before[0, ~own], after[0, ~own])
