"""Train the head on views of faces and score the faces that were held out.

    python -m detectors.training.face_head --trained FOLDER

`FOLDER` has the bank (`face_bank`) and gets the views' summaries, the head and the scores. The head learns
from the swaps of the largest origin and the faces under them, and from faces of origins without swaps
beside swaps made of them (`face_blending`). Never trained on are a fifth of the owners of the largest
origin, a fifth of the origins without swaps, and all other origins, whose swaps are of methods that the
head never saw. Half of the faces are seen as they are, half after a random chain of resizing and JPEG, the
same for a swap and for the face under it.
"""

import argparse
import csv
import logging
from collections import Counter
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path
from typing import Final

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

HEAD: Final = "face-swap-head.safetensors"
SCORES: Final = "face-scores.csv"
SEED: Final = 20261129
HELD_OUT: Final = 5  # one owner, or one origin without swaps, of so many is never trained on
CROSS: Final = 0.4  # share of made swaps that show another person's face
CHANGED: Final = "changed"  # how views are trained on
CLEAN: Final = "none"
JPEG: Final = "jpeg-"  # and the quality
CONDITIONS: Final = (CLEAN, f"{JPEG}70")
COMPONENTS: Final = 600
STRENGTH: Final = 8.0  # inverse regularisation, for components of mean norm one
_SHARD: Final = 256
_METHODS: Final = (cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The faces of a bank by what they are for."""

    known: list[Banked]  # of the largest origin: swaps and the faces under them
    hosts: list[Banked]  # of origins without swaps: swaps are made of them
    held: list[Banked]  # never trained on


def is_held_out(name: str) -> bool:
    """The same answer for an owner, or for an origin, in every run."""
    return int(sha256(name.encode()).hexdigest(), 16) % HELD_OUT == 0


def parted(bank: list[Banked]) -> Parts:
    """Who is trained on and who is not."""
    swaps = Counter(face.origin for face in bank if face.swapped)
    largest = max(swaps, key=lambda origin: swaps[origin])
    parts = Parts(known=[], hosts=[], held=[])
    for face in bank:
        of_largest = face.origin == largest
        if is_held_out(face.owner if of_largest else face.origin):
            parts.held.append(face)
        elif of_largest:
            parts.known.append(face)
        else:
            (parts.held if face.origin in swaps else parts.hosts).append(face)
    return parts


def with_made(hosts: list[Banked]) -> list[Banked]:
    """Every host and a swap made of it, both saved once more at one quality."""
    found = []
    for index, host in enumerate(hosts):
        rng = np.random.default_rng([SEED, index])
        pixels = host.pixels()
        if rng.random() < CROSS:
            donor = hosts[int(rng.integers(len(hosts)))]
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


def fitted(
    found: Floats, swapped: npt.NDArray[np.bool_], weights: npt.NDArray[np.float64]
) -> dict[str, Floats]:
    """The head that `FaceSwapDetector` takes, from summaries (faces, blocks, 3, width)."""
    rows = found.reshape(len(found), -1)
    basis = Basis.of(rows, min(COMPONENTS, len(rows) - 1))
    model = LogisticRegression(C=STRENGTH, max_iter=2_000)
    model.fit(basis.project(rows), swapped, sample_weight=weights)
    folded, bias = basis.weights(model.coef_[0].astype(np.float32))
    return {
        "weights": folded.reshape(found.shape[1:]),
        "bias": np.array(bias + model.intercept_[0], np.float32),
    }


def odds(head: dict[str, Floats], found: Floats) -> Floats:
    """Log odds of every face."""
    return np.tensordot(found, head["weights"], axes=3) + head["bias"]


def main() -> None:
    """Encode, fit, write head and scores."""
    parser = argparse.ArgumentParser(prog="python -m detectors.training.face_head")
    parser.add_argument("--trained", type=Path, required=True)
    given = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s", force=True)
    parts = parted(load(given.trained / BANK))
    views = given.trained / "views"
    pairs = with_made(parts.hosts)
    found = [encoded(parts.known, CHANGED, views), encoded(pairs, CHANGED, views)]
    swapped = np.array([face.swapped for face in (*parts.known, *pairs)])
    log.info("%d faces and %d pairs to learn from", len(parts.known), len(parts.hosts))
    weights = np.ones(len(swapped))
    weights[len(parts.known) :] = len(parts.known) / len(pairs)  # both kinds of swap weigh the same
    head = fitted(np.concatenate(found), swapped, weights)
    write_arrays(head, given.trained / HEAD)
    with (given.trained / SCORES).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(("condition", "face", "origin", "owner", "swapped", "odds"))
        for condition in CONDITIONS:
            scores = odds(head, encoded(parts.held, condition, views))
            for index, (face, score) in enumerate(zip(parts.held, scores, strict=True)):
                where = (index, face.origin, face.owner, int(face.swapped))
                table.writerow((condition, *where, f"{score:.4f}"))


if __name__ == "__main__":
    main()
