"""Workers beside each other: one process forks them, and they end together."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from workers.__main__ import main

ROOT = Path(__file__).parents[2]

PROGRAM = """
import os, sys, time
from pathlib import Path
from workers.lanes import Lane, side_by_side

folder, how = Path(sys.argv[1]), sys.argv[2]

def work(lane):
    name = lane.queues[0]
    (folder / name).write_text(f"{os.getpid()} {os.nice(0)}")
    while len(list(folder.iterdir())) < 2:
        time.sleep(0.01)
    if (name, how) == ("image", "ends"):
        return 3
    if (name, how) == ("image", "raises"):
        raise RuntimeError("broken")
    if (name, how) == ("image", "exits"):
        raise SystemExit(2)
    time.sleep(60)
    return 0

os.nice(1)
sys.exit(side_by_side([Lane(queues=("image",)), Lane(queues=("video",), nice=4)], work))
"""


def start(folder: Path, how: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-c", PROGRAM, str(folder), how]
    return subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)


def lanes(folder: Path) -> dict[str, tuple[int, int]]:
    """Process id and niceness of both workers, once they run."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        texts = {path.name: path.read_text().split() for path in folder.iterdir()}
        if len(texts) == 2 and all(texts.values()):
            return {name: (int(pid), int(nice)) for name, (pid, nice) in texts.items()}
        time.sleep(0.01)
    raise AssertionError("the workers did not start")


def gone(pid: int) -> bool:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        stat = Path(f"/proc/{pid}/stat")
        try:
            if stat.read_text().rpartition(")")[2].split()[0] == "Z":
                return True
        except OSError:
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(("how", "status"), [("ends", 3), ("exits", 2), ("raises", os.EX_SOFTWARE)])
def test_when_one_ends_the_other_is_stopped_and_its_status_counts(
    tmp_path: Path, how: str, status: int
) -> None:
    with start(tmp_path, how) as process:
        assert process.wait(20) == status
    assert all(gone(pid) for pid, _ in lanes(tmp_path).values())


def test_one_that_is_killed_ends_the_other(tmp_path: Path) -> None:
    with start(tmp_path, "stays") as process:
        os.kill(lanes(tmp_path)["video"][0], signal.SIGKILL)
        assert process.wait(20) == 128 + signal.SIGKILL
    assert gone(lanes(tmp_path)["image"][0])


def test_each_has_its_niceness_and_is_told_to_stop(tmp_path: Path) -> None:
    with start(tmp_path, "stays") as process:
        running = lanes(tmp_path)
        assert running["video"][1] - running["image"][1] == 4
        process.terminate()
        assert process.wait(20) == 128 + signal.SIGTERM
    assert all(gone(pid) for pid, _ in running.values())


def test_none_outlives_the_process_that_forked_it(tmp_path: Path) -> None:
    with start(tmp_path, "stays") as process:
        running = lanes(tmp_path)
        process.kill()
        assert all(gone(pid) for pid, _ in running.values())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--queues", "image", "--queues", "video"),
        ("--queues", "image", "--nice", "1", "--metrics-port", "1", "--metrics-port", "2"),
        ("--queues", "image", "--nice", "1", "--queues", "webhooks", "--nice", "2"),
    ],
)
def test_what_does_not_go_together_is_refused(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["workers", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
