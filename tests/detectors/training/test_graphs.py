"""Networks that are shipped as graphs."""

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from detectors.training.graphs import write_graph
from detectors.zoo.sessions import session


def test_a_graph_answers_as_its_network_whatever_the_number_of_views(tmp_path: Path) -> None:
    torch.manual_seed(1)
    layers = (torch.nn.Conv2d(3, 4, 3, stride=2), torch.nn.Hardswish(), torch.nn.Flatten())
    network = torch.nn.Sequential(*layers, torch.nn.LazyLinear(1)).eval()
    network(torch.zeros((1, 3, 20, 20)))
    network.half().float()
    path = tmp_path / "network.onnx"
    example = torch.zeros((2, 3, 20, 20))
    write_graph(network, example, path, outputs=["odds"], axes={0: "views"})
    views = np.random.default_rng(1).uniform(-1, 1, (3, 3, 20, 20)).astype(np.float32)
    with torch.inference_mode():
        expected = network(torch.from_numpy(views)).numpy()
    graph = session(path)
    (together,) = graph.run(None, {"views": views})
    (alone,) = graph.run(None, {"views": views[2:]})
    assert together == pytest.approx(expected, abs=1e-4)
    assert alone == pytest.approx(expected[2:], abs=1e-4)


@pytest.mark.parametrize(("weight", "kept"), [(0.5, np.float16), (0.1, np.float32)])
def test_only_weights_that_half_precision_holds_are_halved(
    weight: float, kept: type[np.floating], tmp_path: Path
) -> None:
    layer = torch.nn.Linear(2, 1, bias=False)
    torch.nn.init.constant_(layer.weight, weight)
    path = tmp_path / "layer.onnx"
    write_graph(layer, torch.zeros((1, 2)), path, outputs=["sum"], axes={})
    (stored,) = onnx.load(path).graph.initializer
    assert onnx.numpy_helper.to_array(stored).dtype == kept
    (found,) = session(path).run(None, {"views": np.ones((1, 2), np.float32)})
    assert found == pytest.approx(2 * weight)
