"""Weight files: what is written is read back, and what does not fit is told as such."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from safetensors.numpy import load_file

from detectors import registry
from detectors.base import Audio, Image, Media
from detectors.registry import card_of, load, named
from detectors.result import Outcome, Reason
from detectors.runner import Run
from detectors.zoo import weights
from detectors.zoo.weights import write_arrays

PHOTO = Image(
    pixels=np.random.default_rng(1).integers(0, 255, (256, 256, 3), np.uint8), container="png"
)
SOUND = Audio(samples=np.zeros(32_000, np.float32), source_rate=16_000, container="wav")


def test_transposed_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    table = np.arange(6.0).reshape(2, 3).T
    write_arrays({"table": table}, tmp_path / "weights.safetensors")
    assert np.array_equal(load_file(tmp_path / "weights.safetensors")["table"], table)


def nonsense(path: Path) -> None:
    path.write_bytes(b"\x08made by another version" * 9)


def of_other_names(path: Path) -> None:
    write_arrays({"another": np.zeros(3, np.float32)}, path)


def with_other_inputs(path: Path) -> None:
    put, got = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [1]) for name in ("pixels", "odds")
    )
    node = helper.make_node("Identity", ["pixels"], ["odds"])
    graph = helper.make_graph([node], "other", [put], [got])
    opset = helper.make_opsetid("", 17)
    onnx.save(helper.make_model(graph, ir_version=9, opset_imports=[opset]), path)


@pytest.mark.parametrize(
    ("detector", "index", "make", "media"),
    [
        ("image.edits", 0, nonsense, PHOTO),
        ("image.edits", 1, with_other_inputs, PHOTO),
        ("audio.statistics", 1, nonsense, SOUND),
        ("audio.statistics", 1, of_other_names, SOUND),
        ("audio.encoder", 1, of_other_names, SOUND),
    ],
)
def test_a_file_of_another_version_under_its_right_digest_is_no_bug_but_missing_weights(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    detector: str,
    index: int,
    make: Callable[[Path], None],
    media: Media,
) -> None:
    spec = named(detector)
    card = card_of(spec)
    for file in weights.REPOSITORY.iterdir():
        (tmp_path / file.name).symlink_to(file)
    place = tmp_path / card.weights[index].file
    place.unlink()
    make(place)
    files = list(card.weights)
    digest = hashlib.sha256(place.read_bytes()).hexdigest()
    files[index] = files[index].model_copy(update={"sha256": digest})
    changed = card.model_copy(update={"weights": tuple(files)})
    monkeypatch.setattr(weights, "REPOSITORY", tmp_path)
    monkeypatch.setattr(registry, "card_of", lambda asked: changed if asked is spec else card)
    load.forget()
    try:
        found = Run(media).finding(spec)
    finally:
        load.forget()
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.WEIGHTS_UNAVAILABLE)
    assert str(tmp_path) not in found.explanation
