"""The weights folder: locks hold, calibrations belong to their weights, nothing there spoofs."""

import json
from pathlib import Path

import pytest

from detectors.errors import CardInvalid, WeightsMismatch, WeightsMissing
from detectors.registry import SPECS
from detectors.zoo.card import CARDS
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import MOST_BYTES, Shelf
from tests.detectors.zoo.public.checkpoints import calibration, random_network, stock

NAME = "ferretnet"
FERRET = PublicCard.read(NAME)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    shelf = Shelf(tmp_path)
    stock(FERRET, random_network(FERRET), shelf)
    return shelf


def test_the_card_of_a_pulled_detector_has_its_facts_and_no_vote(shelf: Shelf) -> None:
    card = shelf.card(NAME)
    assert (card.name, card.licence, card.limits) == (NAME, FERRET.licence, FERRET.limits)
    assert card.weights[0].file == "ferretnet/model.safetensors"
    assert not card.votes
    assert card.measured == ()


def test_a_changed_weight_file_is_noticed(shelf: Shelf) -> None:
    (path,) = shelf.verified(NAME)
    path.write_bytes(path.read_bytes()[:-1] + b"\x07")
    with pytest.raises(WeightsMismatch):
        shelf.verified(NAME)
    path.unlink()
    with pytest.raises(WeightsMissing):
        shelf.verified(NAME)


def test_a_calibration_gives_a_vote(shelf: Shelf) -> None:
    before = shelf.card(NAME).digest
    shelf.write_calibration(NAME, calibration(shelf, NAME))
    card = shelf.card(NAME)
    assert card.votes
    assert card.digest != before


def test_a_calibration_of_other_weights_counts_for_nothing(shelf: Shelf) -> None:
    shelf.write_calibration(NAME, calibration(shelf, NAME))
    stock(FERRET, random_network(FERRET, seed=9), shelf)
    assert shelf.calibration(NAME) is None
    assert not shelf.card(NAME).votes


@pytest.mark.parametrize(
    "forgery",
    [
        {"name": "image-clip"},
        {"licence": "mine"},
        {"weights_file": "../../etc/passwd"},
        {"calibration": {"pairs": [[-0.5, 0.0]], "lowest": -2.0, "highest": 2.0}},
        {"calibration": {"pairs": [[0.5, 0.0]], "lowest": 2.0, "highest": -2.0}},
        {"operating_points": {"fpr_5": 2.0, "fpr_1": 1.0, "bona_fide": 100}},
        {"measured": []},
    ],
)
def test_a_calibration_holds_numbers_that_make_sense_and_nothing_else(
    shelf: Shelf, forgery: dict[str, object]
) -> None:
    path = shelf.write_calibration(NAME, calibration(shelf, NAME))
    path.write_text(json.dumps({**json.loads(path.read_text()), **forgery}))
    with pytest.raises(CardInvalid):
        shelf.card(NAME)


def test_built_in_names_in_the_folder_are_not_looked_at(shelf: Shelf, tmp_path: Path) -> None:
    for spec in SPECS:
        (tmp_path / spec.card).mkdir()
        (tmp_path / spec.card / "calibration.json").write_text("{}")
        lock = (tmp_path / "locks" / f"{NAME}.json").read_text()
        (tmp_path / "locks" / f"{spec.card}.json").write_text(lock.replace(NAME, spec.card))
        with pytest.raises(CardInvalid):
            shelf.card(spec.card)
    assert not {path.stem for path in CARDS.glob("*.toml")} & {NAME}


def test_a_document_that_is_too_large_is_not_read(shelf: Shelf, tmp_path: Path) -> None:
    (tmp_path / NAME / "calibration.json").write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(CardInvalid):
        shelf.calibration(NAME)


def test_a_lock_names_no_file_elsewhere(shelf: Shelf, tmp_path: Path) -> None:
    lock = tmp_path / "locks" / f"{NAME}.json"
    lock.write_text(lock.read_text().replace("model.safetensors", "../../other.safetensors"))
    with pytest.raises(CardInvalid):
        shelf.verified(NAME)


def test_removing_keeps_the_lock_until_it_is_forgotten(shelf: Shelf) -> None:
    assert shelf.remove(NAME, forget=False)
    assert not shelf.has(NAME)
    assert shelf.lock(NAME) is not None
    with pytest.raises(WeightsMissing):
        shelf.card(NAME)
    assert shelf.remove(NAME, forget=True)
    assert shelf.lock(NAME) is None
    assert not shelf.remove(NAME, forget=True)
