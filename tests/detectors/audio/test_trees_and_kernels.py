"""Exported models must judge exactly as the library that fitted them."""

from pathlib import Path

import numpy as np
import torch
from sklearn.ensemble import HistGradientBoostingClassifier
from torch import nn

from detectors.audio.boosting import Forest
from detectors.audio.heads import NETWORKS_WEIGHT, Heads
from detectors.audio.kernel import KernelMachine
from detectors.audio.network import Layer, Networks, Perceptron
from detectors.training import audio_experts, audio_networks


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


def test_networks_survive_saving_and_their_seed_fixes_them(tmp_path: Path) -> None:
    rows, synthetic, unseen = _sample(12)
    first, again = (
        audio_networks.fit_networks(rows, synthetic, np.ones(300, np.float32), seed=5)
        for _ in range(2)
    )
    first.save(tmp_path / "networks.safetensors")
    read_back = Networks.load(tmp_path / "networks.safetensors").logits(unseen)
    np.testing.assert_array_equal(read_back, first.logits(unseen))
    np.testing.assert_array_equal(again.logits(unseen), first.logits(unseen))
    weights = [member.first.weight for member in first.members]
    assert not any(np.allclose(one, weights[0]) for one in weights[1:])


def test_networks_compute_what_the_layers_do_that_they_were_trained_with() -> None:
    rng = np.random.default_rng(6)
    wide, narrow = 30, 12

    def half(*shape: int) -> np.ndarray:
        return rng.standard_normal(shape).astype(np.float16) / 4

    member = Perceptron(
        first=Layer(half(narrow, wide), half(narrow)),
        norm=Layer(half(narrow), half(narrow)),
        second=Layer(half(narrow, narrow), half(narrow)),
        last=Layer(half(1, narrow), half(1)),
    )
    network = nn.Sequential(
        nn.Linear(wide, narrow),
        nn.LayerNorm(narrow),
        nn.GELU(),
        nn.Linear(narrow, narrow),
        nn.GELU(),
        nn.Linear(narrow, 1),
    )
    for place, layer in ((0, member.first), (1, member.norm), (3, member.second), (5, member.last)):
        network.get_parameter(f"{place}.weight").data = torch.from_numpy(layer.weight).float()
        network.get_parameter(f"{place}.bias").data = torch.from_numpy(layer.bias).float()
    rows = rng.standard_normal((20, wide)).astype(np.float32)
    wanted = network(torch.from_numpy(rows))[:, 0].detach().numpy()
    np.testing.assert_allclose(member.logits(rows), wanted, atol=1e-6)


def test_networks_learn_and_one_wild_feature_does_not_carry_them_away() -> None:
    rng = np.random.default_rng(3)
    rows = rng.standard_normal((700, 20)).astype(np.float32)
    synthetic = rows[:, 0] + rows[:, 1] > 0
    networks = audio_networks.fit_networks(
        rows[:500], synthetic[:500], np.ones(500, np.float32), seed=5
    )
    found = networks.logits(rows[500:])
    assert np.mean((found > 0) == synthetic[500:]) > 0.8
    wild = rows[500:].copy()
    wild[:, 7] = 1e6
    assert np.abs(networks.logits(wild)).max() < 2 * np.abs(found).max() + 1


def test_heads_add_what_the_machine_and_the_networks_say() -> None:
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((400, 400)).astype(np.float32)
    synthetic, even = rows[:, 0] > 0, np.ones(400, np.float32)
    machine = audio_experts.fit_machine(rows, synthetic, even, seed=5)
    networks = audio_networks.fit_networks(rows, synthetic, even, seed=5)
    np.testing.assert_allclose(
        Heads(machine, networks).logits(rows[:9]),
        machine.logits(rows[:9]) + NETWORKS_WEIGHT * networks.logits(rows[:9]),
    )
