"""The encoder in eight bits: fixed ranges, sums that cannot overflow, and what one bit may do."""

import hashlib
from functools import cache
from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx import numpy_helper

from detectors.image.views import Pixels, resized
from detectors.registry import card_of, named
from detectors.zoo.backbones import (
    CLIP_BLOCKS,
    CLIP_DISTRIBUTION,
    CLIP_FILE,
    CLIP_MADE,
    CLIP_MEAN,
    CLIP_STD,
    ClipEncoder,
    summary,
)
from detectors.zoo.clip_graph import LOUD, clip_graph
from detectors.zoo.torch_clip import TorchClip
from detectors.zoo.weights import verified
from tests.media import photograph

NEAR = 0.05
"""Relative distance of summaries from floating point, and from those one bit apart."""


def weights() -> Path:
    return verified(card_of(named("image.clip")))


@cache
def made() -> bytes:
    return b"".join(clip_graph(weights(), CLIP_BLOCKS))


@cache
def views() -> tuple[Pixels, ...]:
    shown = photograph(900, 600)
    return (resized(shown), np.ascontiguousarray(shown[200:424, 300:524]))


def apart(found: np.ndarray, expected: np.ndarray) -> float:
    return float(np.linalg.norm(found - expected) / np.linalg.norm(expected))


def test_no_range_is_found_at_run_time_and_no_pair_of_products_overflows() -> None:
    graph = onnx.load_model_from_string(made()).graph
    assert not any("Dynamic" in node.op_type for node in graph.node)
    known = {tensor.name: tensor for tensor in graph.initializer}
    multiplied = [node for node in graph.node if node.op_type == "MatMulIntegerToFloat"]
    assert len(multiplied) == (3 + 1 + 5 + 1) * max(CLIP_BLOCKS)
    for node in multiplied:
        matrix = numpy_helper.to_array(known[node.input[1]]).astype(np.int32)
        assert 2 * 255 * np.abs(matrix).max() <= np.iinfo(np.int16).max
        assert (
            np.abs(matrix).max(axis=0).min() == np.abs(matrix).max()
        )  # every column is used in full


def test_the_kernel_for_processors_that_overflow_gives_the_same_bits() -> None:
    pixels = (views()[0] / np.float32(255) - np.array(CLIP_MEAN, "f4")) / np.array(CLIP_STD, "f4")
    given = {"pixel_values": np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])}
    found = []
    for careful in ("0", "1"):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.add_session_config_entry("session.x64quantprecision", careful)
        found.append(onnxruntime.InferenceSession(made(), options).run(None, given))
    for one, other in zip(*found, strict=True):
        assert np.array_equal(one, other)


def test_summaries_are_near_those_of_floating_point() -> None:
    encoder = ClipEncoder(weights)
    floats = TorchClip(weights(), blocks=CLIP_BLOCKS, device=torch.device("cpu"))
    for view in views():
        assert apart(summary(encoder.tokens(view)), summary(floats.tokens([view])[0])) < NEAR


@pytest.mark.parametrize("bit", [1, 128])
def test_one_changed_bit_moves_summaries_little(bit: int) -> None:
    encoder = ClipEncoder(weights)
    for view in views():
        changed = view.copy()
        changed[100, 100, 1] ^= bit
        found = apart(summary(encoder.tokens(changed)), summary(encoder.tokens(view)))
        assert 0 < found < NEAR


def test_no_hidden_unit_that_counts_for_nothing_is_multiplied() -> None:
    graph = onnx.load_model_from_string(made()).graph
    known = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    second = [known[f"blocks.{block}.mlp.fc2.matrix"] for block in range(max(CLIP_BLOCKS))]
    assert all(matrix.any(axis=1).all() for matrix in second)
    assert len(second[1]) == 3072 - LOUD["mlp.fc2"] > len(second[0])


@pytest.mark.parametrize("blocks", CLIP_MADE)
def test_the_graph_has_the_same_bytes_everywhere(blocks: tuple[int, ...]) -> None:
    found = hashlib.sha256(b"".join(clip_graph(weights(), blocks))).hexdigest()
    assert found == CLIP_MADE[blocks]


def test_the_encoder_named_on_the_card_is_where_its_package_says() -> None:
    assert Path(str(distribution(CLIP_DISTRIBUTION).locate_file(CLIP_FILE))).is_file()
