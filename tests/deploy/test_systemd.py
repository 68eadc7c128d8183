"""The systemd units: understood, hardened, and about settings that there are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.db.lifecycle import WEBHOOKS_QUEUE
from service.scans.queue import QUEUES
from tests.deploy.operator import DEPLOY, unknown_settings

UNITS = sorted((DEPLOY / "systemd").glob("*.service"))
MOST_EXPOSED = 2.5
"""Of systemd's own scale: 10 is a service without any measure, and below 5 is called OK."""


@pytest.fixture(scope="module")
def analyze() -> str:
    found = shutil.which("systemd-analyze")
    if found is None:
        pytest.skip("systemd-analyze is not installed")
    return found


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_every_setting_a_unit_names_exists(unit: Path) -> None:
    text = unit.read_text()
    assert "ASSAY_DATA_DIR" in text
    assert unknown_settings(text) == set()


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_understands_every_line(unit: Path, analyze: str) -> None:
    name = str(unit).replace("@.service", "@image.service")
    ran = subprocess.run(
        [analyze, "verify", "--man=no", name], capture_output=True, text=True, check=False
    )
    said = [line for line in ran.stderr.splitlines() if "/opt/assay/bin/assay" not in line]
    assert said == []


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_a_unit_is_little_exposed(unit: Path, analyze: str) -> None:
    ran = subprocess.run(
        [analyze, "security", "--offline=true", "--no-pager", str(unit)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = re.search(r"exposure level for \S+: ([\d.]+)", ran.stdout)
    assert found is not None
    assert float(found[1]) <= MOST_EXPOSED


def test_the_queues_it_names_are_those_there_are() -> None:
    text = (DEPLOY / "systemd" / "assay-worker@.service").read_text()
    assert all(queue in text for queue in (*QUEUES, WEBHOOKS_QUEUE))


def test_a_timer_starts_a_unit_that_there_is() -> None:
    timers = list((DEPLOY / "systemd").glob("*.timer"))
    assert timers
    assert all(timer.with_suffix(".service") in UNITS for timer in timers)
