"""A pulled and measured detector in whole reports: it can accuse, and its failure clears nobody."""

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from detectors import registry
from detectors.base import Kind
from detectors.media.limits import Limits
from detectors.result import Outcome
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from service.analysis.config import PipelineConfig
from service.analysis.pipeline import Pipeline
from service.reporting.report import Report, Verdict
from service.scans.intake import source_from_stream
from tests.detectors.zoo.public.checkpoints import calibration, random_network, stock
from tests.media import jpeg, photograph

NAME = "ferretnet"


@pytest.fixture
def weights(tmp_path: Path) -> Iterator[Path]:
    """The weight file of a detector whose thresholds any picture passes."""
    card, shelf = PublicCard.read(NAME), Shelf(tmp_path / "weights")
    (path,) = stock(card, random_network(card), shelf)
    shelf.write_calibration(NAME, calibration(shelf, NAME, fpr_1=-1000.0))
    yield path
    registry.use_shelf(None)


def reported(tmp_path: Path) -> Report:
    config = PipelineConfig(
        trust_dir=tmp_path / "trust", limits=Limits(), weights_dir=tmp_path / "weights"
    )
    source = source_from_stream(io.BytesIO(jpeg(photograph(400, 300))), "a.jpg")
    with Pipeline(config) as pipeline, source.file:
        pipeline.warm((Kind.IMAGE,))
        return pipeline.analyse(source).report


def test_it_can_decide_a_verdict(tmp_path: Path, weights: Path) -> None:
    report = reported(tmp_path)
    assert report.verdict is Verdict.LIKELY_SYNTHETIC
    assert report.basis == (f"detector.image.{NAME}",)
    assert report.engine.models[NAME] == registry.card_of(registry.named(f"image.{NAME}")).digest


def test_weights_that_changed_stop_no_worker_and_clear_nobody(
    tmp_path: Path, weights: Path
) -> None:
    weights.write_bytes(weights.read_bytes()[:-1] + b"\x07")
    report = reported(tmp_path)
    assert report.verdict is Verdict.INCONCLUSIVE
    assert [gap.what for gap in report.not_checked if gap.what.startswith("image.")] == [
        f"image.{NAME}"
    ]
    assert report.findings[-1].outcome is Outcome.FAILED
