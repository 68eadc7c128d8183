"""One clock for one file, however many sandboxed children share in it."""

import io
import time
from collections.abc import Mapping
from typing import Any, BinaryIO

import pytest

from detectors.base import Kind
from detectors.errors import MediaTimeout
from detectors.media.allowance import Allowance, Allowed
from detectors.media.limits import Limits
from detectors.media.sandbox import Part, Reply, Sandbox, SandboxPool

HANDLER = "tests.detectors.media.handlers:handle"


class _Slow:
    """Stands where a sandbox stands, and takes its time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.granted: list[float] = []

    def call(
        self,
        request: Mapping[str, Any],
        file: BinaryIO | None = None,
        *,
        seconds: float,
        part: Part | None = None,
    ) -> Reply:
        del request, file, part
        self.granted.append(seconds)
        time.sleep(self._seconds)
        return Reply({}, {})


def test_what_one_call_used_the_next_one_lacks() -> None:
    slow = _Slow(0.2)
    child = Allowed(slow, Allowance(1.0))
    child.call({}, io.BytesIO(), seconds=30)
    child.call({}, io.BytesIO(), seconds=30)
    child.call({}, io.BytesIO(), seconds=0.1)
    assert slow.granted[0] == 1.0
    assert slow.granted[1] <= 0.8
    assert slow.granted[2] == 0.1


def test_no_call_begins_when_nothing_is_left() -> None:
    slow = _Slow(0.2)
    child = Allowed(slow, Allowance(0.1))
    child.call({}, seconds=30)
    with pytest.raises(MediaTimeout, match="s that one file may take are used up"):
        child.call({}, seconds=30)
    assert len(slow.granted) == 1


def test_several_calls_that_hang_take_no_longer_than_one_may() -> None:
    with Sandbox(handler=HANDLER) as one, Sandbox(handler=HANDLER) as other:
        one.hardening()
        other.hardening()
        allowance = Allowance(2.0)
        started = time.monotonic()
        for sandbox in (one, other):
            with pytest.raises(MediaTimeout):
                Allowed(sandbox, allowance).call({"do": "sleep", "seconds": 60}, seconds=1.5)
        assert time.monotonic() - started < 3.5
        with pytest.raises(MediaTimeout, match="used up"):
            Allowed(one, allowance).call({"do": "echo"}, seconds=1.5)


def test_waiting_for_a_child_that_never_becomes_free_ends() -> None:
    with SandboxPool(handler=HANDLER, size=1) as pool, pool._lender.lent():
        started = time.monotonic()
        with pytest.raises(MediaTimeout, match="no decoder was free"):
            pool.call({"do": "echo"}, seconds=0.3)
        assert time.monotonic() - started < 2


def test_every_kind_has_its_clock() -> None:
    limits = Limits(image_wall_seconds=1, audio_wall_seconds=2, video_wall_seconds=3)
    kinds = (Kind.IMAGE, Kind.AUDIO, Kind.VIDEO, None)
    assert [limits.wall_seconds(kind) for kind in kinds] == [1, 2, 3, 1]
