"""Made local edits: splices, copy-moves, inpaintings and retouches, saved again like the rest.

The untouched twin goes through the same steps but the edit, so neither recompression nor resizing
tells the two apart.
"""

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from detectors.training.laundering import Pixels, jpeg, webp

Floats = npt.NDArray[np.float32]

SIDE: Final = 256
KINDS: Final = ("splice", "copy_move", "inpaint", "retouch", "regenerate")


@dataclass(frozen=True, slots=True, kw_only=True)
class Edited:
    """An edited square, its untouched twin, what was edited, and how both were saved.

    Pictures are RGB (256, 256, 3); the mask is the edited share of each 8 px block, (32, 32).
    """

    edited: Pixels
    twin: Pixels
    mask: Floats
    kind: str
    saved: str


def make_edit(host: Pixels, donor: Pixels, kind: str, rng: np.random.Generator) -> Edited:
    """Edit a native crop of a photograph; `donor` is another photograph, for splices."""
    base = _prepared(host, rng)
    if rng.random() < 0.35:
        base = jpeg(base, int(rng.integers(55, 96)), full_chroma=bool(rng.random() < 0.3))
    edited, truth = edited_square(base, donor, kind, rng)
    state = int(rng.integers(2**31))
    factor = float(rng.uniform(0.6, 0.95)) if rng.random() < 0.2 else 1.0
    edited, saved = saved_again(_reduced(edited, factor), np.random.default_rng(state))
    twin, _ = saved_again(_reduced(base, factor), np.random.default_rng(state))
    truth = _reduced(truth, factor).astype(np.float32)
    share = cv2.resize(truth, (SIDE // 8, SIDE // 8), interpolation=cv2.INTER_AREA)
    name = f"{saved} of {factor:.2f}" if factor < 1 else saved
    return Edited(edited=edited, twin=twin, mask=np.asarray(share), kind=kind, saved=name)


def edited_square(
    base: Pixels, donor: Pixels, kind: str, rng: np.random.Generator
) -> tuple[Pixels, Pixels]:
    """`base`, a square of `SIDE`, edited, and where: (256, 256) of 0 and 1."""
    mask = _region(rng)
    if kind == "splice":
        changed = _splice(base, _prepared(donor, rng), rng)
    elif kind == "copy_move":
        changed = _copy_move(base, mask, rng)
    elif kind == "inpaint":
        changed = _inpaint(base, mask, rng)
    elif kind == "retouch":
        changed = _retouch(base, rng)
    else:
        changed = _regenerate(base, rng)
    soft = _softened(mask, rng)[:, :, None]
    edited = np.clip(changed * soft + base * (1 - soft) + 0.5, 0, 255).astype(np.uint8)
    difference = np.abs(edited.astype(np.int16) - base).max(axis=2) > 0
    near = cv2.dilate(difference.astype(np.uint8), np.ones((9, 9))) > 0
    return edited, ((mask > 0.5) & near).astype(np.uint8)


def _prepared(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    """A square of `SIDE`, at native or reduced scale, on the grid or off it, maybe mirrored."""
    short = min(pixels.shape[:2])
    if short < SIDE:
        pixels = _scale(pixels, SIDE / short + 0.01, rng)
        short = min(pixels.shape[:2])
    if rng.random() < 0.3 and short > SIDE * 1.05:
        pixels = _scale(pixels, float(rng.uniform(SIDE / short + 0.01, 1.0)), rng)
    elif rng.random() < 0.15:
        pixels = _scale(pixels, float(rng.uniform(1.05, 1.6)), rng)
    room = np.array(pixels.shape[:2]) - SIDE
    top, left = (int(rng.integers(0, limit + 1)) for limit in room)
    if rng.random() < 0.6:
        top, left = top // 8 * 8, left // 8 * 8
    square = pixels[top : top + SIDE, left : left + SIDE]
    if rng.random() < 0.5:
        square = square[:, ::-1]
    return np.ascontiguousarray(square)


def _region(rng: np.random.Generator) -> Floats:
    """A random shape of 2 to 35 % of the square, in {0, 1}."""
    mask = np.zeros((SIDE, SIDE), np.uint8)
    area = float(np.exp(rng.uniform(np.log(0.02), np.log(0.35)))) * SIDE**2
    stretch = float(np.exp(rng.uniform(-0.7, 0.7)))
    width, height = np.sqrt(area * stretch), np.sqrt(area / stretch)
    x, y = rng.uniform(0.1, 0.9, 2) * SIDE
    draw = rng.random()
    if draw < 0.25:
        box = cv2.boxPoints(
            ((x, y), (width, height), float(rng.uniform(0, 90) * (rng.random() < 0.5)))
        )
        cv2.fillConvexPoly(mask, box.astype(np.int32), 1)
    elif draw < 0.5:
        size = (max(4, int(width / 1.77)), max(4, int(height / 1.77)))
        cv2.ellipse(mask, (int(x), int(y)), size, float(rng.uniform(0, 180)), 0, 360, 1, -1)
    else:
        corners = int(rng.integers(5, 14))
        turns = np.sort(rng.uniform(0, 2 * np.pi, corners))
        reach = rng.uniform(0.5, 1.3, corners)
        points = np.stack(
            [x + np.cos(turns) * reach * width / 1.7, y + np.sin(turns) * reach * height / 1.7], 1
        )
        cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    if mask.sum() < 0.01 * SIDE**2:
        mask[96:160, 96:160] = 1
    return mask.astype(np.float32)


def _softened(mask: Floats, rng: np.random.Generator) -> Floats:
    if rng.random() < 0.35:
        return mask
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), float(rng.uniform(0.5, 3.0))), np.float32)


