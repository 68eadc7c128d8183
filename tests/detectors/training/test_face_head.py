"""What the face-swap head learns from, and that it is the one that is shipped."""

import numpy as np
import pytest

from detectors.faces.find import FaceFinder
from detectors.faces.swap import FaceSwapDetector
from detectors.registry import card_of, named
from detectors.training import face_head
from detectors.training.face_bank import Banked
from detectors.training.face_head import CHANGED, delivered, fitted, odds, parted, with_made
from detectors.zoo.weights import verified
from tests.faces import face_like
from tests.media import jpeg


def banked(origin: str, owner: str, *, swapped: bool = False, seed: int = 1) -> Banked:
    card = card_of(named("image.face_swap"))
    finder = FaceFinder(verified(card, 0), verified(card, 1))
    pixels = face_like(seed=seed)
    mesh = finder.find(pixels)[0].mesh
    return Banked(file=jpeg(pixels), mesh=mesh, swapped=swapped, origin=origin, owner=owner)


def test_nothing_of_a_film_or_a_source_is_both_learned_and_measured() -> None:
    mesh = np.zeros((468, 2), np.float32)

    def face(origin: str, owner: str, swapped: int) -> Banked:
        return Banked(file=b"", mesh=mesh, swapped=bool(swapped), origin=origin, owner=owner)

    bank = [face("films", str(n), kind) for n in range(50) for kind in (0, 1)]
    bank += [face("page", str(n), kind) for n in range(5) for kind in (0, 1)]
    bank += [face(f"photographs {n}", str(n), 0) for n in range(50)]
    parts = parted(bank)
    assert {one.origin for one in parts.known} == {"films"}
    assert not {one.owner for one in parts.known} & {
        one.owner for one in parts.held if one.origin == "films"
    }
    assert not any(one.swapped for one in parts.hosts)
    assert not {one.origin for one in parts.hosts} & {one.origin for one in parts.held}
    assert sum(one.origin == "page" for one in parts.held) == 10
    assert 90 > len(parts.known) > 60
    assert 45 > len(parts.hosts) > 30


def test_a_face_and_the_swap_over_it_go_through_the_same() -> None:
    changes = set()
    for owner in map(str, range(8)):
        real, swap = (banked("films", owner, swapped=swapped) for swapped in (False, True))
        pixels, mesh = delivered(real, CHANGED)
        others, other_mesh = delivered(swap, CHANGED)
        assert (pixels == others).all()
        assert (mesh == other_mesh).all()
        changes.add(pixels.shape)
    assert len(changes) > 2


def test_made_swaps_stand_beside_the_faces_they_were_made_of() -> None:
    hosts = [banked("photographs", str(seed), seed=seed) for seed in (1, 2)]
    pairs = with_made(hosts)
    assert [one.swapped for one in pairs] == [False, True] * 2
    for real, made in zip(pairs[::2], pairs[1::2], strict=True):
        assert real.owner == made.owner
        assert real.pixels().shape == made.pixels().shape
        assert (real.pixels() != made.pixels()).any()


class Encoder:
    """Answers with summaries that are given."""

    def __init__(self, found: np.ndarray) -> None:
        self._found = found

    def summaries_of(self, views: object) -> np.ndarray:
        return self._found


def test_the_shipped_detector_gives_the_odds_of_the_training() -> None:
    rng = np.random.default_rng(5)
    swapped = rng.random(200) < 0.5
    found = rng.normal(0, 1, (200, 2, 3, 8)).astype(np.float32)
    found[swapped, 1, 2] += 1
    head = fitted(found, swapped, np.ones(200))
    expected = odds(head, found)
    assert expected[swapped].mean() > expected[~swapped].mean() + 1
    card = card_of(named("image.face_swap"))
    finder = FaceFinder(verified(card, 0), verified(card, 1))
    detector = FaceSwapDetector(finder, Encoder(found[:1]), head)
    face = finder.find(face_like())[:1]
    assert detector.odds(face_like(), face) == pytest.approx(expected[:1], abs=1e-4)


def test_a_fifth_is_held_out_the_same_in_every_run() -> None:
    held = [name for name in map(str, range(1_000)) if face_head.is_held_out(name)]
    assert 150 < len(held) < 250
    assert held[:3] == ["0", "1", "14"]
