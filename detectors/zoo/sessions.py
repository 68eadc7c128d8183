"""Networks as ONNX graphs, run by onnxruntime in the calling thread alone."""

import os
from collections.abc import Iterable
from pathlib import Path

import onnxruntime


def session(model: Path | Iterable[bytes]) -> onnxruntime.InferenceSession:
    """Ready to run, by any number of threads at once.

    A session that is given bytes keeps them for as long as it lives, one that is given a file does
    not, so a model that comes in pieces becomes a file in memory.
    """
    if isinstance(model, Path):
        return _opened(str(model))
    descriptor = os.memfd_create("model")
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(model)
        file.flush()
        return _opened(f"/proc/self/fd/{descriptor}")


def _opened(place: str) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False  # what a run needs goes back: 40 MB of the picture encoder
    return onnxruntime.InferenceSession(place, options, providers=["CPUExecutionProvider"])