def _splice(base: Pixels, donor: Pixels, rng: np.random.Generator) -> Floats:
    """Another photograph, turned, scaled and perhaps adapted in colour."""
    if rng.random() < 0.5:
        donor = jpeg(donor, int(rng.integers(50, 97)), full_chroma=bool(rng.random() < 0.3))
    scale = float(np.exp(rng.uniform(-0.5, 0.5))) if rng.random() < 0.7 else 1.0
    angle = float(rng.uniform(-25, 25)) if rng.random() < 0.4 else 0.0
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), angle, scale)
    turn[:, 2] += rng.integers(-24, 25, 2)
    moved = cv2.warpAffine(
        donor, turn, (SIDE, SIDE), flags=_interpolation(rng), borderMode=cv2.BORDER_REFLECT
    ).astype(np.float32)
    if rng.random() < 0.5:
        mean, spread = moved.mean((0, 1)), moved.std((0, 1)) + 1
        moved = (moved - mean) / spread * (base.std((0, 1)) + 1) + base.mean((0, 1))
    return np.asarray(moved, np.float32)


def _copy_move(base: Pixels, mask: Floats, rng: np.random.Generator) -> Floats:
    """The picture itself, shifted by at least a fifth of its side."""
    shift = rng.uniform(0.2, 0.6, 2) * SIDE * rng.choice((-1, 1), 2)
    if rng.random() < 0.5:
        shift[int(rng.integers(2))] *= 0.2
    scale = float(rng.uniform(0.8, 1.25)) if rng.random() < 0.4 else 1.0
    angle = float(rng.uniform(-15, 15)) if rng.random() < 0.3 else 0.0
    rows, columns = np.nonzero(mask)
    turn = cv2.getRotationMatrix2D((float(columns.mean()), float(rows.mean())), angle, scale)
    turn[:, 2] += np.round(shift)
    return cv2.warpAffine(
        base, turn, (SIDE, SIDE), flags=_interpolation(rng), borderMode=cv2.BORDER_REFLECT
    ).astype(np.float32)


