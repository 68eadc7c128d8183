"""Published picture detectors see what their authors' preparation makes of a picture."""

from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image as Pictures

from detectors.base import Image
from detectors.errors import NotApplicable
from detectors.image.published import PublishedDetector, middle
from detectors.result import Reason
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from detectors.zoo.torchvision_shim import ensure_torchvision
from tests import media
from tests.detectors.zoo.public.checkpoints import random_network, stock


@pytest.mark.parametrize(("width", "height"), [(640, 480), (300, 501), (440, 440), (1023, 777)])
@pytest.mark.parametrize(("short_side", "side"), [(440, 384), (0, 256), (0, 224)])
def test_the_view_is_the_one_of_torchvision(
    width: int, height: int, short_side: int, side: int
) -> None:
    ensure_torchvision()
    transforms = import_module("torchvision.transforms")
    pixels = media.photo_like(width, height, seed=width)
    picture = Pictures.fromarray(pixels)
    if short_side:
        picture = transforms.Resize(short_side)(picture)
    expected = np.asarray(transforms.CenterCrop(side)(picture))
    assert np.array_equal(middle(pixels, short_side=short_side, side=side), expected)


@pytest.mark.parametrize("name", ["ferretnet", "community-forensics"])
def test_the_score_is_the_networks_logit_of_that_view(name: str, tmp_path: Path) -> None:
    public, shelf = PublicCard.read(name), Shelf(tmp_path)
    network = random_network(public)
    stock(public, network, shelf)
    detector = PublishedDetector.from_files(shelf.card(name), shelf.verified(name))
    pixels = media.photo_like(500, 460, seed=4)
    settings = public.settings
    ensure_torchvision()
    transforms = import_module("torchvision.transforms")
    steps = [
        *([transforms.Resize(settings["short_side"])] if settings["short_side"] else []),
        transforms.CenterCrop(settings["side"]),
        transforms.ToTensor(),
        transforms.Normalize(settings["mean"], settings["std"]),
    ]
    view = transforms.Compose(steps)(Pictures.fromarray(pixels))
    with torch.inference_mode():
        expected = float(network(view[None])[0, 0])
    found = detector.observe(Image(pixels=pixels, container="png"))
    assert found.raw == pytest.approx(expected, abs=1e-4)


def test_a_picture_smaller_than_the_view_is_not_judged(tmp_path: Path) -> None:
    public, shelf = PublicCard.read("ferretnet"), Shelf(tmp_path)
    stock(public, random_network(public), shelf)
    detector = PublishedDetector.from_files(shelf.card("ferretnet"), shelf.verified("ferretnet"))
    with pytest.raises(NotApplicable) as refused:
        detector.observe(Image(pixels=media.photo_like(400, 200, seed=1), container="png"))
    assert refused.value.reason is Reason.TOO_SMALL
