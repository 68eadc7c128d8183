"""An older build beside this one: its tree out of git, run with the environment that is here."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.running import ROOT

COMMIT: Final = "744b6b3"
"""What this build is compared with unless another is named."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of one command with all it started."""

    clock: float
    processor: float


@contextmanager
def tree(commit: str) -> Iterator[Path]:
    """A work tree of that commit, removed afterwards."""
    git = ["git", "-C", str(ROOT), "worktree"]
    with tempfile.TemporaryDirectory(prefix="assay-older-") as name:
        place = Path(name) / "tree"
        subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
        try:
            yield place
        finally:
            subprocess.run([*git, "remove", "--force", str(place)], check=True)


def cost(build: Path, data: Path, *arguments: str) -> Cost:
    """Run `assay` of that build to its end. Raises `SystemExit` when it fails."""
    environment = {**os.environ, "PYTHONPATH": str(build), "ASSAY_DATA_DIR": str(data)}
    clock = time.perf_counter()
    with subprocess.Popen(
        [sys.executable, "-m", "service.cli", *arguments],
        cwd=build,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        _, status, used = os.wait4(running.pid, 0)
        running.returncode = os.waitstatus_to_exitcode(status)
    if running.returncode not in (0, 1, 3, 4):  # 3: something could not be judged
        raise SystemExit(f"assay {arguments[0]} of {build} ended with {running.returncode}")
    return Cost(time.perf_counter() - clock, used.ru_utime + used.ru_stime)
