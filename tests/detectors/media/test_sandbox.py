import ctypes
import io
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest

from detectors.errors import DecoderCrashed, MediaTimeout
from detectors.media import serve
from detectors.media.launch import launch_ahead
from detectors.media.limits import Confinement
from detectors.media.sandbox import HandlerError, Reply, Sandbox, SandboxPool

HANDLER = "tests.detectors.media.handlers:handle"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(handler=HANDLER) as sandbox:
        yield sandbox


def _open_descriptors() -> int:
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def _children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


def _pid(sandbox: Sandbox) -> int:
    return int(sandbox.call({"do": "echo"}, seconds=10).body["pid"])


def test_a_call_gets_the_request_the_whole_file_and_an_answer(sandbox: Sandbox) -> None:
    file = io.BytesIO(b"abcdef")
    file.seek(4)
    reply = sandbox.call({"do": "echo", "say": {"ä": [1, None]}}, file, seconds=10)
    assert reply.body["said"] == {"ä": [1, None]}
    assert reply.body["bytes"] == 6


def test_a_file_is_read_from_its_start_and_its_own_position_stays(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 1000)
    with path.open("rb") as file:
        file.seek(700)
        assert sandbox.call({"do": "echo"}, file, seconds=10).body["bytes"] == 1000
        assert sandbox.call({"do": "echo"}, file, seconds=10).body["bytes"] == 1000
        assert file.tell() == 700


def test_a_deleted_temporary_file_can_be_read(sandbox: Sandbox) -> None:
    with tempfile.TemporaryFile() as file:
        file.write(b"12345")
        file.flush()
        assert sandbox.call({"do": "echo"}, file, seconds=10).body["bytes"] == 5


def test_arrays_come_back_as_they_were(sandbox: Sandbox) -> None:
    for dtype, shape in (("uint8", [300, 200, 3]), ("float32", [1000]), ("int32", [0])):
        request = {"do": "array", "shape": shape, "dtype": dtype}
        values = sandbox.call(request, seconds=10).arrays["values"]
        expected = (np.arange(int(np.prod(shape))) % 251).reshape(shape).astype(dtype)
        assert values.dtype == expected.dtype
        np.testing.assert_array_equal(values, expected)


def test_several_files_are_answered_in_order_and_a_refusal_takes_its_place(
    sandbox: Sandbox,
) -> None:
    calls: list[tuple[dict[str, Any], BinaryIO]] = [
        ({"do": "echo", "say": 1}, io.BytesIO(b"a")),
        ({"do": "refuse"}, io.BytesIO(b"bb")),
        ({"do": "echo", "say": 3}, io.BytesIO(b"ccc")),
    ]
    first, refused, last = sandbox.call_many(calls, seconds=10)
    assert isinstance(refused, HandlerError)
    assert refused.code == "manifest_odd"
    assert not isinstance(first, HandlerError)
    assert not isinstance(last, HandlerError)
    assert [(r.body["said"], r.body["bytes"]) for r in (first, last)] == [(1, 1), (3, 3)]


@pytest.mark.parametrize("action", ["abort", "sleep"])
def test_a_crash_or_a_stall_among_several_files_fails_them_together(action: str) -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        calls: list[tuple[dict[str, Any], BinaryIO]] = [
            ({"do": "echo"}, io.BytesIO(b"a")),
            ({"do": action, "seconds": 60}, io.BytesIO()),
        ]
        with pytest.raises((DecoderCrashed, MediaTimeout)):
            sandbox.call_many(calls, seconds=1)
        (reply,) = sandbox.call_many(calls[:1], seconds=10)
        assert not isinstance(reply, HandlerError)
        assert reply.body["bytes"] == 1


def test_a_child_started_ahead_is_the_one_that_answers() -> None:
    before = _children()
    launch_ahead(HANDLER)
    (ahead,) = _children() - before
    with Sandbox(handler=HANDLER) as sandbox:
        assert _pid(sandbox) == ahead
        assert sandbox.hardening().memory_limited
    with Sandbox(handler=HANDLER) as sandbox:
        assert _pid(sandbox) != ahead


