"""The self-test: made media go the whole way, and what goes wrong is told."""

from contextlib import closing
from pathlib import Path

import pytest

from detectors.base import Kind
from detectors.registry import card_of, load, named, specs_for
from detectors.result import Outcome, Reason
from detectors.zoo import weights
from service.analysis.pipeline import Pipeline
from service.arguments import pipeline_config
from service.reporting.report import Verdict
from service.scans.self_test import SAMPLES, Sample, _judged, _networks, self_test
from service.settings import Settings
from tests.service import reports


def test_every_sample_of_a_whole_installation_comes_out_as_it_must(tmp_path: Path) -> None:
    with closing(Pipeline(pipeline_config(Settings(data_dir=tmp_path)))) as pipeline:
        found = list(self_test(pipeline, SAMPLES))
    networks = {f"networks.{kind}": specs_for(kind) for kind in Kind}
    assert {item.name for item in found} == {sample.name for sample in SAMPLES} | networks.keys()
    for item in found:  # of every profile
        assert all(spec.name in item.detail for spec in networks.get(item.name, ()))
    assert [item.detail for item in found if not item.fine] == []


def test_another_verdict_than_the_right_one_is_told() -> None:
    wanted = Sample("a.jpg", bytes, "image", Verdict.DECLARED_AI)
    item = _judged(wanted, reports.no_sign_found())
    assert not item.fine
    assert "no_sign_found where declared_ai is right" in item.detail


def test_a_detector_that_fails_is_told() -> None:
    report = reports.no_sign_found()
    failed = report.findings[0].model_copy(
        update={
            "outcome": Outcome.FAILED,
            "reason": Reason.WEIGHTS_UNAVAILABLE,
            "explanation": "no weights",
        }
    )
    item = _judged(
        Sample("a.jpg", bytes, "image"), report.model_copy(update={"findings": (failed,)})
    )
    assert not item.fine
    assert f"{failed.detector} failed: no weights" in item.detail


@pytest.mark.parametrize("spec", ["image.edits", "image.fast", "image.face_swap"])
def test_a_network_that_no_sample_reaches_is_told_when_it_is_missing(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, spec: str
) -> None:
    card = card_of(named(spec))
    for file in weights.REPOSITORY.iterdir():
        if file.name != card.weights[-1].file:
            (tmp_path / file.name).symlink_to(file)
    monkeypatch.setattr(weights, "REPOSITORY", tmp_path)
    load.forget()
    try:
        tested = _networks(Kind.IMAGE)
    finally:
        load.forget()
    assert not tested.fine
    assert f"{spec} failed: " in tested.detail


def test_silence_of_every_detector_is_no_success() -> None:
    report = reports.no_sign_found().model_copy(update={"findings": ()})
    assert not _judged(Sample("a.jpg", bytes, "image"), report).fine


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
def test_a_sample_is_the_same_every_day(sample: Sample) -> None:
    assert sample.make() == sample.make()
