"""Figures of merit against values known in closed form."""

import math
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pytest

from detectors.bench.metrics import (
    Roc,
    Sample,
    calibration_error,
    cllr,
    measure,
)

Floats = npt.NDArray[np.float64]
LN10 = math.log(10)


def gaussians(
    count: int, distance: float, seed: int = 1
) -> tuple[Floats, npt.NDArray[np.bool_], Floats]:
    """Scores of N(0, 1) bona fide and N(distance, 1) synthetic items, labels and true ratios."""
    rng = np.random.default_rng(seed)
    synthetic = np.repeat([False, True], count)
    scores = rng.normal(size=2 * count) + distance * synthetic
    return scores, synthetic, (distance * scores - distance**2 / 2) / LN10


def test_shifted_gaussians_have_the_auc_eer_and_tpr_of_theory() -> None:
    scores, synthetic, _ = gaussians(200_000, 1.5)
    normal = NormalDist()
    assert Roc.of(scores, synthetic).auc()[0] == pytest.approx(
        normal.cdf(1.5 / math.sqrt(2)), abs=0.003
    )
    assert Roc.of(scores, synthetic).equal_error_rate()[0] == pytest.approx(
        normal.cdf(-0.75), abs=0.003
    )
    expected = 1 - normal.cdf(normal.inv_cdf(0.95) - 1.5)
    assert Roc.of(scores, synthetic).tpr_at(0.05)[0] == pytest.approx(expected, abs=0.005)


def test_a_perfect_system_has_no_errors() -> None:
    scores, synthetic = np.array([0.0, 1.0, 2.0, 3.0]), np.array([False, False, True, True])
    assert Roc.of(scores, synthetic).auc()[0] == 1
    assert Roc.of(scores, synthetic).equal_error_rate()[0] == 0
    assert Roc.of(scores, synthetic).tpr_at(0.01)[0] == 1


def test_ties_count_half_and_never_help() -> None:
    scores, synthetic = np.zeros(10), np.arange(10) % 2 == 0
    assert Roc.of(scores, synthetic).auc()[0] == 0.5
    assert Roc.of(scores, synthetic).equal_error_rate()[0] == 0.5
    assert Roc.of(scores, synthetic).tpr_at(0.05)[0] == 0


def test_tpr_allows_no_more_false_positives_than_asked_for() -> None:
    synthetic = np.repeat([False, True], 50)
    scores = np.concatenate([np.arange(50.0), np.arange(50.0) + 0.5])
    assert Roc.of(scores, synthetic).tpr_at(0.01)[0] == pytest.approx(1 / 50)
    assert Roc.of(scores, synthetic).tpr_at(0.05)[0] == pytest.approx(3 / 50)


def test_cllr_is_0_for_certainty_1_for_silence_and_more_for_lies() -> None:
    synthetic = np.repeat([False, True], 5)
    sure = np.where(synthetic, 9.0, -9.0)
    assert cllr(sure, synthetic)[0] == pytest.approx(0, abs=1e-6)
    assert cllr(np.zeros(10), synthetic)[0] == pytest.approx(1)
    assert cllr(-sure, synthetic)[0] > 10


def test_true_ratios_are_calibrated_and_overconfident_ones_are_not() -> None:
    _, synthetic, ratios = gaussians(50_000, 2.0)
    assert calibration_error(ratios, synthetic)[0] < 0.01
    assert calibration_error(3 * ratios, synthetic)[0] > 0.05
    assert cllr(ratios, synthetic)[0] < cllr(3 * ratios, synthetic)[0]


def test_class_imbalance_does_not_move_cllr_or_calibration_error() -> None:
    scores, synthetic, ratios = gaussians(40_000, 1.5)
    kept = synthetic | (np.arange(synthetic.size) % 10 == 0)
    for figure in (cllr, calibration_error):
        balanced = figure(ratios, synthetic)[0]
        assert figure(ratios[kept], synthetic[kept])[0] == pytest.approx(balanced, abs=0.02)
    assert Roc.of(scores[kept], synthetic[kept]).auc()[0] == pytest.approx(
        Roc.of(scores, synthetic).auc()[0], abs=0.01
    )


def test_weights_do_what_repeated_items_do() -> None:
    scores, synthetic, ratios = gaussians(40, 1.0)
    counts = np.random.default_rng(3).integers(1, 4, scores.size)
    again = np.repeat(np.arange(scores.size), counts)
    rows = counts[None].astype(np.float64)
    weighted, repeated = (
        Roc.of(scores, synthetic, rows),
        Roc.of(scores[again], synthetic[again]),
    )
    assert weighted.auc()[0] == pytest.approx(repeated.auc()[0])
    assert weighted.equal_error_rate()[0] == pytest.approx(repeated.equal_error_rate()[0])
    for cost in (cllr, calibration_error):
        assert cost(ratios, synthetic, rows)[0] == pytest.approx(
            cost(ratios[again], synthetic[again])[0]
        )


def test_the_bootstrap_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    truth = NormalDist().cdf(1.0 / math.sqrt(2))
    covered = 0
    for seed in range(120):
        scores, synthetic, ratios = gaussians(60, 1.0, seed)
        found = measure(Sample(synthetic=synthetic, raw=scores, ratio=ratios)).auc
        assert found is not None
        covered += found.low <= truth <= found.high
    assert 0.88 <= covered / 120 <= 0.99


def test_abstentions_lower_coverage_and_nothing_else() -> None:
    scores, synthetic, ratios = gaussians(50, 1.0)
    whole = measure(Sample(synthetic=synthetic, raw=scores, ratio=ratios))
    silent = np.full(20, np.nan)
    some = Sample(
        synthetic=np.concatenate([synthetic, np.repeat([False, True], 10)]),
        raw=np.concatenate([scores, silent]),
        ratio=np.concatenate([ratios, silent]),
    )
    found = measure(some)
    assert found.coverage == pytest.approx(100 / 120)
    assert (found.bona_fide, found.synthetic) == (60, 60)
    assert (found.judged_bona_fide, found.judged_synthetic) == (50, 50)
    assert (found.auc, found.cllr) == (whole.auc, whole.cllr)


def test_one_class_alone_has_flagged_shares_and_no_auc() -> None:
    sample = Sample(
        synthetic=np.zeros(10, np.bool_), raw=np.arange(10.0), ratio=np.full(10, np.nan)
    )
    found = measure(sample, threshold=7.0, accuses=8.0)
    assert found.auc is None
    assert found.flagged_bona_fide is not None
    assert found.flagged_bona_fide.value == pytest.approx(0.2)
    assert found.flagged_synthetic is None
    assert found.accused_bona_fide is not None
    assert found.accused_bona_fide.value == pytest.approx(0.1)
    assert found.accused_synthetic is None
