"""torchvision's CUDA wheel beside a CPU torch must not keep timm from importing."""

import subprocess
import sys

from detectors.zoo.torchvision_shim import ensure_torchvision

FRESH = (
    "from detectors.zoo.torchvision_shim import ensure_torchvision; "
    "first = ensure_torchvision(); "
    "assert ensure_torchvision() is first; "
    "import timm; "
    "print(len(timm.list_models()) > 500)"
)


def test_timm_imports_in_a_fresh_process_once_the_shim_has_run() -> None:
    done = subprocess.run([sys.executable, "-c", FRESH], capture_output=True, text=True)
    assert done.stdout.strip() == "True", done.stderr


def test_calling_it_twice_declares_nothing_twice() -> None:
    assert ensure_torchvision() is ensure_torchvision()
