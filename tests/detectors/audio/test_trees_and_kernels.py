"""Exported models must judge exactly as the library that fitted them."""

from pathlib import Path

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from detectors.audio.boosting import Forest
from detectors.audio.kernel import KernelMachine
from detectors.training import audio_experts


def _sample(features: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((400, features)).astype(np.float32)
    synthetic = rows[:, 0] * rows[:, 1] + 0.3 * rng.standard_normal(400) > 0
    return rows[:300], synthetic[:300], rows[300:]


def test_a_forest_scores_like_the_booster_it_was_exported_from(tmp_path: Path) -> None:
    rows, synthetic, unseen = _sample(12)
    forest = audio_experts.fit_forest(rows, synthetic, np.ones(300, np.float32), seed=5)
    forest.save(tmp_path / "forest.safetensors")
    booster = HistGradientBoostingClassifier(
        max_iter=audio_experts.TREES,
        learning_rate=audio_experts.RATE,
        max_leaf_nodes=audio_experts.LEAVES,
        l2_regularization=5.0,
        max_features=0.1,
        class_weight="balanced",
        early_stopping=False,
        random_state=5,
    ).fit(rows, synthetic)
    read_back = Forest.load(tmp_path / "forest.safetensors").logits(unseen)
    np.testing.assert_allclose(read_back, booster.decision_function(unseen), atol=1e-4)


def test_a_kernel_machine_survives_saving_and_separates_what_no_line_can(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    hidden = rng.standard_normal((600, 2))
    noise = 0.3 * rng.standard_normal((600, 400))
    rows = (hidden @ rng.standard_normal((2, 400)) + noise).astype(np.float32)
    synthetic = hidden[:, 0] * hidden[:, 1] > 0
    machine = audio_experts.fit_machine(
        rows[:500], synthetic[:500], np.ones(500, np.float32), seed=5
    )
    machine.save(tmp_path / "machine.safetensors")
    scores = KernelMachine.load(tmp_path / "machine.safetensors").logits(rows[500:])
    np.testing.assert_array_equal(scores, machine.logits(rows[500:]))
    assert np.mean((scores > 0) == synthetic[500:]) > 0.75
