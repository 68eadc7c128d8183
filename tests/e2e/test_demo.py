"""`make demo` from the inside: everything it promises, in a folder of its own."""

import os
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from deploy import samples
from service.reporting.report import Verdict
from service.reporting.wording import VERDICTS
from tests import signing

ROOT = Path(__file__).parents[2]


def test_the_demo_gets_every_verdict_it_expects_and_leaves_nothing_running(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "deploy.demo"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    for verdict in (Verdict.VERIFIED_CAPTURE, Verdict.CREDENTIALS_BROKEN, Verdict.DECLARED_AI):
        assert VERDICTS[verdict] in ran.stdout
    pages = {path.name for path in (tmp_path / ".demo").glob("*.html")}
    made = samples.make_samples(tmp_path, signing.Authority.create())
    assert pages == {f"{sample.path.name}.html" for sample in made}
    address = re.search(r"http://127\.0\.0\.1:(\d+)", ran.stderr)
    assert address is not None
    assert not _listening(int(address[1]))


def test_changed_pixels_still_decode_to_a_picture_of_the_same_size(tmp_path: Path) -> None:
    made = samples.make_samples(tmp_path, signing.Authority.create())
    signed, changed = (sample.path.read_bytes() for sample in made[:2])
    assert len(signed) == len(changed)
    assert sum(one != other for one, other in zip(signed, changed, strict=True)) == 1
    before, after = map(_pixels, (signed, changed))
    assert before.shape == after.shape
    assert (before != after).any()


def _listening(port: int) -> bool:
    """Whether anything on this machine accepts connections on the port."""
    wanted = f":{port:04X} "
    rows = Path("/proc/net/tcp").read_text().splitlines()
    return any(wanted in row and row.split()[3] == "0A" for row in rows)


def _pixels(jpeg: bytes) -> npt.NDArray[np.uint8]:
    pixels = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert pixels is not None
    return pixels.astype(np.uint8)
