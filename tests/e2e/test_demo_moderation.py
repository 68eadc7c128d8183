"""`make demo-moderation` ends by itself with every file decided and every event told."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_every_file_is_decided_and_told() -> None:
    command = [sys.executable, "-m", "deploy.demo_moderation", "--files", "10"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "10 events arrived for 10 files" in ran.stdout
    for action in ("allow", "review"):
        assert action in ran.stdout
