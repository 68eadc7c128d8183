"""A published face detector sees each face as its authors cut it."""

import cv2
import numpy as np
import numpy.typing as npt
import pytest
import torch

from detectors.base import Image
from detectors.errors import NotApplicable
from detectors.image.published_faces import Box, FrontalFaces, PublishedFaceDetector, view
from detectors.result import Reason
from detectors.zoo.public.build import architecture
from detectors.zoo.public.card import PublicCard
from detectors.zoo.public.picture_networks import from_efficientnet_pytorch
from detectors.zoo.pulled import Shelf
from detectors.zoo.weights import verified
from tests import media
from tests.detectors.zoo.public.checkpoints import random_network, stock

SBI = PublicCard.read("sbi")
RGB = npt.NDArray[np.uint8]


def face(side: int, room: int) -> RGB:
    """A drawn frontal face of about `side` px with `room` px around it."""
    width = side + 2 * room
    canvas = np.full((width, width, 3), (150, 160, 170), np.uint8)
    unit = side / 100

    def oval(x: float, y: float, wide: float, high: float, grey: int) -> None:
        centre = (int(width / 2 + x * unit), int(width / 2 + y * unit))
        axes = (max(1, int(wide * unit)), max(1, int(high * unit)))
        cv2.ellipse(canvas, centre, axes, 0, 0, 360, (grey, grey, grey), -1, cv2.LINE_AA)

    oval(0, 0, 46, 60, 210)
    for way in (-1, 1):
        oval(way * 20, -20, 14, 3, 60)
        oval(way * 20, -10, 10, 6, 90)
        oval(way * 20, -10, 4, 4, 20)
        oval(way * 5, 18, 3, 2, 110)
    oval(0, 5, 5, 14, 185)
    oval(0, 34, 18, 5, 100)
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), max(0.6, unit)), np.uint8)


@pytest.fixture(scope="module")
def network() -> torch.nn.Module:
    return random_network(SBI)


@pytest.fixture(scope="module")
def shelf(network: torch.nn.Module, tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    shelf = Shelf(tmp_path_factory.mktemp("shelf"))
    stock(SBI, network, shelf)
    return shelf


def test_each_face_is_found_cut_and_judged(shelf: Shelf, network: torch.nn.Module) -> None:
    detector = PublishedFaceDetector.from_files(shelf.card("sbi"), shelf.verified("sbi"))
    pixels = np.hstack([face(160, 60), face(160, 60)[:, ::-1]])
    found = detector.observe(Image(pixels=pixels, container="png"))
    assert found.facts["faces"] == len(found.patches) == 2
    assert found.raw == max(patch.raw for patch in found.patches)
    height, width = pixels.shape[:2]
    for patch in found.patches:
        left, right = patch.left * width, patch.right * width
        top, bottom = patch.top * height, patch.bottom * height
        wide, high = (right - left) / 4 * 0.5, (bottom - top) / 4 * 0.5
        cut = pixels[
            max(0, int(top - high)) : min(height, int(bottom + high) + 1),
            max(0, int(left - wide)) : min(width, int(right + wide) + 1),
        ]
        crop = cv2.resize(cut, dsize=(380, 380)).transpose(2, 0, 1)[None]
        with torch.inference_mode():
            expected = float(network(torch.from_numpy(crop).float() / 255)[0, 0])
        assert patch.raw == pytest.approx(expected, abs=1e-3)


@pytest.mark.parametrize(("side", "room"), [(160, 80), (200, 5), (400, 800)])
def test_faces_are_found_small_filling_and_in_large_pictures(
    shelf: Shelf, side: int, room: int
) -> None:
    (box,) = FrontalFaces(verified(shelf.card("sbi"), 1)).boxes(face(side, room))
    middle = room + side / 2
    assert abs((box[0] + box[2]) / 2 - middle) < 0.1 * side
    assert 0.6 * side < box[2] - box[0] < 1.5 * side
    assert min(box) >= 0
    assert max(box) <= side + 2 * room


def test_without_a_face_it_does_not_apply(shelf: Shelf) -> None:
    detector = PublishedFaceDetector.from_files(shelf.card("sbi"), shelf.verified("sbi"))
    with pytest.raises(NotApplicable) as refused:
        detector.observe(Image(pixels=media.photo_like(300, 300, seed=2), container="png"))
    assert refused.value.reason is Reason.NO_FACE


def test_a_face_at_the_edge_is_cut_there() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (100, 120, 3), np.uint8)
    box: Box = (0, 0, 50, 60)
    assert np.array_equal(view(pixels, box, 32), cv2.resize(pixels[0:68, 0:57], (32, 32)))


def test_names_of_efficientnet_pytorch_lead_to_every_tensor() -> None:
    """All 32 blocks: the first stage widens nothing, so its layers are numbered differently."""
    with torch.device("meta"):
        state = architecture(SBI).make(SBI).state_dict()
    norm = ("weight", "bias", "running_mean", "running_var", "num_batches_tracked")
    names = {"_conv_stem.weight", "_conv_head.weight", "_fc.weight", "_fc.bias"}
    names |= {f"{layer}.{part}" for layer in ("_bn0", "_bn1") for part in norm}
    for index in range(32):
        widens = index >= 2
        block = {f"{bn}.{part}" for bn in ("_bn1", "_bn2") for part in norm}
        block |= {"_depthwise_conv.weight", "_project_conv.weight"}
        block |= {f"_se_{half}.{p}" for half in ("reduce", "expand") for p in ("weight", "bias")}
        if widens:
            block |= {"_expand_conv.weight", *(f"_bn0.{part}" for part in norm)}
        names |= {f"_blocks.{index}.{name}" for name in block}
    assert {from_efficientnet_pytorch(f"net.{name}") for name in names} == set(state)
