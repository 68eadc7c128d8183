"""Models made at start: once a machine, and never another one than was meant."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from detectors.zoo.cached import cached, use_cache
from detectors.zoo.onnx_graph import OnnxGraph


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    use_cache(tmp_path / "cache")
    yield tmp_path / "cache"
    use_cache(None)


def doubling(factor: float = 2.0) -> bytes:
    graph = OnnxGraph()
    by = graph.constant("by", np.array([factor], np.float32))
    graph.node("Mul", ["given", by], "found")
    return b"".join(graph.pieces("doubling", {"given": (1,)}, {"found": (1,)}))


MEANT = hashlib.sha256(doubling()).hexdigest()


class Maker:
    """Gives a model in pieces and counts how often."""

    def __init__(self, model: bytes) -> None:
        self.model, self.asked = model, 0

    def __call__(self) -> Iterator[bytes]:
        self.asked += 1
        yield self.model[:20]
        yield self.model[20:]

    def answer(self, sha256: str | None = MEANT) -> float:
        """What the model that is used makes of one."""
        (found,) = cached(sha256, self).run(None, {"given": np.ones(1, np.float32)})
        return float(found[0])


def test_a_model_is_made_once(folder: Path) -> None:
    maker = Maker(doubling())
    assert [maker.answer(), maker.answer()] == [2.0, 2.0]
    assert maker.asked == 1
    assert [file.name for file in folder.iterdir()] == [f"{MEANT}.onnx"]


@pytest.mark.parametrize("other", [doubling(3.0), doubling()[:40], b""])
def test_a_file_with_another_digest_is_never_used_and_is_replaced(
    folder: Path, other: bytes
) -> None:
    folder.mkdir()
    place = folder / f"{MEANT}.onnx"
    place.write_bytes(other)
    maker = Maker(doubling())
    assert [maker.answer(), maker.answer()] == [2.0, 2.0]
    assert maker.asked == 1
    assert place.read_bytes() == doubling()


def test_a_model_that_comes_out_otherwise_is_used_and_not_kept(folder: Path) -> None:
    maker = Maker(doubling(3.0))
    assert [maker.answer(), maker.answer()] == [3.0, 3.0]
    assert maker.asked == 2
    assert list(folder.iterdir()) == []


def test_one_of_which_no_digest_is_known_is_made_each_time(folder: Path) -> None:
    maker = Maker(doubling())
    assert [maker.answer(None), maker.answer(None)] == [2.0, 2.0]
    assert maker.asked == 2
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_costs_time_alone(folder: Path) -> None:
    folder.write_bytes(b"in the way")
    maker = Maker(doubling())
    assert [maker.answer(), maker.answer()] == [2.0, 2.0]
    assert maker.asked == 2
