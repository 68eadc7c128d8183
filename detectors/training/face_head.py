"""Train the head on views of faces and score every face by a head that saw nothing of its source.

    python -m detectors.training.face_head --trained FOLDER

`FOLDER` has the bank (`face_bank`) and gets the views' summaries, the head and the scores. The head learns
from swaps of many origins, from the real faces beside them and of origins without swaps, and from swaps
made of some of these (`face_blending`). An origin belongs into one fold whole, so that nothing of its methods,
its people and its files is both learned and measured; only the largest is divided by its owners. Half of
the faces are seen as they are, half after a random chain of resizing and JPEG, the same for a swap and for
the face under it.
"""

import argparse
import csv
import logging
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt
from sklearn.linear_model import LogisticRegression

from detectors.faces.view import face_view
from detectors.registry import card_of, named
from detectors.training.face_bank import BANK, Banked, load
from detectors.training.face_blending import cross_blended, self_blended
from detectors.training.image_features import folder_of
from detectors.training.image_heads import Basis
from detectors.training.laundering import Pixels, jpeg, jpeg_file
from detectors.zoo.backbones import ClipEncoder, summaries
from detectors.zoo.weights import verified, write_arrays

log = logging.getLogger(__name__)

Floats = npt.NDArray[np.float32]
Scores = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

HEAD: Final = "face-swap-head.safetensors"
SCORES: Final = "face-scores.csv"
SEED: Final = 20261129
FOLDS: Final = 8
HOSTS: Final = 350  # faces that swaps are made of
MADE: Final = 0.3  # weight of made swaps and the faces under them, of all
EACH: Final = -0.3  # a face weighs the number of its class in its origin to this power
APART: Final = (
    "iperov/DeepFaceLab"  # films of this page measure face tracks: no picture of it is learned
)
MEASURED: Final = 120  # faces of a class of an origin: no collection decides the figures
CROSS: Final = 0.4  # share of made swaps that show another person's face
CHANGED: Final = "changed"  # how views are trained on
CLEAN: Final = "none"
JPEG: Final = "jpeg-"  # and the quality
CONDITIONS: Final = (CLEAN, f"{JPEG}70")
COMPONENTS: Final = 600
STRENGTH: Final = 8.0  # inverse regularisation, for components of mean norm one
_SHARD: Final = 256
_METHODS: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


def largest_of(bank: list[Banked]) -> str:
    """The origin with most swaps."""
    return Counter(face.origin for face in bank if face.swapped).most_common(1)[0][0]


def fold_of(face: Banked, largest: str) -> int:
    """The same in every run: by the owner in the largest origin, by the origin elsewhere."""
    name = face.owner if face.origin == largest else face.origin
    return int(sha256(name.encode()).hexdigest(), 16) % FOLDS


def balanced(faces: list[Banked]) -> Scores:
    """Weights that sum to one, half of it for swaps; an origin weighs less than in proportion."""
    counts = Counter((face.origin, face.swapped) for face in faces)
    weights = np.array([counts[face.origin, face.swapped] ** EACH for face in faces])
    swapped = np.array([face.swapped for face in faces])
    for kind in (swapped, ~swapped):
        weights[kind] /= 2 * weights[kind].sum()
    return weights


def measured(bank: list[Banked]) -> list[int]:
    """Whom the figures are of: the first face of every owner, and of an origin's class only so many."""
    first: dict[tuple[str, str, bool], int] = {}
    for index, face in enumerate(bank):
        first.setdefault((face.origin, face.owner, face.swapped), index)
    taken: Counter[tuple[str, bool]] = Counter()
    found = []
    for (origin, _, swapped), index in first.items():
        taken[origin, swapped] += 1
        if taken[origin, swapped] <= MEASURED:
            found.append(index)
    return found


def with_made(hosts: list[Banked], folds: list[int]) -> list[Banked]:
    """Every host and a swap made of it, both saved once more at one quality; donors are of its fold."""
    found = []
    for index, host in enumerate(hosts):
        rng = np.random.default_rng([SEED, index])
        pixels = host.pixels()
        if rng.random() < CROSS:
            donors = [
                other for other, fold in zip(hosts, folds, strict=True) if fold == folds[index]
            ]
            donor = donors[int(rng.integers(len(donors)))]
            made = cross_blended(pixels, host.mesh, donor.pixels(), donor.mesh, rng)
        else:
            made = self_blended(pixels, host.mesh, rng)
        quality = int(rng.integers(80, 97))
        for picture, swapped in ((pixels, False), (made, True)):
            found.append(replace(host, file=jpeg_file(picture, quality), swapped=swapped))
    return found


def delivered(face: Banked, condition: str) -> tuple[Pixels, Floats]:
    """A face's picture after a laundering, and its mesh in that."""
    pixels = face.pixels()
    if condition == CHANGED:
        return _changed(pixels, face)
    if condition == CLEAN:
        return pixels, face.mesh
    return jpeg(pixels, int(condition.removeprefix(JPEG))), face.mesh


