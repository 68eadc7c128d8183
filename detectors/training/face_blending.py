"""Made face swaps: a face blended into itself or into another, with the traces of real swaps.

Self-blended images after Shiohara & Yamasaki 2022: source and target are one picture, slightly
shifted, recoloured, sharpened or blurred, so a network can only learn the traces of blending.
The second kind lays another person's face over the first by its mesh and adapts the colour.
"""

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.training.laundering import Pixels

Floats = npt.NDArray[np.float32]
Points = npt.NDArray[np.float32]

FOREHEAD_TO_CHIN: Final = (10, 152)  # indices of the mesh
EYES: Final = (33, 133, 263, 362)


def self_blended(pixels: Pixels, mesh: Points, rng: np.random.Generator) -> Pixels:
    """`pixels` with its own face, changed a little, blended over itself."""
    source, target = pixels, pixels
    if rng.random() < 0.5:
        source = _toned(_filtered(source, rng), rng)
    else:
        target = _toned(_filtered(target, rng), rng)
    mask = _mask(pixels.shape[:2], mesh, rng)
    source, mask = _moved(source, mask, mesh, rng)
    return _blend(source, target, mask, rng)


def cross_blended(
    pixels: Pixels, mesh: Points, donor: Pixels, donor_mesh: Points, rng: np.random.Generator
) -> Pixels:
    """`pixels` with the face of `donor` fitted to its mesh, in its colours, blended over it."""
    height, width = pixels.shape[:2]
    fit = cv2.estimateAffine2D(donor_mesh, mesh, method=cv2.LMEDS)[0]
    source = cv2.warpAffine(
        donor, fit, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    hull = np.zeros((height, width), np.uint8)
    cv2.fillConvexPoly(hull, cv2.convexHull(mesh).astype(np.int32), 255)
    source = _recoloured(_filtered(np.asarray(source, np.uint8), rng), pixels, hull)
    mask = _mask((height, width), mesh, rng, widest=0.95)
    if rng.random() < 0.3 and mask.max() > 0.5:
        return _cloned(source, pixels, mask)
    return _blend(source, pixels, mask, rng)


def _toned(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Another brightness, contrast, saturation and white balance."""
    image = pixels.astype(np.float32)
    image = image * rng.uniform(0.9, 1.1, 3).astype(np.float32)
    image += rng.uniform(-12, 12, 3).astype(np.float32)
    grey = image.mean(axis=2, keepdims=True)
    image = grey + (image - grey) * float(rng.uniform(0.7, 1.3))
    mean = float(image.mean())
    image = mean + (image - mean) * float(rng.uniform(0.88, 1.12)) + float(rng.uniform(-8, 8))
    return np.asarray(np.clip(image, 0, 255), np.uint8)


def _filtered(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """Smaller and back, or sharpened, or untouched: a generator's face has its own resolution."""
    draw = rng.random()
    if draw < 0.5:
        height, width = pixels.shape[:2]
        factor = 1 / float(rng.uniform(1.2, 4.0))
        small = _scaled(pixels, factor, rng)
        method = int(rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
        return np.asarray(cv2.resize(small, (width, height), interpolation=method), np.uint8)
    if draw < 0.8:
        soft = cv2.GaussianBlur(pixels, (0, 0), float(rng.uniform(0.6, 1.6)))
        amount = float(rng.uniform(0.3, 1.2))
        return np.asarray(cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0), np.uint8)
    return pixels


def _scaled(pixels: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    method = int(rng.choice((cv2.INTER_AREA, cv2.INTER_LINEAR, cv2.INTER_CUBIC)))
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _mask(
    shape: tuple[int, ...], mesh: Points, rng: np.random.Generator, *, widest: float = 1.05
) -> Floats:
    """A soft mask in [0, 1] of shape (height, width): the face, some part of it, its edge bent."""
    centre = mesh.mean(axis=0)
    points = centre + (mesh - centre) * np.float32(rng.uniform(0.75, widest))
    draw = rng.random()
    if draw < 0.45:  # without the forehead
        top, chin = mesh[FOREHEAD_TO_CHIN[0]], mesh[FOREHEAD_TO_CHIN[1]]
        down = chin - top
        eyes = mesh[list(EYES)].mean(axis=0)
        brow = float(np.dot(eyes - top, down)) - float(rng.uniform(0.02, 0.18)) * float(down @ down)
        points = points[(points - top) @ down >= brow]
    if points.shape[0] < 3:
        points = mesh
    height, width = shape[:2]
    hull = np.zeros((height, width), np.float32)
    cv2.fillConvexPoly(hull, cv2.convexHull(points).astype(np.int32), 1.0)
    size = float(np.ptp(mesh, axis=0).max())
    bend = [
        cv2.resize(
            rng.normal(0, 1, (4, 4)).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        * np.float32(size * rng.uniform(0, 0.06))
        for _ in range(2)
    ]
    columns, rows = np.meshgrid(
        np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    )
    bent = cv2.remap(hull, columns + bend[0], rows + bend[1], cv2.INTER_LINEAR)
    soft = cv2.GaussianBlur(bent, (0, 0), size * float(rng.uniform(0.006, 0.07)))
    if rng.random() < 0.5:  # the blur moved inwards, so that the edge lies within the face
        soft = np.clip(soft * 2 - 1, 0, 1)
    return np.asarray(soft, np.float32)


def _moved(
    source: Pixels, mask: Floats, mesh: Points, rng: np.random.Generator
) -> tuple[Pixels, Floats]:
    """Source and mask shifted by up to 3 % of the face and scaled by up to 5 %."""
    height, width = mask.shape
    size = float(np.ptp(mesh, axis=0).max())
    x, y = mesh.mean(axis=0)
    turn = np.asarray(
        cv2.getRotationMatrix2D(
            (float(x), float(y)), float(rng.uniform(-2, 2)), float(rng.uniform(0.95, 1.05))
        ),
        np.float64,
    )
    turn[:, 2] += rng.uniform(-0.03, 0.03, 2) * size
    moved = cv2.warpAffine(
        source, turn, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    carried = cv2.warpAffine(mask, turn, (width, height), flags=cv2.INTER_LINEAR)
    return np.asarray(moved, np.uint8), np.asarray(carried, np.float32)


def _blend(source: Pixels, target: Pixels, mask: Floats, rng: np.random.Generator) -> Pixels:
    share = mask[:, :, None] * np.float32(rng.choice((0.5, 0.75, 1.0, 1.0, 1.0)))
    mixed = source * share + target * (1 - share)
    return np.clip(mixed + 0.5, 0, 255).astype(np.uint8)


def _recoloured(source: Pixels, target: Pixels, hull: Pixels) -> Pixels:
    """`source` with the means and deviations that `target` has within `hull`, in Lab."""
    mine = cv2.cvtColor(source, cv2.COLOR_RGB2LAB).astype(np.float32)
    theirs = cv2.cvtColor(target, cv2.COLOR_RGB2LAB).astype(np.float32)
    inside = hull > 0
    if not inside.any():
        return source
    mean, spread = mine[inside].mean(axis=0), mine[inside].std(axis=0) + 1
    goal, width = theirs[inside].mean(axis=0), theirs[inside].std(axis=0) + 1
    mine = (mine - mean) / spread * width + goal
    return np.asarray(
        cv2.cvtColor(np.clip(mine, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), np.uint8
    )


def _cloned(source: Pixels, target: Pixels, mask: Floats) -> Pixels:
    """Poisson blending (Perez et al. 2003)."""
    hard = (mask > 0.5).astype(np.uint8) * 255
    hard[:2], hard[-2:], hard[:, :2], hard[:, -2:] = 0, 0, 0, 0
    left, top, width, height = cv2.boundingRect(hard)
    if min(width, height) < 16:
        return target
    centre = (left + width // 2, top + height // 2)
    return np.asarray(cv2.seamlessClone(source, target, hard, centre, cv2.NORMAL_CLONE), np.uint8)
