"""The encoder in torch: the pinned weights in floating point, whatever is beside a view."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from safetensors.numpy import load_file

from detectors.base import Image
from detectors.errors import DeviceMissing, WrongArithmetic
from detectors.image.clip import ClipDetector
from detectors.image.views import Pixels, resized
from detectors.registry import card_of, named
from detectors.zoo import device, encoders
from detectors.zoo.backbones import CLIP_MEAN, CLIP_STD, summary
from detectors.zoo.device import Device, use_device
from detectors.zoo.encoders import SharedPasses, clip_encoder
from detectors.zoo.torch_clip import TorchClip
from detectors.zoo.weights import verified
from tests.float_graph import floating
from tests.media import photograph

Floats = npt.NDArray[np.float32]

BLOCKS = (6, 8)
EXACT = 1e-4
"""Of the largest token: what sums in another order may change."""


def weights() -> Path:
    return verified(card_of(named("image.clip")))


@cache
def network(*, bf16: bool = False) -> TorchClip:
    return TorchClip(weights(), blocks=BLOCKS, device=torch.device("cpu"), bf16=bf16)


@cache
def views() -> tuple[Pixels, ...]:
    shown = photograph(900, 600)
    return (resized(shown), np.ascontiguousarray(shown[200:424, 300:524]))


def distance(found: Floats, expected: Floats) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_tokens_are_those_of_the_pinned_graph_run_in_floating_point() -> None:
    names = [f"/vision_model/encoder/layers.{block - 1}/Add_1_output_0" for block in BLOCKS]
    session = onnxruntime.InferenceSession(
        floating(weights().read_bytes(), names), providers=["CPUExecutionProvider"]
    )
    for view in views():
        pixels = (view / np.float32(255) - np.array(CLIP_MEAN, "f4")) / np.array(CLIP_STD, "f4")
        given = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        expected = np.concatenate(session.run(names, {"pixel_values": given}))
        found = network().tokens([view])[0]
        assert np.abs(found - expected).max() < EXACT * np.abs(expected).max()


def test_half_precision_moves_summaries_by_a_percent_at_most() -> None:
    found, expected = network(bf16=True).tokens(views()), network().tokens(views())
    for one, other in zip(found, expected, strict=True):
        assert 0 < distance(summary(one), summary(other)) < 0.01


def test_a_view_has_the_same_bits_alone_and_among_others_on_a_processor() -> None:
    among = network().tokens(views())
    for view, found in zip(views(), among, strict=True):
        assert np.array_equal(network().tokens([view])[0], found)


def test_in_one_pass_with_others_a_view_has_the_same_tokens_within_rounding() -> None:
    together, alone = network().together(views()), network().tokens(views())
    assert np.abs(together - alone).max() < EXACT * np.abs(alone).max()


def test_blocks_above_the_highest_asked_for_are_not_there() -> None:
    low = TorchClip(weights(), blocks=[2], device=torch.device("cpu"))
    assert len(low.network.get_submodule("blocks")) == 2  # type: ignore[arg-type]
    assert low.tokens(views()[:1]).shape == (1, 1, 197, 768)


@pytest.fixture
def shared() -> Iterator[SharedPasses]:
    encoder = SharedPasses(network(), BLOCKS, "a processor that passes for another device")
    yield encoder
    encoder.close()


def test_a_detector_finds_the_same_through_shared_passes(shared: SharedPasses) -> None:
    head = np.random.default_rng(3).normal(0, 0.01, (2, 2 * 3 * 768)).astype(np.float32)
    parts = {"whole": head[0], "crop": head[1], "bias": np.float32(0)}

    class Plain:
        blocks, width, grid = 2, 768, 14

        def tokens(self, view: Pixels) -> Floats:
            found: Floats = network().tokens([view])[0]
            return found

    picture = Image(pixels=photograph(500, 400), container="png")
    alone = ClipDetector(Plain(), parts).observe(picture)
    found = ClipDetector(shared, parts).observe(picture)
    assert found == alone


def test_a_device_that_computes_wrong_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    wrong = TorchClip(weights(), blocks=[6], device=torch.device("cpu"))
    tokens = wrong.tokens
    monkeypatch.setattr(wrong, "tokens", lambda views: np.fmod(tokens(views), 0.3))
    with pytest.raises(WrongArithmetic, match="device x computes"):
        SharedPasses(wrong, [6], "device x")


def test_auto_takes_the_processor_where_there_is_nothing_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(device, "_chosen", [Device.CPU])
    use_device(Device.AUTO)
    assert device.on_processor()
    with pytest.raises(DeviceMissing, match="cuda"):
        use_device(Device.CUDA)


def test_another_device_is_asked_in_floating_point_through_shared_passes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(device, "on_processor", lambda: False)
    monkeypatch.setattr(device, "torch_device", lambda: torch.device("cpu"))
    encoder = clip_encoder(weights, [6])
    assert isinstance(encoder, SharedPasses)
    found = encoder.summaries_of(views())
    encoder.close()
    assert "FP32" in encoder.how
    apart = load_file(encoders.EIGHT_BITS_APART)["6"]
    for one, tokens in zip(found, network().tokens(views()), strict=True):
        assert np.allclose(one[0] - apart, summary(tokens)[0], atol=1e-4)
