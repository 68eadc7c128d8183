from importlib.metadata import distribution
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest

from detectors.zoo.backbones import CLIP_DISTRIBUTION, CLIP_FILE
from detectors.zoo.onnx_surgery import with_outputs

FLOAT = 1


def message(number: int, content: bytes) -> bytes:
    assert len(content) < 128
    return bytes([number << 3 | 2, len(content)]) + content


def number(field: int, value: int) -> bytes:
    return bytes([field << 3, value])


def value_info(name: str) -> bytes:
    tensor = number(1, FLOAT) + message(2, message(1, number(1, 3)))
    return message(1, name.encode()) + message(2, message(1, tensor))


def node(kind: str, source: str, target: str) -> bytes:
    return message(1, source.encode()) + message(2, target.encode()) + message(4, kind.encode())


def three_steps() -> bytes:
    """x -> Neg -> a -> Abs -> b -> Exp -> y."""
    graph = b"".join(
        [
            message(1, node("Neg", "x", "a")),
            message(1, node("Abs", "a", "b")),
            message(1, node("Exp", "b", "y")),
            message(2, b"g"),
            message(11, value_info("x")),
            message(12, value_info("y")),
        ]
    )
    size = bytes([len(graph) & 0x7F | 0x80, len(graph) >> 7])
    return number(1, 8) + bytes([7 << 3 | 2]) + size + graph + message(8, number(2, 14))


def run(model: bytes, names: list[str] | None) -> list[npt.NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    return list(session.run(names, {"x": np.array([1, -2, 3], np.float32)}))


def test_an_inner_value_becomes_the_only_output() -> None:
    (found,) = run(with_outputs(three_steps(), ["b"]), None)
    assert found.tolist() == [1, 2, 3]


def test_several_inner_values_keep_the_order_asked_for() -> None:
    second, first = run(with_outputs(three_steps(), ["b", "a"]), None)
    assert first.tolist() == [-1, 2, -3]
    assert second.tolist() == [1, 2, 3]


def test_nodes_after_the_last_output_are_gone() -> None:
    assert b"Exp" in three_steps()
    assert b"Exp" not in with_outputs(three_steps(), ["b"])


def test_a_value_nobody_makes_is_refused() -> None:
    with pytest.raises(ValueError, match="no value named"):
        with_outputs(three_steps(), ["c"])


@pytest.mark.parametrize("data", [b"\x3a\xff\xff\xff\xff", b"\x3a\x05ab", b"\x80"])
def test_bytes_that_are_no_model_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not an ONNX model"):
        with_outputs(data, ["b"])


def test_the_encoder_named_on_the_card_is_where_its_package_says() -> None:
    assert Path(str(distribution(CLIP_DISTRIBUTION).locate_file(CLIP_FILE))).is_file()
