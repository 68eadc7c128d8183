"""How face swaps are measured."""

import csv
from pathlib import Path

import numpy as np

from detectors.faces.find import DETECTOR_FILE
from detectors.training.face_card import Held, card_of, held_out
from detectors.training.face_head import CONDITIONS, HEAD


def test_a_face_has_its_scores_of_every_condition(tmp_path: Path) -> None:
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("condition", "face", "origin", "owner", "divided", "swapped", "odds"))
        for number, condition in enumerate(CONDITIONS):
            table.writerow((condition, 7, "films", "x", 1, 0, -1 - number))
            table.writerow((condition, 9, "page", "x", 0, 1, 4 + number))
    held = held_out(tmp_path / "scores.csv")
    assert held.swapped.tolist() == [False, True]
    assert held.odds.tolist() == [[-1.0, 4.0], [-2.0, 5.0]]
    assert held.known().names == ["films/x/7"]
    assert held.unknown().names == ["page/x/9"]


def held(of_known: float, of_unknown: float) -> Held:
    """Sixty faces of one collection and thirty of ten others, half of each swaps with such odds more."""
    origins = ["films"] * 60 + [f"page {index % 10}" for index in range(30)]
    swapped = np.array(
        [index % 2 == 0 for index in range(60)] + [index < 15 for index in range(30)]
    )
    odds = np.random.default_rng(4).normal(0, 1, (len(CONDITIONS), 90))
    odds += swapped * np.array([of_known] * 60 + [of_unknown] * 30)
    return Held(
        names=[str(i) for i in range(90)],
        origins=origins,
        divided=np.array([origin == "films" for origin in origins]),
        swapped=swapped,
        odds=odds,
    )


def test_only_methods_never_seen_that_are_told_apart_bring_thresholds(tmp_path: Path) -> None:
    weights = tmp_path / HEAD
    weights.write_bytes(b"head")
    assert card_of(held(5, 5), weights).votes
    assert not card_of(held(5, 0.5), weights).votes
    assert not card_of(held(0.5, 5), weights).votes
    card = card_of(held(5, 0.5), weights)
    assert [weight.file for weight in card.weights][::2] == [DETECTOR_FILE, HEAD]
    known, unknown = card.measured[:: len(CONDITIONS)]
    assert (known.items, unknown.items) == (60, 30)
    assert known.auc is not None
    assert unknown.auc is not None
    assert known.auc > 0.95 > unknown.auc
