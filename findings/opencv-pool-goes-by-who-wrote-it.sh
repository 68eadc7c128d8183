#!/usr/bin/env bash
# OpenCV 4.14.0 does not read the ONNX attribute "count_include_pad" of AveragePool, which says whether the
# margin counts. It goes by the name of the program that wrote the file: if that is "pytorch", the margin
# counts, else it does not, whatever the attribute says. So a network that PyTorch exported with
# AvgPool2d(count_include_pad=False), as timm's Inception networks have it, is computed wrongly, and one with
# PyTorch's own default goes wrong once a converter puts its own name in. Nothing is raised. onnxruntime 1.32.0
# follows the attribute.
#
# Seen (a picture of ones, corner after 3 x 3 with a margin of 1; asked for 1 without the margin, 4/9 with it):
# without, "pytorch": OpenCV 0.44; without, "converter": 1; with, "pytorch": 0.44; with, "converter": 1;
# onnxruntime 1, 1, 0.44, 0.44.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" opencv-python-headless==4.14.0.94 \
    onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, checker, helper

SHAPE = [1, 1, 8, 8]
ONES = np.ones(SHAPE, np.float32)


def network(producer: str, counted: int) -> bytes:
    pool = helper.make_node("AveragePool", ["in"], ["out"], kernel_shape=[3, 3],
                            pads=[1, 1, 1, 1], count_include_pad=counted)
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in ("in", "out")]
    model = helper.make_model(helper.make_graph([pool], "pool", ends[:1], ends[1:]),
                              producer_name=producer, ir_version=8,
                              opset_imports=[helper.make_opsetid("", 17)])
    checker.check_model(model, full_check=True)
    return model.SerializeToString()


def corners(data: bytes) -> tuple[float, float]:
    net = cv2.dnn.readNetFromONNX(np.frombuffer(data, np.uint8))
    net.setInput(ONES)
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    results = net.forward(), session.run(None, {"in": ONES})[0]
    return tuple(round(float(result[0, 0, 0, 0]), 3) for result in results)


seen = {}
for counted, asked in ((0, 1.0), (1, 0.444)):
    for producer in ("pytorch", "converter"):
        opencv, right = corners(network(producer, counted))
        seen[counted, producer] = opencv
        print(f"margin counts: {bool(counted)}, written by {producer}: asked for {asked}, "
              f"OpenCV {opencv}, onnxruntime {right}")
        if right != asked:
            sys.exit("onnxruntime has changed")
sys.exit(seen != {(0, "pytorch"): 0.444, (0, "converter"): 1.0,
                  (1, "pytorch"): 0.444, (1, "converter"): 1.0})
PYTHON
