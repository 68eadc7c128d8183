"""Views of several scans share a pass, and nobody suffers from another's."""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from time import monotonic

import numpy as np
import numpy.typing as npt
import pytest

from detectors.zoo.batching import Batcher

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Start = Callable[..., Batcher]


@pytest.fixture
def start() -> Iterator[Start]:
    begun: list[Batcher] = []

    def begin(*args: object, **kwargs: float) -> Batcher:
        begun.append(Batcher(*args, **kwargs))  # type: ignore[arg-type]
        return begun[-1]

    yield begin
    for batcher in begun:
        batcher.close()


def view(value: int) -> Pixels:
    return np.full((2, 2, 3), value, np.uint8)


def doubled(views: Sequence[Pixels]) -> Floats:
    return np.stack(views).astype(np.float32) * 2


def test_each_scan_gets_its_own_out_of_shared_passes(start: Start) -> None:
    passes: list[int] = []
    begin = Event()

    def encode(views: Sequence[Pixels]) -> Floats:
        begin.wait()
        passes.append(len(views))
        return doubled(views)

    batcher = start(encode, most=8, patience=0.05)
    with ThreadPoolExecutor(12) as scans:
        found = [scans.submit(batcher.encoded, [view(n), view(n + 100)]) for n in range(12)]
        begin.set()
        for number, one in enumerate(found):
            assert one.result()[:, 0, 0, 0].tolist() == [2 * number, 2 * number + 200]
    assert sum(passes) == 24
    assert max(passes) == 8


def test_a_view_that_comes_alone_waits_no_longer_than_it_may(start: Start) -> None:
    batcher = start(doubled, most=64, patience=0.05)
    began = monotonic()
    assert batcher.encoded([view(3)]).max() == 6
    assert monotonic() - began < 5


def test_a_pass_that_fails_is_made_again_view_by_view(start: Start) -> None:
    def out_of_memory(views: Sequence[Pixels]) -> Floats:
        if len(views) > 1:
            raise RuntimeError("out of memory")
        return doubled(views)

    assert start(out_of_memory, patience=0.05).encoded([view(1), view(2)]).max() == 4


def test_the_view_that_fails_fails_its_own_scan_alone(start: Start) -> None:
    def spoilt(views: Sequence[Pixels]) -> Floats:
        if any(one.max() == 7 for one in views):
            raise ValueError("spoilt")
        return doubled(views)

    batcher = start(spoilt, patience=0.2)
    with ThreadPoolExecutor(3) as scans:
        good, bad, other = (scans.submit(batcher.encoded, [view(n)]) for n in (1, 7, 2))
        assert good.result().max() == 2
        assert other.result().max() == 4
        with pytest.raises(ValueError, match="spoilt"):
            bad.result()
    assert batcher.encoded([view(5)]).max() == 10  # and the thread goes on
