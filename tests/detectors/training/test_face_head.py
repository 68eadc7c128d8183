"""What the face-swap head learns from, and that it is the one that is shipped."""

import numpy as np
import pytest

from detectors.faces.find import FaceFinder
from detectors.faces.swap import FaceSwapDetector
from detectors.registry import card_of, named
from detectors.training.face_bank import Banked
from detectors.training.face_head import (
    CHANGED,
    FOLDS,
    MEASURED,
    balanced,
    delivered,
    fitted,
    fold_of,
    largest_of,
    measured,
    odds,
    with_made,
)
from detectors.zoo.weights import verified
from tests.faces import face_like
from tests.media import jpeg


def banked(origin: str, owner: str, *, swapped: bool = False, seed: int = 1) -> Banked:
    card = card_of(named("image.face_swap"))
    finder = FaceFinder(verified(card, 0), verified(card, 1))
    pixels = face_like(seed=seed)
    mesh = finder.find(pixels)[0].mesh
    return Banked(file=jpeg(pixels), mesh=mesh, swapped=swapped, origin=origin, owner=owner)


def of(origin: str, owner: str, *, swapped: bool = False) -> Banked:
    """A face without a picture."""
    mesh = np.zeros((468, 2), np.float32)
    return Banked(file=b"", mesh=mesh, swapped=swapped, origin=origin, owner=owner)


def bank_of(films: int, page: int) -> list[Banked]:
    """So many films, each with a swap, and a page with so many of either."""
    kinds = (False, True)
    found = [of("films", str(n), swapped=kind) for n in range(films) for kind in kinds]
    return found + [of("page", str(n), swapped=kind) for n in range(page) for kind in kinds]


def test_a_film_and_a_page_belong_into_one_fold_whole() -> None:
    bank = bank_of(200, 20)
    assert largest_of(bank) == "films"
    folds: dict[tuple[str, str], set[int]] = {}
    for face in bank:
        owner = face.owner if face.origin == "films" else ""
        folds.setdefault((face.origin, owner), set()).add(fold_of(face, "films"))
    assert all(len(found) == 1 for found in folds.values())
    assert {fold for found in folds.values() for fold in found} == set(range(FOLDS))
    assert [fold_of(of("films", str(n)), "films") for n in range(6)] == [1, 3, 5, 6, 2, 5]


def test_both_classes_weigh_the_same_and_a_face_of_many_less() -> None:
    bank = [*bank_of(200, 20), *(of(f"photographs {n}", "x") for n in range(9))]
    weights = balanced(bank)
    swapped = np.array([face.swapped for face in bank])
    assert weights[swapped].sum() == pytest.approx(0.5)
    assert weights[~swapped].sum() == pytest.approx(0.5)
    film, page, photograph = weights[0], weights[400], weights[-1]
    assert film < page < photograph
    assert 200 * film > 20 * page > photograph


def test_an_owner_is_measured_once_and_no_origin_decides() -> None:
    bank = [*bank_of(200, 20), of("page", "0"), of("page", "0", swapped=True)]
    chosen = measured(bank)
    assert len(chosen) == len(set(chosen)) == 2 * (MEASURED + 20)
    assert chosen[:3] == [0, 1, 2]
    assert not {len(bank) - 1, len(bank) - 2} & set(chosen)


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
    pairs = with_made(hosts, [0, 1])
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
