"""What a worker loads before it forks is there in its processes, and none of them loads it again."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]

PROGRAM = """
import gc, os, sys
from detectors import heap
from detectors.registry import load, named
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.settings import read_settings
from workers.ahead import load_ahead

settings = read_settings()
heap.use_one()
load_ahead(settings, ("image", "provenance", "audio", "video"))
print(len(os.listdir("/proc/self/task")), "torch" in sys.modules, gc.get_freeze_count() > 100_000)
names = "image.clip", "image.face_swap", "video.frames", "audio.ensemble"
before = [load(named(name)) for name in names]
child = os.fork()
if child:
    sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
Pipeline(pipeline_config(settings))
same = [load(named(name)) is known for name, known in zip(names, before, strict=True)]
os._exit(0 if all(same) else 1)
"""


def test_models_are_loaded_once_by_a_process_with_one_thread(tmp_path: Path) -> None:
    """A fork would keep the locks that other threads hold."""
    run = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**os.environ, "ASSAY_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.stdout.split() == ["1", "False", "True"], run.stderr
    assert run.returncode == 0, run.stderr