def _inpaint(base: Pixels, mask: Floats, rng: np.random.Generator) -> Floats:
    """OpenCV's inpainting at full size or half, with grain put back or not."""
    hole = cv2.dilate((mask > 0).astype(np.uint8), np.ones((5, 5)))
    method = cv2.INPAINT_TELEA if rng.random() < 0.5 else cv2.INPAINT_NS
    side = SIDE if rng.random() < 0.6 else SIDE // 2
    small = cv2.resize(base, (side, side), interpolation=cv2.INTER_AREA)
    small_hole = cv2.resize(hole, (side, side), interpolation=cv2.INTER_NEAREST)
    filled = cv2.inpaint(small, small_hole, 3, method)
    full = cv2.resize(filled, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC)
    grain = rng.normal(0, rng.uniform(0.5, 5), full.shape) if rng.random() < 0.5 else 0.0
    return np.asarray(full + grain, np.float32)


def _retouch(base: Pixels, rng: np.random.Generator) -> Floats:
    """Blurred, smoothed, sharpened, toned, or with noise."""
    draw = int(rng.integers(5))
    if draw == 0:
        changed = cv2.GaussianBlur(base, (0, 0), float(rng.uniform(0.8, 3)))
    elif draw == 1:
        changed = cv2.bilateralFilter(base, 7, float(rng.uniform(20, 60)), 5)
    elif draw == 2:
        soft = cv2.GaussianBlur(base, (0, 0), float(rng.uniform(0.8, 2)))
        changed = cv2.addWeighted(base, 2, soft, -1, 0)
    elif draw == 3:
        gain = rng.uniform(0.7, 1.4, 3) if rng.random() < 0.5 else rng.uniform(0.6, 1.5)
        return np.asarray(np.clip(base * gain + rng.uniform(-25, 25), 0, 255), np.float32)
    else:
        changed = np.clip(base + rng.normal(0, rng.uniform(2, 10), base.shape), 0, 255)
    return np.asarray(changed, np.float32)


def _regenerate(base: Pixels, rng: np.random.Generator) -> Floats:
    """Decoded anew from fewer numbers, as a latent generator fills a region: no grain, no grid."""
    factor = 1 / float(rng.uniform(1.3, 3))
    small = _scale(base, factor, rng)
    if rng.random() < 0.5:
        small = np.asarray(cv2.medianBlur(small, 3), np.uint8)
    size = (SIDE, SIDE)
    large = cv2.resize(small, size, interpolation=_interpolation(rng)).astype(np.float32)
    soft = cv2.GaussianBlur(large, (0, 0), 1.5)
    large = large + (large - soft) * float(rng.uniform(0, 1.5))
    detail = cv2.resize(
        rng.normal(0, rng.uniform(0, 4), (SIDE // 2, SIDE // 2, 3)).astype(np.float32), size
    )
    return np.asarray(np.clip(large + detail + rng.uniform(-6, 6, 3), 0, 255), np.float32)


def _reduced(pixels: Pixels, factor: float) -> Pixels:
    """Scaled down and filled up to the side again by reflection, so that every item has one size."""
    if factor == 1:
        return pixels
    size = round(SIDE * factor)
    small = cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA)
    room = SIDE - size
    return np.asarray(cv2.copyMakeBorder(small, 0, room, 0, room, cv2.BORDER_REFLECT_101), np.uint8)


def saved_again(pixels: Pixels, rng: np.random.Generator) -> tuple[Pixels, str]:
    """Published: mostly as JPEG, sometimes as WebP or lossless."""
    draw = rng.random()
    if draw < 0.72:
        quality = int(rng.integers(60, 100))
        return jpeg(pixels, quality, full_chroma=bool(rng.random() < 0.3)), f"jpeg-{quality}"
    if draw < 0.82:
        quality = int(rng.integers(70, 98))
        return webp(pixels, quality), f"webp-{quality}"
    return pixels, "lossless"


def _scale(pixels: Pixels, factor: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape[:2]
    size = (max(8, round(width * factor)), max(8, round(height * factor)))
    method = cv2.INTER_AREA if factor < 1 and rng.random() < 0.5 else _interpolation(rng)
    return np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)


def _interpolation(rng: np.random.Generator) -> int:
    return int(rng.choice((cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_LANCZOS4)))
