"""What a recording went through is estimated from its statistics."""

from pathlib import Path

import numpy as np
import pytest

from detectors.audio.condition import CONDITIONS, ConditionModel, facts
from detectors.audio.speech import Stretch
from detectors.audio.statistics import statistics
from detectors.audio.windows import pieces
from detectors.base import AUDIO_RATE
from detectors.registry import card_of, named
from detectors.training.audio_bank import JUDGED
from detectors.training.audio_experts import fit_conditions
from detectors.training.audio_launder import telephone
from detectors.training.audio_thresholds import fit_allowances, held_out_allowances
from detectors.zoo.weights import verified
from tests.sounds import speech_like


def _made(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Four clouds of statistics, one for each condition, that a line can tell apart."""
    rng = np.random.default_rng(seed)
    view = np.repeat(CONDITIONS, 60)
    rows = rng.normal(0, 1, (view.size, 6))
    rows[np.arange(view.size), np.repeat(range(4), 60)] += 4
    return rows.astype(np.float32), view


def test_conditions_are_the_launderings_that_thresholds_are_fixed_for() -> None:
    assert CONDITIONS == JUDGED


def test_a_fitted_model_tells_conditions_apart_and_survives_its_file(tmp_path: Path) -> None:
    rows, view = _made()
    model = fit_conditions(rows, view)
    model.save(tmp_path / "condition.safetensors")
    fresh, truth = _made(seed=4)
    likeness = ConditionModel.load(tmp_path / "condition.safetensors").likeness(fresh)
    assert likeness.sum(1) == pytest.approx(1.0, abs=1e-5)
    assert np.mean(np.array(CONDITIONS)[likeness.argmax(1)] == truth) > 0.8


def test_facts_are_means_over_windows() -> None:
    found = facts(np.array([[1, 0, 0, 0], [0, 0, 0, 1]], np.float32))
    assert found == {
        "like_none": 0.5,
        "like_mp3_64k": 0.0,
        "like_opus_24k": 0.0,
        "like_telephone": 0.5,
    }


def test_the_shipped_model_hears_a_telephone() -> None:
    model = ConditionModel.load(verified(card_of(named("audio.statistics")), 2))

    def likeness(samples: np.ndarray) -> float:
        whole = Stretch(0, samples.size, samples.size / AUDIO_RATE)
        (piece,) = pieces(samples, [whole])
        return float(facts(model.likeness(statistics(piece)))["like_telephone"])

    talk = speech_like(5.0)
    assert likeness(telephone(talk)) > 0.9
    assert likeness(talk) < 0.1


def test_allowances_find_the_conditions_under_which_real_speech_scores_higher() -> None:
    rng = np.random.default_rng(5)
    which = np.repeat(range(4), 400)
    likeness = np.eye(4)[which] * 0.9 + 0.025
    raw = rng.normal(np.array([0.0, 0.5, 2.0, -1.0])[which], 1.0)
    found = fit_allowances(raw, likeness)
    assert found[0] == 0
    assert found == pytest.approx(np.array([0.0, 0.5, 2.0, -1.0]) / 0.9, abs=0.5)
    fold = np.tile([0, 1], 800)
    held = held_out_allowances(raw, likeness, np.ones(1600, bool), fold)
    shares = [np.mean((raw - held)[which == c] > np.quantile(raw - held, 0.95)) for c in range(4)]
    assert max(shares) < 0.08
