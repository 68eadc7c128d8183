"""Cards that trainings write are cards that detectors read."""

from pathlib import Path

import numpy as np
import pytest

from detectors.bench.metrics import Sample, measure
from detectors.training.cards import measured, measured_line, write_card
from detectors.zoo.card import (
    Calibration,
    Measured,
    ModelCard,
    OperatingPoints,
    WeightFile,
    WeightSource,
)

CARD = ModelCard(
    name="image-x-1",
    summary='Says "maybe" (übung) in one line\nand another.',
    architecture="linear",
    licence="Apache-2.0",
    weights=(
        WeightFile(file="x.safetensors", sha256="0" * 64),
        WeightFile(
            file="pkg/y.onnx", sha256="f" * 64, source=WeightSource.PACKAGE, distribution="pkg"
        ),
    ),
    trained_on="made media",
    training_command="python -m x",
    limits=("Cannot hear.", "A backslash \\ and a tab\t."),
    measured=(
        Measured(on="a", items=3, auc=0.5, eer=0.5, tpr_at_fpr_1=0, tpr_at_fpr_5=1e-7, cllr=1.0),
    ),
    calibration=Calibration(pairs=((0.5, -1.25),) * 41, lowest=-2.0, highest=1.5),
    operating_points=OperatingPoints(fpr_5=1.0, fpr_1=2.0, bona_fide=100),
    settings={"frames": 16, "a+b": [0.25, -3e-05, 1.0], "method": "trees", "rate": 0.5},
)


def test_a_written_card_reads_back_the_same(tmp_path: Path) -> None:
    write_card(CARD, tmp_path)
    assert ModelCard.read("image-x-1", tmp_path / "cards") == CARD


def test_a_measured_line_copies_what_the_bench_found() -> None:
    synthetic = np.repeat([False, True], 50)
    raw = np.arange(100.0)
    line = measured_line("d", measure(Sample(synthetic=synthetic, raw=raw, ratio=raw - 50)))
    assert (line.items, line.auc, line.eer, line.tpr_at_fpr_1) == (100, 1, 0, 1)
    assert line.cllr == pytest.approx(0, abs=0.1)


def test_a_line_takes_its_ratios_from_the_calibration() -> None:
    synthetic, raw = np.repeat([False, True], 50), np.arange(100.0) / 10
    good, useless = (
        Calibration(pairs=(pair,), lowest=-3.0, highest=3.0) for pair in ((4.0, -19.9), (0.0, 0.0))
    )
    assert measured("d", raw, synthetic, good).cllr < 0.05
    assert measured("d", raw, synthetic, useless).cllr == 1


def test_a_line_without_ratios_is_refused() -> None:
    synthetic, raw = np.repeat([False, True], 50), np.arange(100.0)
    found = measure(Sample(synthetic=synthetic, raw=raw, ratio=np.full(100, np.nan)))
    with pytest.raises(ValueError, match="needs a figure"):
        measured_line("d", found)
