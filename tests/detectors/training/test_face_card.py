"""How face swaps are measured."""

import csv
from pathlib import Path

from detectors.training.face_card import held_out
from detectors.training.face_network import CONDITIONS, SHIPPED


def test_a_film_counts_once(tmp_path: Path) -> None:
    with (tmp_path / "scores.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("training", "condition", "face", "origin", "owner", "swapped", "odds"))
        for condition in CONDITIONS:
            for face, owner, swapped, odds in ((0, "x", 0, -1), (1, "x", 0, -3), (2, "x", 1, 4)):
                table.writerow((SHIPPED, condition, face, "films", owner, swapped, odds))
            table.writerow(("other", condition, 3, "films", "y", 0, 9))
    held = held_out(tmp_path / "scores.csv", SHIPPED)
    assert held.swapped.tolist() == [False, True]
    assert held.odds.tolist() == [[-1.0, 4.0]] * len(CONDITIONS)