def test_a_child_started_ahead_and_never_used_ends_with_its_parent() -> None:
    code = (
        "from detectors.media import launch; launch.launch_ahead('tests.detectors.media.handlers:"
        "handle'); print(launch._AHEAD.popitem()[1].process.pid)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    deadline = time.monotonic() + 20
    while Path(f"/proc/{ran.stdout.strip()}").exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not Path(f"/proc/{ran.stdout.strip()}").exists()


def test_the_child_is_reused(sandbox: Sandbox) -> None:
    assert _pid(sandbox) == _pid(sandbox)


def test_the_child_is_replaced_after_its_share_of_calls() -> None:
    with Sandbox(handler=HANDLER, confinement=Confinement(calls=2)) as sandbox:
        pids = [_pid(sandbox) for _ in range(4)]
    assert pids[0] == pids[1] != pids[2] == pids[3]


def test_a_handler_s_own_error_code_comes_back(sandbox: Sandbox) -> None:
    with pytest.raises(HandlerError, match="no such manifest") as caught:
        sandbox.call({"do": "refuse"}, seconds=10)
    assert caught.value.code == "manifest_odd"


def test_a_handler_that_hangs_is_killed_in_time_and_the_next_call_works() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        before = _pid(sandbox)
        started = time.monotonic()
        with pytest.raises(MediaTimeout):
            sandbox.call({"do": "sleep", "seconds": 60}, seconds=0.5)
        assert time.monotonic() - started < 5
        assert _pid(sandbox) != before
        with pytest.raises(ProcessLookupError):
            os.kill(before, 0)


def test_the_answer_of_an_interrupted_call_is_never_taken_for_another(sandbox: Sandbox) -> None:
    """A time limit raises in the middle of a call; what that call asked must not be answered."""

    def interrupt(*_signal: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    try:
        with pytest.raises(KeyboardInterrupt):
            sandbox.call({"do": "sleep", "seconds": 1, "say": "first"}, seconds=10)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert sandbox.call({"do": "echo", "say": "second"}, seconds=10).body["said"] == "second"


def test_a_handler_that_spins_is_stopped_by_its_processor_time() -> None:
    with (
        Sandbox(handler=HANDLER, confinement=Confinement(cpu_seconds=1)) as sandbox,
        pytest.raises(MediaTimeout, match="processor time"),
    ):
        sandbox.call({"do": "spin"}, seconds=60)


def test_processor_time_is_renewed_for_every_call() -> None:
    with Sandbox(handler=HANDLER, confinement=Confinement(cpu_seconds=2)) as sandbox:
        before = _pid(sandbox)
        for _ in range(6):
            sandbox.call({"do": "work", "seconds": 0.7}, seconds=60)
        assert _pid(sandbox) == before


@pytest.mark.parametrize("action", ["abort", "fail"])
def test_a_handler_that_crashes_costs_one_call(action: str) -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        before = _pid(sandbox)
        with pytest.raises(DecoderCrashed):
            sandbox.call({"do": action}, seconds=10)
        assert _pid(sandbox) != before


def test_a_child_killed_from_outside_while_idle_is_replaced() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        before = _pid(sandbox)
        os.kill(before, signal.SIGKILL)
        time.sleep(0.2)
        assert _pid(sandbox) != before


def test_a_handler_that_does_not_exist_is_reported() -> None:
    with (
        Sandbox(handler="tests.detectors.media.handlers:missing") as sandbox,
        pytest.raises(DecoderCrashed, match="did not start"),
    ):
        sandbox.call({}, seconds=10)


def test_memory_beyond_the_limit_is_refused_and_the_child_lives_on(sandbox: Sandbox) -> None:
    before = _pid(sandbox)
    with pytest.raises(HandlerError) as caught:
        sandbox.call({"do": "hoard", "bytes": 8 * 1024**3}, seconds=30)
    assert caught.value.code == "out_of_memory"
    assert _pid(sandbox) == before


def test_the_child_reaches_no_network(sandbox: Sandbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.3)
        request = {"do": "connect", "port": server.getsockname()[1]}
        assert sandbox.call(request, seconds=10).body["refused"]
        with pytest.raises(TimeoutError):
            server.accept()


def test_the_child_may_wait_in_an_event_loop(sandbox: Sandbox) -> None:
    """The C2PA library starts one for every CAWG identity and aborts where it cannot."""
    assert sandbox.call({"do": "wait"}, seconds=10).body == {"events": 0}


def test_the_child_can_write_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    given, new = tmp_path / "given", tmp_path / "new"
    given.write_bytes(b"before")
    with given.open("r+b") as file:
        tried = sandbox.call({"do": "write", "path": str(new)}, file, seconds=10).body
    assert "written" not in tried.values()
    assert given.read_bytes() == b"before"
    assert not new.exists()


def test_the_child_runs_no_program_and_opens_no_file(sandbox: Sandbox, tmp_path: Path) -> None:
    if not sandbox.hardening().system_calls_filtered:
        pytest.skip("libseccomp is not installed here")
    (tmp_path / "secret").write_bytes(b"secret")
    assert sandbox.call({"do": "run"}, seconds=10).body["refused"]
    request = {"do": "look", "path": str(tmp_path / "secret")}
    assert "refused" in sandbox.call(request, seconds=10).body


def test_a_handler_may_ask_to_open_files_for_reading_only(tmp_path: Path) -> None:
    (tmp_path / "list").write_bytes(b"12345")
    with Sandbox(handler=HANDLER, open_files=True) as sandbox:
        request = {"do": "look", "path": str(tmp_path / "list")}
        assert sandbox.call(request, seconds=10).body == {"read": 5}
        if sandbox.hardening().system_calls_filtered:
            request = {"do": "write", "path": str(tmp_path / "list")}
            with (tmp_path / "list").open("r+b") as file:
                tried = sandbox.call(request, file, seconds=10).body
            assert "written" not in tried.values()
    assert (tmp_path / "list").read_bytes() == b"12345"


def test_the_child_sees_no_environment_of_ours_and_may_start_threads(
    sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ASSAY_SECRET", "hunter2")
    with Sandbox(handler=HANDLER) as fresh:
        seen = fresh.call({"do": "surroundings"}, seconds=10).body
    assert "ASSAY_SECRET" not in seen["environment"]
    assert not {"HOME", "PATH", "USER", "PYTHONPATH"} & set(seen["environment"])
    assert seen["folder"] == "/"
    assert seen["thread"]
    assert all(Path(entry).is_absolute() for entry in seen["path"])


def test_limits_that_need_no_privilege_are_in_force(sandbox: Sandbox) -> None:
    held = sandbox.hardening()
    assert held.memory_limited
    assert held.file_size_limited
    assert held.core_dumps_off
    assert held.no_new_privileges
    assert held.processor_time_limited
    assert held.network_refused or held.sockets_refused_in_python


_HUGE = '{"arrays": [{"name": "a", "dtype": "uint8", "shape": [2147483647, 2147483647]}]}'
_EMPTY = '{"arrays": [{"name": "a", "dtype": "uint8", "shape": [0, 2147483647, 2147483647]}]}'
_LIES: dict[str, dict[str, Any]] = {
    "not JSON": {"header": "x" * 10},
    "not an object": {"header": "[]"},
    "no arrays": {"header": '{"body": {}}'},
    "not a number": {"header": '{"body": {"x": NaN}, "arrays": []}'},
    "nested too deep": {"header": "[" * 200_000},
    "a header too long": {"header": "x", "length": 2**31},
    "an array too large": {"header": _HUGE},
    "an empty array with sides too large": {"header": _EMPTY},
    "a pickled array": {"header": '{"arrays": [{"name": "a", "dtype": "object", "shape": [1]}]}'},
    "a negative side": {"header": '{"arrays": [{"name": "a", "dtype": "uint8", "shape": [-1]}]}'},
    "a fractional side": {
        "header": '{"arrays": [{"name": "a", "dtype": "uint8", "shape": [1.5]}]}'
    },
    "too many arrays": {"header": '{"arrays": [' + ",".join(["{}"] * 99) + "]}"},
    "neither body nor error": {"header": '{"arrays": []}'},
    "more than a body": {"header": '{"body": {}, "error": "x", "arrays": []}'},
}


@pytest.mark.parametrize("lie", _LIES)
def test_a_reply_that_makes_no_sense_is_a_crash_not_a_result(lie: str, sandbox: Sandbox) -> None:
    started = time.monotonic()
    with pytest.raises(DecoderCrashed):
        sandbox.call({"do": "lie", **_LIES[lie]}, seconds=20)
    assert time.monotonic() - started < 10


def test_a_reply_that_never_ends_is_stopped_by_the_clock(sandbox: Sandbox) -> None:
    with pytest.raises(MediaTimeout):
        sandbox.call({"do": "lie", "header": "{", "length": 1000}, seconds=0.5)


def test_parts_come_in_order_before_the_answer_and_while_the_handler_works(
    sandbox: Sandbox,
) -> None:
    came: list[tuple[int, list[int], float]] = []

    def part(reply: Reply) -> None:
        values = reply.arrays["values"]
        came.append((reply.body["number"], values.tolist(), time.monotonic()))

    request = {"do": "parts", "count": 3, "bytes": 2, "then": "sleep", "seconds": 0.5}
    reply = sandbox.call(request, seconds=10, part=part)
    assert [entry[:2] for entry in came] == [(0, [0, 0]), (1, [1, 1]), (2, [2, 2])]
    assert came[-1][2] < reply.body["to"]
    assert sandbox.call({"do": "echo", "say": 1}, seconds=10).body["said"] == 1


def test_parts_that_nobody_takes_are_a_crash(sandbox: Sandbox) -> None:
    with pytest.raises(DecoderCrashed, match="neither a body nor an error"):
        sandbox.call({"do": "parts", "count": 1}, seconds=10)


@pytest.mark.parametrize(
    ("then", "error"),
    [("abort", "died"), ("fail", "a bug in the handler"), ("lie", "a header of")],
)
def test_a_child_that_dies_between_parts_costs_one_call(
    then: str, error: str, sandbox: Sandbox
) -> None:
    came: list[Reply] = []
    before = _pid(sandbox)
    request = {"do": "parts", "count": 2, "then": then, "header": "x", "length": 2**31}
    with pytest.raises(DecoderCrashed, match=error):
        sandbox.call(request, seconds=20, part=came.append)
    assert len(came) == 2
    assert _pid(sandbox) != before


def test_a_refusal_between_parts_comes_back_and_the_child_lives_on(sandbox: Sandbox) -> None:
    before = _pid(sandbox)
    request = {"do": "parts", "count": 2, "then": "refuse"}
    with pytest.raises(HandlerError) as caught:
        sandbox.call(request, seconds=10, part=lambda part: None)
    assert caught.value.code == "manifest_odd"
    assert _pid(sandbox) == before


def test_parts_get_no_more_time_than_one_reply(sandbox: Sandbox) -> None:
    started = time.monotonic()
    request = {"do": "parts", "count": 500, "then": "sleep", "seconds": 60}
    with pytest.raises(MediaTimeout, match=r"stopped after 0\.8 s"):
        sandbox.call(request, seconds=0.8, part=lambda part: time.sleep(0.01))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize("limits", [{"array_bytes": 2500}, {"parts": 2}])
def test_parts_together_are_limited_as_one_reply_is(limits: dict[str, int]) -> None:
    came: list[Reply] = []
    request = {"do": "parts", "bytes": 1000}
    with Sandbox(handler=HANDLER, confinement=Confinement(**limits)) as sandbox:
        fits = sandbox.call({**request, "count": 2}, seconds=10, part=came.append)
        assert fits.body["count"] == 2
        with pytest.raises(DecoderCrashed):
            sandbox.call({**request, "count": 4}, seconds=10, part=came.append)
    assert len(came) == 4


def test_whoever_takes_a_part_and_fails_leaves_no_answer_behind(sandbox: Sandbox) -> None:
    def part(_: Reply) -> None:
        raise KeyError("ours")

    with pytest.raises(KeyError, match="ours"):
        sandbox.call({"do": "parts", "count": 2}, seconds=10, part=part)
    assert sandbox.call({"do": "echo", "say": 2}, seconds=10).body["said"] == 2


def test_a_pool_runs_calls_side_by_side() -> None:
    with SandboxPool(handler=HANDLER, size=2) as pool, ThreadPoolExecutor(2) as threads:
        request = {"do": "sleep", "seconds": 2}
        first, second = threads.map(lambda _: pool.call(request, seconds=60).body, (1, 2))
    assert max(first["from"], second["from"]) < min(first["to"], second["to"])


def test_a_pool_starts_no_child_for_calls_that_are_soon_over() -> None:
    with SandboxPool(handler=HANDLER, size=2) as pool, ThreadPoolExecutor(2) as threads:
        pool.hardening()
        pids = {reply.body["pid"] for reply in threads.map(_echoed(pool), range(40))}
    assert len(pids) == 1


def _echoed(pool: SandboxPool) -> Callable[[int], Reply]:
    return lambda number: pool.call({"do": "echo", "say": number}, seconds=60)


def test_one_sandbox_shared_by_threads_runs_one_call_at_a_time(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(4) as threads:
        request = {"do": "sleep", "seconds": 0.05}
        spans = list(threads.map(lambda _: sandbox.call(request, seconds=60).body, range(8)))
    spans.sort(key=lambda span: float(span["from"]))
    assert all(before["to"] <= after["from"] for before, after in pairwise(spans))


def test_a_sandbox_outlives_the_thread_that_started_it() -> None:
    with Sandbox(handler=HANDLER) as sandbox:
        pids: list[int] = []
        thread = threading.Thread(target=lambda: pids.append(_pid(sandbox)))
        thread.start()
        thread.join()
        assert _pid(sandbox) == pids[0]


def test_calls_and_children_leak_no_descriptor(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x")
    before = _open_descriptors()
    with Sandbox(handler=HANDLER, confinement=Confinement(calls=100)) as sandbox:
        for _ in range(200):
            with path.open("rb") as file:
                sandbox.call({"do": "echo"}, file, seconds=10)
            sandbox.call({"do": "echo"}, io.BytesIO(b"y"), seconds=10)
        inside = sandbox.call({"do": "descriptors"}, seconds=10).body["count"]
    assert _open_descriptors() == before
    assert inside < 8


def test_closing_ends_the_child() -> None:
    sandbox = Sandbox(handler=HANDLER)
    pid = _pid(sandbox)
    sandbox.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_the_child_ends_when_its_parent_is_killed(tmp_path: Path) -> None:
    reader, writer = os.pipe()
    parent = os.fork()
    if parent == 0:
        sandbox = Sandbox(handler=HANDLER)
        os.write(writer, str(_pid(sandbox)).encode())
        time.sleep(60)
        os._exit(0)
    child = int(re.findall(rb"\d+", os.read(reader, 100))[0])
    os.close(reader)
    os.close(writer)
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    for _ in range(50):
        if not Path(f"/proc/{child}").exists() or _is_zombie(child):
            return
        time.sleep(0.1)
    pytest.fail("the sandboxed child outlived its parent")


def _is_zombie(pid: int) -> bool:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="this C library gives nothing back"
)
def test_what_a_long_call_freed_goes_back_to_the_system(sandbox: Sandbox) -> None:
    """A film would leave 30 MB to its decoder."""
    child = sandbox.call({"do": "echo"}, seconds=10).body["pid"]

    def held() -> int:
        pages = Path(f"/proc/{child}/statm").read_text().split()[1]
        return int(pages) * resource.getpagesize() // 2**20

    before = held()
    sandbox.call({"do": "litter", "seconds": 0}, seconds=10)
    assert held() - before > 40
    sandbox.call({"do": "litter", "seconds": 2 * serve.LONG_SECONDS}, seconds=30)
    sandbox.call({"do": "echo"}, seconds=10)  # by then the memory is back
    assert held() - before < 10
