"""The list of detectors, with those that were pulled."""

from pathlib import Path

from detectors import registry
from detectors.registry import SPECS
from detectors.zoo.public.card import PublicCard
from detectors.zoo.pulled import Shelf
from service.api.views import detector_views
from tests.detectors.zoo.public.checkpoints import random_network, stock


def test_a_damaged_card_takes_nothing_else_off_the_list(tmp_path: Path) -> None:
    card = PublicCard.read("ferretnet")
    stock(card, random_network(card), Shelf(tmp_path))
    try:
        registry.use_shelf(tmp_path)
        assert detector_views()[-1].name == "image.ferretnet"
        assert not detector_views()[-1].votes
        (tmp_path / "locks" / "ferretnet.json").write_text("{")
        registry.use_shelf(tmp_path)
        assert [view.name for view in detector_views()] == [spec.name for spec in SPECS]
    finally:
        registry.use_shelf(None)