def _changed(pixels: Pixels, face: Banked) -> tuple[Pixels, Floats]:
    """As it is, or smaller and through JPEG; by the owner alone, so that no class has its own."""
    rng = np.random.default_rng([SEED, int(sha256(face.owner.encode()).hexdigest()[:8], 16)])
    if rng.random() < 0.5:
        return pixels, face.mesh
    factor = float(rng.uniform(0.4, 1.0)) if rng.random() < 0.7 else 1.0
    smaller = _scaled(pixels, factor, int(rng.choice(_METHODS)))
    return jpeg(smaller, int(rng.integers(40, 96))), face.mesh * np.float32(factor)


def _scaled(pixels: Pixels, factor: float, method: int) -> Pixels:
    size = tuple(max(8, round(side * factor)) for side in pixels.shape[1::-1])
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def encoded(bank: list[Banked], condition: str, folder: Path) -> Floats:
    """What the encoder makes of every face after a laundering: (faces, blocks, 3, width).

    It is kept in `folder`; a run that was stopped goes on where it was.
    """
    keys = [
        condition,
        *(f"{face.origin} {face.owner} {face.swapped} {face.mesh.sum()}" for face in bank),
    ]
    kept = folder_of(keys, folder)
    kept.mkdir(parents=True, exist_ok=True)
    encoder: ClipEncoder | None = None
    found = []
    for number, start in enumerate(range(0, len(bank), _SHARD)):
        path = kept / f"{number:04d}.npy"
        if not path.exists():
            encoder = encoder or _encoder()
            views = [face_view(*delivered(f, condition)) for f in bank[start : start + _SHARD]]
            part = path.with_suffix(".part")
            with part.open("wb") as file:
                np.save(file, summaries(encoder, views).astype(np.float16))
            part.rename(path)
            log.info("%s: %d of %d faces", condition, start + len(views), len(bank))
        found.append(np.load(path).astype(np.float32))
    return np.concatenate(found)


def _encoder() -> ClipEncoder:
    card = card_of(named("image.clip"))
    return ClipEncoder(lambda: verified(card, 0), blocks=card.whole_numbers("blocks"))


def fitted(found: Floats, swapped: Bools, weights: Scores) -> dict[str, Floats]:
    """The head that `FaceSwapDetector` takes, from summaries (faces, blocks, 3, width).

    Weights are in proportion: a row weighs one on average.
    """
    rows = found.reshape(len(found), -1)
    basis = Basis.of(rows, min(COMPONENTS, len(rows) - 1))
    model = LogisticRegression(C=STRENGTH, max_iter=2_000)
    model.fit(basis.project(rows), swapped, sample_weight=weights / weights.mean())
    folded, bias = basis.weights(model.coef_[0].astype(np.float32))
    return {
        "weights": folded.reshape(found.shape[1:]),
        "bias": np.array(bias + model.intercept_[0], np.float32),
    }


def odds(head: dict[str, Floats], found: Floats) -> Floats:
    """Log odds of every face."""
    return np.tensordot(found, head["weights"], axes=3) + head["bias"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """Collected faces, then hosts and made swaps: what heads learn from."""

    found: Floats
    swapped: Bools
    folds: npt.NDArray[np.intp]
    learned: Bools
    weights: Scores

    @classmethod
    def of(cls, bank: list[Banked], views: Path) -> Self:
        """Encode a bank, and swaps made of some of its real faces."""
        largest = largest_of(bank)
        hosts = [face for face in bank if not face.swapped and face.origin != largest][:HOSTS]
        pairs = with_made(hosts, [fold_of(host, largest) for host in hosts])
        faces = [*bank, *pairs]
        log.info("%d faces and %d pairs to learn from", len(bank), len(hosts))
        return cls(
            found=np.concatenate([encoded(some, CHANGED, views) for some in (bank, pairs)]),
            swapped=np.array([face.swapped for face in faces]),
            folds=np.array([fold_of(face, largest) for face in faces]),
            learned=np.array([face.origin != APART for face in faces]),
            weights=np.concatenate([(1 - MADE) * balanced(bank), MADE * balanced(pairs)]),
        )

    def head(self, *, without: int | None = None) -> dict[str, Floats]:
        """Fitted to all but one fold."""
        chosen = self.learned & (self.folds != without)
        return fitted(self.found[chosen], self.swapped[chosen], self.weights[chosen])


def main() -> None:
    """Encode, fit, write head and scores."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_head")
    parser.add_argument("--trained", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    bank = load(given.trained / BANK)
    views = given.trained / "views"
    material = Material.of(bank, views)
    write_arrays(material.head(), given.trained / HEAD)
    largest, chosen = largest_of(bank), measured(bank)
    held = [bank[index] for index in chosen]
    found = {name: encoded(held, name, views) for name in CONDITIONS}
    scores = {name: np.zeros(len(held)) for name in CONDITIONS}
    for fold in range(FOLDS):
        head = material.head(without=fold)
        here = material.folds[chosen] == fold
        for name in CONDITIONS:
            scores[name][here] = odds(head, found[name][here])
    with (given.trained / SCORES).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("condition", "face", "origin", "owner", "divided", "swapped", "odds"))
        for name in CONDITIONS:
            for index, face, score in zip(chosen, held, scores[name], strict=True):
                where = (
                    index,
                    face.origin,
                    face.owner,
                    int(face.origin == largest),
                    int(face.swapped),
                )
                table.writerow((name, *where, f"{score:.4f}"))


if __name__ == "__main__":
    main()
