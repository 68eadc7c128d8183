"""`assay serve` as a program: it starts everything, keeps it alive, and leaves nothing behind."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path

import pytest

from deploy.running import ASSAY, Running
from service.cli import serve
from service.cli.exit_codes import ExitCode
from service.cli.serve import SERVING, WORKERS
from service.scans.queue import QUEUES
from tests.e2e import servers
from tests.service.command_line import assay, environment


def _descendants(pid: int) -> set[int]:
    """Every living process below this one."""
    found: set[int] = set()
    for child in _children(pid):
        found |= {child, *_descendants(child)}
    return found


def _children(pid: int) -> set[int]:
    ran = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, check=False)
    return {int(number) for number in ran.stdout.split()}


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _eventually(condition: Callable[[], bool], seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.05)
    return False


def _named(parent: int, words: str) -> int | None:
    """The child of the supervisor that runs this module; None while there is none."""
    for pid in _children(parent):
        command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        if words in command:
            return pid
    return None


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Running]:
    with Running(tmp_path, environment(tmp_path), workers=2) as running:
        running.wait_ready()
        yield running


def test_one_interrupt_stops_everything(service: Running) -> None:
    processes = _descendants(service.pid)
    assert len(processes) >= 2
    assert service.stop() == ExitCode.NOTHING_FOUND
    assert _eventually(lambda: not any(map(_alive, processes)), 5)
    assert "stopped" in service.said


def test_what_is_killed_is_started_again(service: Running) -> None:
    api, worker = _named(service.pid, f"-m {SERVING}"), _named(service.pid, f"-m {WORKERS}")
    assert api is not None
    assert worker is not None
    os.kill(worker, signal.SIGKILL)
    os.kill(api, signal.SIGKILL)
    assert service.get("/health/live")["status"] == "ok"  # the socket never closed
    assert _eventually(lambda: _named(service.pid, f"-m {WORKERS}") not in (None, worker))
    assert _named(service.pid, f"-m {SERVING}") not in (None, api)
    service.wait_ready()


def test_nothing_survives_a_killed_supervisor(service: Running) -> None:
    processes = _descendants(service.pid)
    os.kill(service.pid, signal.SIGKILL)
    assert _eventually(lambda: not any(map(_alive, processes)), 30)


def test_pictures_have_a_worker_that_takes_no_films_and_every_queue_has_one() -> None:
    command = serve.worker_of_scans(0, 2).command
    quick, long = _given(command, "--queues")
    assert sorted([*quick.split(","), *long.split(",")]) == sorted(QUEUES)
    assert "image" in quick
    assert "video" in long
    assert int(_given(command, "--nice")[0]) < int(_given(command, "--nice")[1])
    (alone,) = _given(serve.worker_of_scans(0, 1).command, "--queues")
    assert sorted(alone.split(",")) == sorted(QUEUES)


def test_the_ports_of_workers_lie_between_those_of_the_api() -> None:
    worker = serve.worker_of_scans(9000, 2)
    assert _given(worker.command, "--metrics-port") == ["9001", "9003"]
    assert _given(serve.worker_of_scans(0, 2).command, "--metrics-port") == []


def _given(command: Sequence[str], option: str) -> list[str]:
    return [value for name, value in pairwise(command) if name == option]


def test_an_address_in_use_is_a_usage_error(service: Running, tmp_path: Path) -> None:
    port = service.address.rpartition(":")[2]
    ran = assay("serve", "--port", port, data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "[address_unavailable]" in ran.err


def test_the_body_of_an_answer_does_not_wait_for_the_receipt_of_its_head() -> None:
    """Nagle's algorithm would hold it back for 40 ms on a connection that stays open."""
    with serve._listen("127.0.0.1", 0) as listener, socket.socket() as client:
        client.connect(listener.getsockname())
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1


def test_without_a_worker_uploads_are_taken_and_wait(tmp_path: Path) -> None:
    command = [*ASSAY, "serve", "--api-only", "--port", "0"]
    with subprocess.Popen(
        command, env=environment(tmp_path), stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        assert "http://127.0.0.1:" in process.stderr.readline()
        assert _eventually(lambda: len(_children(process.pid)) == 1, 5)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == ExitCode.NOTHING_FOUND


def test_several_processes_of_the_api_share_a_socket_and_figures_apart(tmp_path: Path) -> None:
    port = servers.free_port()
    command = [*ASSAY, "serve", "--api-only", "--port", "0", "--processes", "2"]
    with servers.redis(tmp_path) as redis:
        more = {"ASSAY_BROKER_URL": redis.url, "ASSAY_METRICS__PORT": str(port)}
        with subprocess.Popen(
            command, env=environment(tmp_path, more), stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stderr is not None
            assert "http://127.0.0.1:" in process.stderr.readline()
            assert _eventually(lambda: servers.answers(port) and servers.answers(port + 4))
            assert len(_children(process.pid)) == 2
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == ExitCode.NOTHING_FOUND


def test_several_processes_that_could_not_count_together_are_refused(tmp_path: Path) -> None:
    ran = assay("serve", "--processes", "2", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "ASSAY_BROKER_URL" in ran.err


def test_a_worker_refuses_a_queue_that_does_not_exist(tmp_path: Path) -> None:
    ran = assay("worker", "--queues", "images", data=tmp_path)
    assert ran.code == ExitCode.USAGE
    assert "images" in ran.err
