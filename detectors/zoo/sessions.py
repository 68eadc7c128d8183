"""Networks as ONNX graphs, run by onnxruntime in the calling thread alone."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import onnxruntime
from onnxruntime.capi import onnxruntime_pybind11_state as refusals

from detectors.errors import WeightsUnfit

_REFUSED: Final = (
    refusals.Fail,
    refusals.InvalidArgument,
    refusals.InvalidGraph,
    refusals.InvalidProtobuf,
    refusals.NoModel,
    refusals.NotImplemented,
    refusals.RuntimeException,
)


def session(model: Path | Iterable[bytes], *takes: str) -> onnxruntime.InferenceSession:
    """Ready to run, by any number of threads at once.

    A session that is given bytes keeps them for as long as it lives, one that is given a file does
    not, so a model that comes in pieces becomes a file in memory. `takes` are the inputs
    that it is run with. Raises `WeightsUnfit` for a graph that has others or that onnxruntime refuses.
    """
    if isinstance(model, Path):
        found = _opened(str(model), model.name)
        if takes and {item.name for item in found.get_inputs()} != set(takes):
            raise WeightsUnfit(f"{model.name} has other inputs than this version gives")
        return found
    descriptor = os.memfd_create("model")
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(model)
        file.flush()
        return _opened(f"/proc/self/fd/{descriptor}", "a model that was made here")


def _opened(place: str, name: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # what a run needs goes back: 40 MB of the picture encoder
    try:
        return onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"])
    except _REFUSED as error:
        raise WeightsUnfit(f"{name} is not a graph that the installed onnxruntime runs") from error
