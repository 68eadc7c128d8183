"""Networks in the form they are shipped in: ONNX graphs whose weights are kept in half precision."""

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import nn

OPSET: Final = 17


def write_graph(
    network: nn.Module,
    example: torch.Tensor,
    path: Path,
    *,
    outputs: Sequence[str],
    axes: Mapping[int, str],
) -> None:
    """Write `network`, in evaluation mode, as an ONNX graph of one input, "views".

    `axes` names those axes of the input whose length may differ from the example's. Weights that
    half precision holds exactly are stored in it; computed is in single precision.
    """
    with torch.inference_mode(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter warns that another one will take its place
        torch.onnx.export(
            network.eval(),
            (example,),
            path,
            input_names=["views"],
            output_names=list(outputs),
            dynamic_axes={"views": dict(axes)},
            opset_version=OPSET,
            training=torch.onnx.TrainingMode.PRESERVE,  # else norms are folded into other weights
            do_constant_folding=False,
            dynamo=False,
        )
    path.write_bytes(_halved(onnx.load(path)).SerializeToString())


def _halved(model: onnx.ModelProto) -> onnx.ModelProto:
    casts = []
    for tensor in model.graph.initializer:
        values = numpy_helper.to_array(tensor)
        half = values.astype(np.float16)
        if values.dtype != np.float32 or not np.array_equal(half.astype(np.float32), values):
            continue
        name, kept = tensor.name, f"{tensor.name}.half"
        tensor.CopyFrom(numpy_helper.from_array(half, kept))
        casts.append(helper.make_node("Cast", [kept], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model
