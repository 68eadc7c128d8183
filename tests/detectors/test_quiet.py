"""Nothing that is loaded with the detectors tells anybody, or leaves notes for doing so later."""

import os
import subprocess
import sys
from pathlib import Path

CODE = "from detectors.zoo import backbones; from detectors.audio import speech"


def test_loading_the_detectors_leaves_no_telemetry_behind(tmp_path: Path) -> None:
    places = {"HOME": str(tmp_path), "TMPDIR": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", CODE], env=os.environ | places, check=True)
    assert [path for path in tmp_path.rglob("*") if "onnxruntime" in path.name] == []
    assert not (tmp_path / ".ses").exists()
