#!/usr/bin/env bash
# onnxruntime 1.32.0 (CPU, float32): the error of Sigmoid is as small as a last place of 1 and not as one of
# the result, so that small scores are wrong by whole factors: two inputs as far apart as -17.7 and -15.8,
# whose true scores differ by a factor of six, come out in the wrong order. From -18 down every score is
# exactly 0. LogSigmoid, which ONNX does not have and exporters write as Sigmoid and Log, is then minus
# infinity, where the true value is the input itself, and so is every average over windows or frames.
# float32 can hold all of these numbers: numpy's keep their order.
#
# Seen: Sigmoid(-16) is 6.0e-08 and Sigmoid(-17) 8.9e-08 (true: 1.1e-07 and 4.1e-08); of 700 steps from -18
# to -11 161 go the wrong way, none of numpy's; Log of Sigmoid at -15, -17, -18.5: -14.84, -16.23, -inf.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m pip install --quiet --quiet --target "$work" onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$work"
PYTHONPATH="$work" python3 - <<'PYTHON'
import sys

import numpy as np
import onnxruntime
from onnx import TensorProto, helper


def session(*operators: str) -> onnxruntime.InferenceSession:
    """The operators one after another, from "x" to "y"."""
    names = ["x", *(f"after_{name}" for name in operators[:-1]), "y"]
    nodes = [helper.make_node(name, [names[place]], [names[place + 1]])
             for place, name in enumerate(operators)]
    tensors = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in "xy"]
    graph = helper.make_graph(nodes, "scores", tensors[:1], tensors[1:])
    opset = helper.make_opsetid("", 20)
    model = helper.make_model(graph, opset_imports=[opset], ir_version=10)
    return onnxruntime.InferenceSession(
        model.SerializeToString(), providers=["CPUExecutionProvider"])


def true(logits: np.ndarray) -> np.ndarray:
    return np.float32(1) / (np.float32(1) + np.exp(-logits))


sigmoid, log_sigmoid = session("Sigmoid"), session("Sigmoid", "Log")
logits = np.linspace(-18, -11, 701, dtype=np.float32)
backwards = int((np.diff(sigmoid.run(None, {"x": logits})[0]) < 0).sum())
numpys = int((np.diff(true(logits)) < 0).sum())
print(f"steps the wrong way, of 700: onnxruntime {backwards}, numpy {numpys}")
asked = np.array([-16, -17, -18.5, -30], np.float32)
scores = sigmoid.run(None, {"x": asked})[0]
for logit, score, right in zip(asked, scores, true(asked), strict=True):
    print(f"Sigmoid({logit}): {score:.1e}, true {right:.1e}")
ratios = np.array([-15, -17, -18.5], np.float32)
with np.errstate(all="ignore"):
    logs = log_sigmoid.run(None, {"x": ratios})[0]
for ratio, log in zip(ratios, logs, strict=True):
    print(f"Log(Sigmoid({ratio})): {log:.2f}")
print(f"mean over three windows: {logs.mean()}")
sys.exit(not (backwards > 50 and numpys == 0 and not scores[2:].any() and np.isneginf(logs[2])))
PYTHON
