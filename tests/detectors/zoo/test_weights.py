from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from detectors.zoo.weights import write_arrays


def test_transposed_arrays_come_back_as_they_were(tmp_path: Path) -> None:
    table = np.arange(6.0).reshape(2, 3).T
    write_arrays({"table": table}, tmp_path / "weights.safetensors")
    assert np.array_equal(load_file(tmp_path / "weights.safetensors")["table"], table)
