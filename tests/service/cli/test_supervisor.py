"""What dies again and again is given up, although it lived for a while each time."""

import sys
import time

import pytest

from service.cli import supervisor
from service.cli.exit_codes import ExitCode
from service.cli.supervisor import Child, supervise


def test_a_child_that_keeps_dying_after_it_lived_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(supervisor, "HEALTHY_SECONDS", 0.01)
    monkeypatch.setattr(supervisor, "MAX_DEATHS", 4)
    child = Child("worker", [sys.executable, "-c", "raise SystemExit(1)"])
    assert supervise([child]) == ExitCode.INTERNAL
    assert child.lived
    said = capsys.readouterr().err
    assert said.count("starting it again") == 4
    assert said.count("giving up") == 1


def test_a_child_that_dies_now_and_then_is_kept() -> None:
    now = time.monotonic()
    rare, often = Child("a", ["true"], lived=True), Child("b", ["true"], lived=True)
    rare.deaths = [now + 60.0 * number for number in range(supervisor.MAX_DEATHS)]
    often.deaths = [now + 12.0 * number for number in range(supervisor.MAX_DEATHS)]
    assert not rare.hopeless
    assert often.hopeless
