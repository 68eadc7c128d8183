"""Write a network as an ONNX model, node after node, without a second copy of its weights."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper

MICROSOFT: Final = "com.microsoft"
"""The domain of onnxruntime's own operators."""

Shape = Sequence[int | str]
"""A text stands for a size that may differ from call to call."""


class OnnxGraph:
    """Nodes and constants; every method that adds one returns the name of what it puts out."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._constants: dict[str, npt.NDArray[Any]] = {}

    def constant(self, name: str, values: npt.NDArray[Any] | np.generic) -> str:
        self._constants[name] = np.asarray(values, order="C")
        return name

    def node(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        **attributes: Any,  # noqa: ANN401 (as onnx takes them)
    ) -> str:
        self._nodes.append(helper.make_node(operator, inputs, [output], **attributes))
        return output

    def attended(self, joined: str, own: str, *, width: int, heads: int) -> str:
        """Self-attention over queries, keys and values that lie beside each other, `width` each.

        `own` is what the names of its nodes begin with.
        """
        parts = [f"{own}{name}" for name in ("queries", "keys", "values")]
        thirds = self.constant(f"{own}thirds", np.array([width] * 3))
        self._nodes.append(helper.make_node("Split", [joined, thirds], parts, axis=2))
        return self.attention(parts, own, heads=heads)

    def attention(self, parts: Sequence[str], own: str, *, heads: int) -> str:
        """As `attended`, over queries, keys and values apart: (1, tokens, width) each."""
        return self.node(
            "MultiHeadAttention", parts, f"{own}attended", domain=MICROSOFT, num_heads=heads
        )

    def norm(
        self,
        values: str,
        name: str,
        weight: npt.NDArray[np.float32],
        bias: npt.NDArray[np.float32],
        *,
        epsilon: float = 1e-5,
    ) -> str:
        """Layer normalisation over the last axis."""
        inputs = [
            values,
            self.constant(f"{name}.weight", weight),
            self.constant(f"{name}.bias", bias),
        ]
        return self.node("LayerNormalization", inputs, f"{name}.made", epsilon=epsilon)

    def pieces(
        self, name: str, inputs: Mapping[str, Shape], outputs: Mapping[str, Shape]
    ) -> Iterator[bytes]:
        """The model, of floats in and out, as messages that are merged when read one after another."""
        graph = helper.make_graph(self._nodes, name, _infos(inputs), _infos(outputs))
        sets = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
        model = helper.make_model(graph, opset_imports=sets, ir_version=10)
        yield model.SerializeToString()
        for constant, values in self._constants.items():
            piece = onnx.ModelProto()
            piece.graph.initializer.append(numpy_helper.from_array(values, constant))
            yield piece.SerializeToString()


def _infos(shapes: Mapping[str, Shape]) -> list[onnx.ValueInfoProto]:
    return [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
        for name, shape in shapes.items()
    ]
