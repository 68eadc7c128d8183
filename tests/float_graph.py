"""Turn the dynamically quantised multiplications of an ONNX model into ones in floating point."""

import numpy as np
import onnx
from onnx import helper, numpy_helper

_QUANTISED = "_output_quantized"


def floating(model: bytes, outputs: list[str]) -> bytes:
    """The model with these outputs: what it makes of its inputs without rounding any of them."""
    made = onnx.load_model_from_string(model)
    graph = made.graph
    known = {tensor.name: tensor for tensor in graph.initializer}
    rounded = {
        node.output[0]: node.input[0]
        for node in graph.node
        if node.op_type == "DynamicQuantizeLinear"
    }
    nodes: list[onnx.NodeProto] = []
    done: set[str] = set()
    for node in list(graph.node):
        if node.op_type == "MatMulInteger":
            result = node.output[0].removesuffix(_QUANTISED)
            matrix, zero, scale = (
                numpy_helper.to_array(known[name]).astype(np.float32)
                for name in (
                    node.input[1],
                    node.input[3],
                    node.input[1].removesuffix("_quantized") + "_scale",
                )
            )
            own = f"{result}_matrix"
            graph.initializer.append(numpy_helper.from_array((matrix - zero) * scale, own))
            nodes.append(helper.make_node("MatMul", [rounded[node.input[0]], own], [result]))
            done.add(result)
        elif node.output[0] not in done and not (
            node.op_type == "Cast" and node.input[0].endswith(_QUANTISED)
        ):
            nodes.append(node)
    last = max(place for place, node in enumerate(nodes) if set(outputs) & set(node.output))
    del graph.node[:]
    graph.node.extend(nodes[: last + 1])
    del graph.output[:]
    graph.output.extend(onnx.ValueInfoProto(name=name) for name in outputs)
    serialised: bytes = made.SerializeToString()
    return serialised
