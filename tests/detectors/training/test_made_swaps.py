"""Made face swaps, the material of a training."""

from pathlib import Path

import numpy as np

from detectors.faces.find import FaceFinder
from detectors.registry import card_of, named
from detectors.training import face_bank
from detectors.training.face_blending import cross_blended, self_blended
from detectors.zoo.weights import verified
from tests.faces import face_like
from tests.media import jpeg


def test_made_swaps_leave_what_is_not_face_alone() -> None:
    card = card_of(named("image.face_swap"))
    finder = FaceFinder(verified(card, 0), verified(card, 1))
    pixels, donor = face_like(seed=1), face_like(side=170, seed=2)
    mesh, donor_mesh = finder.find(pixels)[0].mesh, finder.find(donor)[0].mesh
    for seed in range(8):
        rng = np.random.default_rng(seed)
        crossed = cross_blended(pixels, mesh, donor, donor_mesh, rng)
        assert (crossed[:20, :40] == pixels[:20, :40]).all()
        assert (crossed != pixels).any()
        blended = self_blended(pixels, mesh, rng)
        assert blended.shape == pixels.shape
        assert (blended != pixels).any()


def test_a_bank_reads_what_it_wrote(tmp_path: Path) -> None:
    face = face_bank.Banked(
        file=jpeg(face_like()),
        mesh=np.arange(936, dtype=np.float32).reshape(468, 2),
        swapped=True,
        origin="a/b",
        owner="c",
    )
    face_bank.save([face], tmp_path / "faces.npz")
    (read,) = face_bank.load(tmp_path / "faces.npz")
    assert (read.file, read.swapped, read.origin, read.owner) == (face.file, True, "a/b", "c")
    np.testing.assert_allclose(read.mesh, face.mesh, atol=0.5)
