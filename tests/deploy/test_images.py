"""The Dockerfile, and whether the image of the API holds all that the API loads."""

import json
import re
import subprocess
import sys
import venv
from importlib.metadata import Distribution, distributions, requires, version
from pathlib import Path
from typing import Final

import httpx2
import pytest
from packaging.requirements import Requirement

from deploy.rehearsal import DOCKERFILE, stages
from service.scans.queue import QUEUES
from tests.deploy.installation import accept, opened
from tests.deploy.operator import DEPLOY, unknown_settings
from tests.e2e.servers import Process, free_port, wait_until
from tests.media import jpeg, photo_like

API: Final = DEPLOY / "requirements-api.txt"
HEAVY: Final = {"torch", "numpy", "opencv-python-headless", "onnxruntime", "scipy", "av"}


def pinned(path: Path) -> dict[str, str]:
    lines = (line.partition("==") for line in path.read_text().splitlines())
    return {_plain(name): version for name, equals, version in lines if equals}


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def test_hadolint_finds_no_fault() -> None:
    linter = Path(sys.executable).with_name("hadolint")
    ran = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert ran.stdout == ""
    assert ran.returncode == 0


@pytest.mark.parametrize("name", ["api", "worker"])
def test_an_image_runs_as_nobody_and_says_whether_it_is_well(name: str) -> None:
    stage = stages(DOCKERFILE.read_text())[name]
    done = {step.name: step.rest for step in stage.steps}
    assert done["USER"] == "10001:10001"
    assert "/health/" in done["HEALTHCHECK"]
    assert json.loads(done["ENTRYPOINT"]) == ["assay"]


def test_every_setting_it_names_exists() -> None:
    assert "ASSAY_DATA_DIR" in DOCKERFILE.read_text()
    assert unknown_settings(DOCKERFILE.read_text()) == set()


def test_the_api_has_no_library_that_computes() -> None:
    assert not set(pinned(API)) & HEAVY


def test_what_the_api_has_is_what_the_rest_has() -> None:
    everything = pinned(DEPLOY / "requirements.txt")
    assert pinned(API).items() <= everything.items()


def test_both_images_can_send_traces() -> None:
    dockerfile = stages(DOCKERFILE.read_text())
    for name in ("api-files", "worker-files"):
        steps = " ".join(step.rest for step in dockerfile[name].steps)
        assert "--requirement deploy/requirements-tracing.txt" in steps
    held = {**pinned(API), **pinned(DEPLOY / "requirements-tracing.txt")}
    extra = {"extra": "tracing"}
    needed = [it for it in _wanted("assay", extra) if it not in _wanted("assay", {"extra": ""})]
    assert needed
    for name in needed:  # grows while it is read
        assert held.get(name) == version(name), name
        needed += [it for it in _wanted(name, {"extra": ""}) if it not in needed]


def _wanted(name: str, extra: dict[str, str]) -> list[str]:
    """What a distribution asks for here."""
    asked = map(Requirement, requires(name) or ())
    return [_plain(it.name) for it in asked if it.marker is None or it.marker.evaluate(extra)]


@pytest.fixture
def python(tmp_path: Path) -> Path:
    """The interpreter of an environment that holds the distributions of the API alone, and us."""
    venv.create(tmp_path / "environment", symlinks=True)
    (site,) = (tmp_path / "environment").glob("lib/python*/site-packages")
    wanted = {"assay", *pinned(API)}
    for distribution in distributions():
        if _plain(distribution.metadata["Name"]) in wanted:
            _link(distribution, site)
    return tmp_path / "environment" / "bin" / "python"


def _link(distribution: Distribution, site: Path) -> None:
    tops = {Path(file).parts[0] for file in distribution.files or ()} - {"..", "__pycache__"}
    for top in tops:
        place = Path(str(distribution.locate_file(top)))
        if place.exists() and not (site / top).exists():
            (site / top).symlink_to(place)


def test_the_api_runs_on_what_its_image_has(python: Path, tmp_path: Path) -> None:
    """Start, page, upload, list and figures, with nothing else installed."""
    missing = subprocess.run([python, "-c", "import numpy"], capture_output=True, check=False)
    assert b"ModuleNotFoundError" in missing.stderr
    with opened(tmp_path / "data", None) as scans:
        done = accept(scans, "done.jpg")
        scans.run(done, worker="w")
    port, metrics = free_port(), free_port()
    environment = {
        "ASSAY_DATA_DIR": str(tmp_path / "data"),
        "ASSAY_OPEN": "true",
        "ASSAY_METRICS__PORT": str(metrics),
    }
    command = [str(python), "-m", "service.cli", "serve", "--api-only", "--port", str(port)]
    api = Process(command, tmp_path / "log", environment)
    api.start()
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        try:
            wait_until(lambda: _answers(client), what="the API answers", seconds=100)
            files = {"file": ("a.jpg", jpeg(photo_like(64, 64)), "image/jpeg")}
            scan = client.post("/v1/scans", files=files)
            assert scan.status_code == 202, scan.text
            for path in (
                "/",
                "/scans/" + scan.json()["id"],
                f"/v1/scans/{done}/report",
                f"/v1/scans/{done}/report?format=html",
                f"/v1/scans/{done}/report?format=pdf",
                "/v1/scans",
                "/v1/detectors",
                "/v1/openapi.json",
                "/health/ready",
            ):
                assert client.get(path).status_code == 200, path
            told = client.get(f"http://127.0.0.1:{metrics}/metrics").text
            assert 'assay_queue_scans{queue="image"} 1.0' in told.splitlines()
            assert all(f'assay_workers{{queue="{queue}"}} 0.0' in told for queue in QUEUES)
        finally:
            api.stop()


def _answers(client: httpx2.Client) -> bool:
    try:
        return client.get("/health/live").status_code == 200
    except httpx2.TransportError:
        return False
