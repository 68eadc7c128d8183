"""The profile of system calls for containers: everything works under it, nothing else is allowed."""

import json
import subprocess
import sys
from ctypes.util import find_library
from pathlib import Path
from typing import Any

import pytest

from tests.deploy.operator import DEPLOY
from tests.media import jpeg, photo_like

PROFILE = DEPLOY / "seccomp" / "assay.json"
ROOT = DEPLOY.parent
UNDER = Path(__file__).with_name("under_seccomp.py")
HARDENING = """
from detectors.media.sandbox import Sandbox
from service.analysis.handlers import CREDENTIALS

with Sandbox(handler=CREDENTIALS, open_files=True) as sandbox:
    print(sandbox.hardening().model_dump_json())
"""


def under_profile(*command: str) -> str:
    """What a command prints that runs as in a container with this profile."""
    if find_library("seccomp") is None:
        pytest.skip("libseccomp is not installed")
    ran = subprocess.run(
        [sys.executable, str(UNDER), str(PROFILE), *command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode in (0, 1), ran.stderr
    return ran.stdout


def test_a_decoder_shuts_itself_in_under_the_profile_as_without_it() -> None:
    without = subprocess.run(
        [sys.executable, "-c", HARDENING], cwd=ROOT, capture_output=True, text=True, check=True
    )
    held = json.loads(under_profile(sys.executable, "-c", HARDENING))
    assert held == json.loads(without.stdout)
    assert held["system_calls_filtered"]


def test_a_picture_is_judged_under_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(jpeg(photo_like(320, 240)))
    said = under_profile(sys.executable, "-m", "service.cli", "check", "--json", str(path))
    report: dict[str, Any] = json.loads(said)
    report = report.get("report", report)
    assert report["findings"]
    assert all(finding["outcome"] != "failed" for finding in report["findings"])


@pytest.mark.parametrize(
    "call",
    [
        "unshare(0x00020000)",  # a namespace of mounts
        "mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "ptrace(0, 0, 0, 0)",
        "syscall(250, 0, 0)",  # keyctl
        "socket(17, 3, 0)",  # packets of others
    ],
)
def test_what_a_container_must_not_do_is_refused(call: str) -> None:
    code = f"import ctypes; libc = ctypes.CDLL(None, use_errno=True); print(libc.{call}, ctypes.get_errno())"
    assert under_profile(sys.executable, "-c", code).split() == ["-1", "1"]
