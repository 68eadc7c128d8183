"""Pulled detectors in a run: not asked before they were measured, then like any other."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors import registry
from detectors.base import Image, Kind
from detectors.errors import WeightsMissing
from detectors.registry import SPECS, named
from detectors.result import Alarm, Finding, Outcome, Reason
from detectors.runner import Run
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from tests import media
from tests.detectors.zoo.public.checkpoints import calibration, random_network, stock

FERRET = PublicCard.read("ferretnet")
SPEC = named("image.ferretnet")
PICTURE = Image(pixels=media.photo_like(320, 300, seed=3), container="png")


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    registry.use_shelf(tmp_path)
    yield Shelf(tmp_path)
    registry.use_shelf(None)


def pulled(shelf: Shelf) -> Path:
    (path,) = stock(FERRET, random_network(FERRET), shelf)
    return path


def finding() -> Finding:
    registry.use_shelf(registry.shelf().folder)
    run = Run(PICTURE)
    only = (spec for spec in registry.specs_for(Kind.IMAGE) if spec.published)
    (found,) = [run.asked(spec) for spec in only]
    return found


def test_without_a_pull_there_are_only_ours(shelf: Shelf) -> None:
    assert registry.specs() == SPECS
    with pytest.raises(WeightsMissing, match="models pull"):
        registry.card_of(SPEC)


def test_what_is_pulled_later_counts_for_later_processes(shelf: Shelf) -> None:
    pulled(shelf)
    assert registry.specs() == SPECS
    registry.use_shelf(shelf.folder)
    assert registry.specs() == (*SPECS, SPEC)


def test_without_a_folder_there_are_only_ours() -> None:
    registry.use_shelf(None)
    assert registry.specs() == SPECS
    with pytest.raises(WeightsMissing):
        registry.load(SPEC)


def test_an_unmeasured_detector_is_shown_and_not_asked(shelf: Shelf) -> None:
    pulled(shelf).write_bytes(b"so that asking it would fail")
    found = finding()
    assert (found.outcome, found.reason) == (Outcome.NOT_APPLICABLE, Reason.UNMEASURED)
    assert not found.votes
    assert "--calibrate ferretnet" in found.explanation


@pytest.mark.parametrize(("fpr_1", "alarm"), [(-100.0, Alarm.FPR_1), (100.0, Alarm.NONE)])
def test_a_measured_detector_is_treated_like_any_other(
    shelf: Shelf, fpr_1: float, alarm: Alarm
) -> None:
    pulled(shelf)
    shelf.write_calibration("ferretnet", calibration(shelf, "ferretnet", fpr_1=fpr_1))
    found = finding()
    assert found.outcome is Outcome.SCORED
    assert found.votes
    assert found.lr is not None
    assert found.raw is not None
    assert found.lr.log10 == pytest.approx(0.5 * found.raw)
    assert found.alarm is alarm


def test_weights_that_changed_are_a_failure_that_is_told(shelf: Shelf) -> None:
    path = pulled(shelf)
    shelf.write_calibration("ferretnet", calibration(shelf, "ferretnet"))
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    found = finding()
    assert (found.outcome, found.reason) == (Outcome.FAILED, Reason.WEIGHTS_UNAVAILABLE)
    assert found.votes


def test_a_damaged_lock_is_a_failure_that_is_told(shelf: Shelf) -> None:
    pulled(shelf)
    (shelf.folder / "locks" / "ferretnet.json").write_text("{")
    found = finding()
    assert found.outcome is Outcome.FAILED
    assert not found.votes
